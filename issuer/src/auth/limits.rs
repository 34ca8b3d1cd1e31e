//! The limits on attempts at passwords, as a sign-in and a change of password apply them.

use std::net::IpAddr;

use super::{Auth, AuthError, Client};
use crate::{
    device_token::DeviceToken,
    hashing::{HashRequester, Lane},
    id::{SessionId, UserId},
    login_throttle::{Attempt, Outcome, SignIn, TooMany},
    password::{Credential, NormalisedPassword, Password},
    store::Candidate,
    user::{User, Username},
};

impl Auth {
    /// Refuses a client from whose address too many sign-ins succeeded: each costs a hash.
    pub(super) fn admit_by_successes(&self, address: IpAddr) -> Result<(), AuthError> {
        Ok(self.successes.check_address(address, self.clock.moment())?)
    }

    /// Admits an attempt by its address, name and device, which are known before the store is read.
    pub(super) fn admit_by_name_and_device(&self, username: &Username, client: &Client) -> Result<Attempt, AuthError> {
        let device = self.device_of(username, client).map(|token| token.id);
        self.attempt(&SignIn { username, address: client.address, device })
    }

    /// Refuses an attempt for which the hashing queue has no room.
    pub(super) fn admit_by_queue(&self, attempt: Attempt) -> Result<Attempt, AuthError> {
        match self.hashing.check_room(attempt.lane()) {
            Ok(()) => Ok(attempt),
            Err(error) => Err(settle_untried(attempt, error)),
        }
    }

    /// Counts an attempt at the account of its name. If its device is no longer known, or the account's known devices failed too
    /// often, the attempt must be admitted again as one of an unknown device.
    pub(super) fn count_at_account(
        &self,
        mut attempt: Attempt,
        username: &Username,
        user: Option<&User>,
        client: &Client,
    ) -> Result<Attempt, AuthError> {
        let account = self.login_throttle.counts.account(username, user);
        let recorded = user.map(|user| user.failures).unwrap_or_default();
        if attempt.is_known() {
            let is_of = |user| self.device_of(username, client).is_some_and(|token| token.is_of(user));
            let is_exhausted = self.login_throttle.counts.has_exhausted_devices(account, recorded, self.clock.moment());
            attempt = if is_exhausted || !user.is_some_and(is_of) {
                attempt.settle(Outcome::Untried);
                self.attempt(&SignIn { username, address: client.address, device: None })?
            } else {
                attempt.take_owner_slot(account).map_err(|refused| self.refused(refused))?
            };
        }
        attempt.count_at(account, recorded);
        match user {
            Some(user) if attempt.is_known() => self.admit_owner(attempt, user.id),
            _ => Ok(attempt),
        }
    }

    fn attempt(&self, by: &SignIn<'_>) -> Result<Attempt, AuthError> {
        self.login_throttle.attempt(by, self.clock.moment()).map_err(|refused| self.refused(refused))
    }

    /// Counts a refusal in the metrics, its only trace.
    pub(super) fn refused(&self, refused: TooMany) -> AuthError {
        self.metrics.attempt_refused(refused.limit);
        refused.into()
    }

    /// The client's genuine device token for that username. Of several the last issued, since the others may be of earlier
    /// credentials. Other tokens are ignored.
    pub(super) fn device_of(&self, username: &Username, client: &Client) -> Option<DeviceToken> {
        let keys = self.keys.latest();
        let now = self.clock.now();
        let parse = |text: &String| DeviceToken::parse(text, username, &keys.keys.refresh_tokens);
        let genuine = client.device_tokens.iter().filter_map(parse);
        genuine.filter(|token| token.is_good(now)).max_by_key(|token| token.issued_at)
    }

    /// Refuses an attempt of a known device or a session whose account signed in too often. The client has proved before that the
    /// account is its own, so the refusal reveals nothing.
    fn admit_owner(&self, attempt: Attempt, user: UserId) -> Result<Attempt, AuthError> {
        match self.successes.check_account(user, self.clock.moment()) {
            Ok(()) => Ok(attempt),
            Err(too_often) => Err(settle_untried(attempt, too_often)),
        }
    }

    /// Settles an attempt with the right password. If its account signed in too often, it counts as a failure: it has cost a hash,
    /// and only a client with the password can cause it.
    pub(super) fn settle_success(&self, attempt: Attempt, user: UserId, address: IpAddr) -> Result<(), AuthError> {
        let counted = self.successes.count(user, address, self.clock.moment());
        attempt.settle(if counted.is_ok() { Outcome::Succeeded } else { Outcome::Failed });
        Ok(counted?)
    }

    /// Hashes the new password of a session's user, if the current one is right.
    pub(super) async fn replace_in_session(
        &self,
        session: SessionId,
        user: &User,
        current: Password,
        new: NormalisedPassword,
        client: &Client,
    ) -> Result<Credential, AuthError> {
        let attempt = self.login_throttle.attempt_in_session(session, user, self.clock.moment());
        let attempt = self.admit_owner(attempt.map_err(|refused| self.refused(refused))?, user.id)?;
        let requester = HashRequester { lane: Lane::Known, connection: client.connection.clone() };
        match self.hashing.replace(&requester, current, &user.password, new).await {
            Ok(Some(replaced)) => self.settle_success(attempt, user.id, client.address).map(|()| replaced),
            Ok(None) => {
                attempt.settle(Outcome::Failed);
                self.save_failures(&user.username, Some(&Candidate::Named(user.clone())), client);
                Err(AuthError::WrongPassword)
            }
            Err(error) => Err(settle_untried(attempt, error)),
        }
    }
}

impl Attempt {
    /// The lane of the hashing queue in which the attempt waits.
    pub(super) fn lane(&self) -> Lane {
        if self.is_known() { Lane::Known } else { Lane::Unknown }
    }
}

/// Settles an attempt whose password was not verified, and passes the error on. An attempt whose client closed the connection was in
/// the queue, and counts as abandoned.
pub(super) fn settle_untried(attempt: Attempt, error: impl Into<AuthError>) -> AuthError {
    let error = error.into();
    let is_abandoned = matches!(error, AuthError::ClientGone);
    attempt.settle(if is_abandoned { Outcome::Abandoned } else { Outcome::Untried });
    error
}
