//! Where a password is tried: within the limits of `guessing`, and counted in the user's record for the next issuer.

use std::sync::Arc;

use super::{Auth, AuthError, Client, MOST_ATTEMPTS};
use crate::{
    audit,
    device_token::{DeviceId, DeviceToken},
    guessing::{Account, Attempt, Guessing, SignIn},
    hashing::{Asker, HashingError},
    id::{SessionId, UserId},
    password::{Credential, NormalisedPassword, Password},
    store::{Store, StoreError, Swapped},
    user::{User, Username},
};

impl Auth {
    /// The account whose attempts count together: a user's, with each new password another, or that of an unknown name.
    pub(super) fn account(&self, username: &Username, user: Option<&User>) -> Account {
        self.guessing.account(username, user)
    }

    /// Hashes the new password of the user whose session asks for it, where the current one is right.
    pub(super) async fn replace_in_session(
        &self,
        session: SessionId,
        user: &User,
        current: Password,
        new: NormalisedPassword,
        asker: &Asker,
    ) -> Result<Credential, AuthError> {
        let account = self.account(&user.username, Some(user));
        let attempt = self.guessing.attempt_in_session(session, account, self.clock.moment())?;
        match self.hashing.replace(asker, current, &user.password, new).await {
            Ok(Some(replaced)) => {
                attempt.succeeded();
                Ok(replaced)
            }
            Ok(None) => {
                attempt.failed();
                Err(AuthError::WrongPassword)
            }
            Err(error) => {
                untried(attempt, &error);
                Err(error.into())
            }
        }
    }

    pub(super) fn admit(&self, account: Account, user: Option<&User>, client: &Client) -> Result<Attempt, AuthError> {
        let recorded = user.map_or(0, |user| user.failures);
        let device = user.and_then(|user| self.known_device(user, client));
        let by = SignIn { account, recorded, address: client.address, device };
        self.guessing.attempt(&by, self.clock.moment()).map_err(|refused| {
            if let (Some(user), Some(told)) = (user, refused.news) {
                audit::attempts_limited(user.id, told, client.address);
            }
            refused.into()
        })
    }

    /// The device of a client that presents a token of that very user. Any other token is nothing, and no error.
    fn known_device(&self, user: &User, client: &Client) -> Option<DeviceId> {
        let token = DeviceToken::parse(client.device_token.as_deref()?, &self.keys.latest().keys.refresh_tokens)?;
        (token.user == user.id && token.is_good(self.clock.now())).then_some(token.id)
    }

    /// Has the user's record say what is counted of the account, where it does not. Off the request's way, so that no
    /// answer takes longer for a name that exists. For one that does not, its decoy's record is written as it is: others
    /// wait for the disk then, and must not learn from that who exists.
    pub(super) fn keep_failures(&self, account: Account, trend: Trend, user: Option<&User>, decoy: Option<User>) {
        match (user, decoy) {
            (Some(user), _) => self.note_failures(account, trend, user),
            (None, Some(decoy)) if self.guessing.has_begun_a_step(account) => {
                let store = Arc::clone(&self.store);
                self.notes.begin(async move { drop(store.swap_user(&decoy, &decoy).await) });
            }
            (None, _) => {}
        }
    }

    fn note_failures(&self, account: Account, trend: Trend, user: &User) {
        let Some(record) = self.guessing.record(account) else { return };
        // The record was read before the password was tried, and may have been written since.
        if ![user.failures, record.known].into_iter().any(|recorded| trend.leads(recorded, record.due)) {
            return;
        }
        let (store, guessing, id) = (Arc::clone(&self.store), Arc::clone(&self.guessing), user.id);
        self.notes.begin(async move {
            if let Err(error) = save_failures(&*store, &guessing, account, trend, id).await {
                tracing::warn!(user = %id, %error, "failed attempts could not be noted");
            }
        });
    }
}

/// What an attempt did to the count of its account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trend {
    /// It failed. Where the record says more, other issuers have counted too, and have counted more.
    Grows,
    /// It succeeded, which ends the row, or forgives some of it. What is left may be attempts under way, for which the
    /// record says no more than before: else those of the owner would count against them after a restart.
    Shrinks,
}

impl Trend {
    /// Whether the record goes from the one to the other by it.
    fn leads(self, recorded: u16, due: u16) -> bool {
        match self {
            Self::Grows => due > recorded,
            Self::Shrinks => due < recorded,
        }
    }
}

/// Settles an attempt whose password was not compared. A client that hung up may have cost a hash all the same.
pub(super) fn untried(attempt: Attempt, error: &HashingError) {
    match error {
        HashingError::ClientGone => drop(attempt),
        _ => attempt.withdrawn(),
    }
}

/// Writes the count into the user's record until the record says what is counted: it changes meanwhile.
async fn save_failures(
    store: &dyn Store,
    guessing: &Guessing,
    account: Account,
    trend: Trend,
    id: UserId,
) -> Result<(), StoreError> {
    let mut written = None;
    for _ in 0..MOST_ATTEMPTS {
        let Some(user) = store.user(id).await? else { return Ok(()) };
        // A password that was changed meanwhile began another count, and so did a pardon.
        if guessing.account(&user.username, Some(&user)) != account {
            return Ok(());
        }
        let Some(due) = guessing.note(account, user.failures) else { return Ok(()) };
        // A success that came while this was written has not seen it.
        let trend = if written == Some(user.failures) { Trend::Shrinks } else { trend };
        if !trend.leads(user.failures, due) {
            return Ok(());
        }
        // A conflict is read again, and so is what was written.
        if store.swap_user(&user, &user.with_failures(due)).await? == Swapped::Yes {
            written = Some(due);
        }
    }
    Ok(())
}
