//! Whether a password is a user's, without telling which names exist; and a better hash for one that is.

use std::{future, sync::Arc};

use uuid::Uuid;

use super::{Auth, AuthError, Client, limits::untried};
use crate::{
    audit::Device,
    hashing::{HashRequester, Hashing, HashingError, Lane, Verified},
    id::UserId,
    login_throttle::{Attempt, Outcome},
    metrics::AuthMetrics,
    password::Password,
    store::{Candidate, Decision, Store, StoreError, UpdateError, update_user},
    user::{User, Username},
};

impl Auth {
    /// The user with that name and password, if they may sign in. An unknown name, a wrong password and a disabled user
    /// cannot be told apart: they take the same work, and a name that is unknown takes that of some user's hash.
    ///
    /// An attempt that is refused for its number, or because too many wait, is refused before the store is read: no hash would
    /// hide what that takes.
    pub(super) async fn check_password(
        &self,
        username: &Username,
        password: Password,
        client: &Client,
    ) -> Result<(User, Device), AuthError> {
        let attempt = self.admit(username, client)?;
        let (attempt, candidate) = self.read_candidate(attempt, username).await?;
        let user = candidate.as_ref().and_then(Candidate::named);
        let attempt = self.count_at_account(attempt, username, user, client)?;
        let device = if attempt.is_known() { Device::Known } else { Device::New };
        let (attempt, checked) = self.compare(attempt, password, candidate.as_ref(), client).await?;
        let settled = self.settle(attempt, user, checked.is_match, client);
        self.keep_failures(username, candidate.as_ref(), client);
        settled?;
        let user = user.ok_or(AuthError::InvalidCredentials)?.clone();
        if self.hashing.is_outdated(&user.password) && user.password.read_all_of(&checked.password) {
            self.rewrite(user.clone(), checked.password);
        }
        Ok((user, device))
    }

    /// Reads the user of a name, or the decoy.
    async fn read_candidate(
        &self,
        attempt: Attempt,
        username: &Username,
    ) -> Result<(Attempt, Option<Candidate>), AuthError> {
        match self.candidate(username).await {
            Ok(candidate) => Ok((attempt, candidate)),
            Err(error) => {
                attempt.settle(Outcome::Untried);
                Err(error.into())
            }
        }
    }

    /// Compares a password with the hash of the user, or takes the same time with the decoy's.
    async fn compare(
        &self,
        attempt: Attempt,
        password: Password,
        candidate: Option<&Candidate>,
        client: &Client,
    ) -> Result<(Attempt, Verified), AuthError> {
        let requester = HashRequester { lane: lane_of(&attempt), connection: client.connection.clone() };
        let hash = candidate.and_then(Candidate::named).map(|user| &user.password);
        let decoy = candidate.map(|candidate| &candidate.user().password);
        match self.hashing.verify(&requester, password, hash, decoy).await {
            Ok(checked) => Ok((attempt, checked)),
            Err(error) => Err(untried(attempt, error)),
        }
    }

    /// Ends an attempt whose password was compared.
    fn settle(&self, attempt: Attempt, user: Option<&User>, fits: bool, client: &Client) -> Result<(), AuthError> {
        if let Some(user) = user.filter(|user| fits && !user.is_disabled && !attempt.is_void()) {
            return self.succeed(attempt, user.id, client.address);
        }
        attempt.settle(Outcome::Failed);
        Err(AuthError::InvalidCredentials)
    }

    /// The user of a name, or the one whose hash stands in for an unknown name: always the same for a name, as long as the users
    /// are, so that asking again tells nothing. Ids are random: any user may be it, and imported ones are as often as they are
    /// many.
    pub(super) async fn candidate(&self, username: &Username) -> Result<Option<Candidate>, StoreError> {
        let keys = self.keys.latest();
        let place = keys.keys.refresh_tokens.decoy().position(username.as_str());
        self.store.user_or_decoy(username, UserId(Uuid::from_bytes(place))).await
    }

    /// Makes a user's hash anew with our own parameters, once nobody else waits. The sign-in does not wait for it, and
    /// a failure is made good at the next one.
    fn rewrite(&self, user: User, password: Password) {
        let (hashing, store, metrics) = (Arc::clone(&self.hashing), Arc::clone(&self.store), self.metrics.clone());
        tokio::spawn(async move {
            let id = user.id;
            if let Err(error) = rewrite(&hashing, &*store, &metrics, user, password).await {
                tracing::warn!(user = %id, %error, "a hash could not be brought up to date");
            }
        });
    }
}

/// The lane in which an attempt's password waits for a hash.
pub(super) fn lane_of(attempt: &Attempt) -> Lane {
    if attempt.is_known() { Lane::Known } else { Lane::Unknown }
}

/// Why a hash could not be made anew.
#[derive(Debug, thiserror::Error)]
enum RewriteError {
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error(transparent)]
    Update(#[from] UpdateError),
}

/// Puts the new hash in the place of exactly the one that was checked: whatever else has changed of the user stays, and a
/// password that was changed meanwhile wins.
async fn rewrite(
    hashing: &Hashing,
    store: &dyn Store,
    metrics: &AuthMetrics,
    user: User,
    password: Password,
) -> Result<(), RewriteError> {
    let checked = user.password.clone();
    let Some(hash) = hashing.rehash(&checked, password).await else { return Ok(()) };
    let hash = hash?;
    let id = user.id;
    let replace = |user: Option<User>| {
        let user = user.filter(|user| user.password == checked);
        future::ready(Ok(match user {
            Some(user) => Decision::Swap(user.with_hash(hash.clone()), true),
            None => Decision::Keep(false),
        }))
    };
    let is_replaced: Result<_, UpdateError> = update_user(store, user, replace).await;
    if is_replaced? {
        tracing::info!(user = %id, "rewrote a hash with the issuer's parameters");
        metrics.rewritten_hash();
    }
    Ok(())
}
