//! Where a password is tried: within the limits of `login_throttle`, and counted in the user's record for the next issuer.

use std::{future, net::IpAddr, sync::Arc};

use super::{Auth, AuthError, Client, check::lane_of};
use crate::{
    audit,
    device_token::DeviceToken,
    hashing::{HashRequester, Lane},
    id::{SessionId, UserId},
    login_throttle::{Account, AlertLevel, Attempt, FailureCounts, FailureSync, MAX_UNKNOWN, Outcome, SignIn, TooMany},
    password::{Credential, NormalisedPassword, Password},
    store::{Candidate, Decision, MAX_ATTEMPTS, Store, UpdateError, update_user},
    user::{User, Username},
};

impl Auth {
    /// Admits an attempt to sign in, by what is known before the store is read: the address, the name, the device, and whether
    /// there is room for one more hash.
    pub(super) fn admit(&self, username: &Username, client: &Client) -> Result<Attempt, AuthError> {
        self.admit_address(client.address)?;
        let device = self.device_of(username, client).map(|token| token.id);
        let attempt = self.attempt(&SignIn { username, address: client.address, device })?;
        match self.hashing.check_room(lane_of(&attempt)) {
            Ok(()) => Ok(attempt),
            Err(error) => Err(untried(attempt, error)),
        }
    }

    /// Counts an attempt at the account that its name turned out to mean. One on a device that is known no longer, or of an
    /// account whose known devices failed too often, is admitted as one of an unknown device, or not.
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

    /// Counts what is refused for its number: no other trace is left of it.
    pub(super) fn refused(&self, refused: TooMany) -> AuthError {
        self.metrics.attempt_refused(refused.limit);
        refused.into()
    }

    /// The token of a client that presents one of that very username; of several, the last that was issued, since the others may
    /// be of earlier credentials. Any other is ignored, and no error.
    pub(super) fn device_of(&self, username: &Username, client: &Client) -> Option<DeviceToken> {
        let (keys, now) = (self.keys.latest(), self.clock.now());
        let read = |text: &String| DeviceToken::parse(text, username, &keys.keys.refresh_tokens);
        client
            .device_tokens
            .iter()
            .filter_map(read)
            .filter(|token| token.is_good(now))
            .max_by_key(|token| token.issued_at)
    }

    /// Hashes the new password of the user whose session asks for it, where the current one is right.
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
        let replaced = match self.hashing.replace(&requester, current, &user.password, new).await {
            Ok(Some(replaced)) => return self.succeed(attempt, user.id, client.address).map(|()| replaced),
            Ok(None) => {
                attempt.settle(Outcome::Failed);
                AuthError::WrongPassword
            }
            Err(error) => return Err(untried(attempt, error)),
        };
        self.keep_failures(&user.username, Some(&Candidate::Named(user.clone())), client);
        Err(replaced)
    }

    /// Has the user's record say what is counted of the account, where it does not, and the audit log what is new. Off the
    /// request's way, so that no answer takes longer for a name that exists. For one that does not, its decoy's record is written
    /// as it is: others wait for the disk then, and must not learn from that which names exist.
    pub(super) fn keep_failures(&self, username: &Username, candidate: Option<&Candidate>, client: &Client) {
        let Some(candidate) = candidate else { return };
        let (id, user, address) = (candidate.user().id, candidate.named(), client.address);
        let account = self.login_throttle.counts.account(username, user);
        let note = self.login_throttle.counts.sync(account, user.map(|user| user.failures));
        let news = self.login_throttle.counts.new_alert(account);
        if note.is_none() && news.is_none() {
            return;
        }
        let store = Arc::clone(&self.store);
        let counts = Arc::clone(&self.login_throttle.counts);
        let own = user.is_some().then_some(account);
        self.notes.begin(async move {
            if let (Some(told), true) = (news, own.is_some()) {
                report(id, told, address);
            }
            let Some(note) = note else { return };
            if let Err(error) = save_failures(&*store, &counts, note, id, own).await {
                tracing::warn!(user = %id, %error, "a record could not be written after failed attempts");
            }
        });
    }
}

/// Tells the audit log of an account's failed attempts.
fn report(user: UserId, told: AlertLevel, address: IpAddr) {
    match told {
        AlertLevel::Nothing => {}
        AlertLevel::Delayed => audit::attempts_delayed(user, address),
        AlertLevel::Exhausted => audit::attempts_refused(user, MAX_UNKNOWN, address),
    }
}

/// Ends an attempt whose password was not compared. One whose client hung up was in the queue, and counts as abandoned.
pub(super) fn untried(attempt: Attempt, error: impl Into<AuthError>) -> AuthError {
    let error = error.into();
    let has_hung_up = matches!(error, AuthError::ClientGone);
    attempt.settle(if has_hung_up { Outcome::Abandoned } else { Outcome::Untried });
    error
}

/// Writes the count into a user's record until the record says what is counted: it changes meanwhile. The record is that of
/// the account which is its `own`, or a decoy's, in which nothing changes.
async fn save_failures(
    store: &dyn Store,
    counts: &FailureCounts,
    mut sync: FailureSync,
    id: UserId,
    own: Option<Account>,
) -> Result<(), UpdateError> {
    for _ in 0..MAX_ATTEMPTS {
        let write = |user: Option<User>| {
            // A new password and a pardon begin another count.
            let is_same = |user: &User| own.is_none_or(|own| own == counts.account(&user.username, Some(user)));
            let user = user.filter(is_same);
            let due = user.as_ref().and_then(|user| sync.next_write(own.map(|_| user.failures)));
            future::ready(Ok(match (user, due) {
                (Some(user), Some(due)) if own.is_some() => Decision::Swap(user.with_failures(due), true),
                (Some(user), Some(_)) => Decision::Swap(user, true),
                _ => Decision::Keep(false),
            }))
        };
        let is_written: Result<_, UpdateError> = update_user(store, id, write).await;
        if !is_written? {
            return Ok(());
        }
        sync.written();
    }
    Ok(())
}
