//! The check of a name and a password, which does not reveal which names exist.

use uuid::Uuid;

use super::{Auth, AuthError, Client, limits::settle_untried};
use crate::{
    audit::Device,
    hashing::{HashRequester, Verified},
    id::UserId,
    login_throttle::{Attempt, Outcome},
    password::Password,
    store::{Candidate, StoreError},
    user::{User, Username},
};

impl Auth {
    /// The user with that name and password. An unknown name, a wrong password and a disabled user get the same answer after the
    /// same work: an unknown name takes the work of another user's hash.
    ///
    /// Refusals for too many attempts, and for a full queue, come before the store is read: a hash hides the time of a read only
    /// if it follows the read.
    pub(super) async fn check_password(
        &self,
        username: &Username,
        password: Password,
        client: &Client,
    ) -> Result<(User, Device), AuthError> {
        self.admit_by_successes(client.address)?;
        let attempt = self.admit_by_name_and_device(username, client)?;
        let attempt = self.admit_by_queue(attempt)?;
        let (attempt, candidate) = self.read_candidate(attempt, username).await?;
        let user = candidate.as_ref().and_then(Candidate::named);
        let attempt = self.count_at_account(attempt, username, user, client)?;
        let device = if attempt.is_known() { Device::Known } else { Device::New };
        let (attempt, verified) = self.verify_password(attempt, password, candidate.as_ref(), client).await?;
        let settled = self.settle(attempt, user, verified.is_match, client);
        self.save_failures(username, candidate.as_ref(), client);
        let user = settled?;
        self.rehash_if_outdated(user, verified.password);
        Ok((user.clone(), device))
    }

    async fn read_candidate(
        &self,
        attempt: Attempt,
        username: &Username,
    ) -> Result<(Attempt, Option<Candidate>), AuthError> {
        match self.candidate(username).await {
            Ok(candidate) => Ok((attempt, candidate)),
            Err(error) => Err(settle_untried(attempt, error)),
        }
    }

    /// The user of a name, or the decoy of an unknown name. A name keeps its decoy as long as the users stay the same, so that
    /// repeated requests reveal nothing. Ids are random: each user is a decoy with the same probability, so imported hashes are
    /// decoys as often as their share of the users.
    pub(super) async fn candidate(&self, username: &Username) -> Result<Option<Candidate>, StoreError> {
        let keys = self.keys.latest();
        let position = keys.keys.refresh_tokens.decoy().position(username.as_str());
        self.store.user_or_decoy(username, UserId(Uuid::from_bytes(position))).await
    }

    /// Verifies the password with the user's hash, or takes the same time with the decoy's.
    async fn verify_password(
        &self,
        attempt: Attempt,
        password: Password,
        candidate: Option<&Candidate>,
        client: &Client,
    ) -> Result<(Attempt, Verified), AuthError> {
        let requester = HashRequester { lane: attempt.lane(), connection: client.connection.clone() };
        let hash = candidate.and_then(Candidate::named).map(|user| &user.password);
        let decoy = candidate.map(|candidate| &candidate.user().password);
        match self.hashing.verify(&requester, password, hash, decoy).await {
            Ok(verified) => Ok((attempt, verified)),
            Err(error) => Err(settle_untried(attempt, error)),
        }
    }

    /// Settles an attempt whose password was verified. Returns the user who may sign in.
    fn settle<'u>(
        &self,
        attempt: Attempt,
        user: Option<&'u User>,
        is_match: bool,
        client: &Client,
    ) -> Result<&'u User, AuthError> {
        if let Some(user) = user.filter(|user| is_match && !user.is_disabled && !attempt.is_void()) {
            return self.settle_success(attempt, user.id, client.address).map(|()| user);
        }
        attempt.settle(Outcome::Failed);
        Err(AuthError::InvalidCredentials)
    }
}
