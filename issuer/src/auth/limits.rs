//! Where a password is tried: within the limits of `guessing`, and counted in the user's record for the next issuer.

use std::{net::IpAddr, sync::Arc};

use super::{Auth, AuthError, Client, MOST_ATTEMPTS};
use crate::{
    audit,
    device_token::{DeviceId, DeviceToken},
    guessing::{Account, Attempt, Guessing, Note, SignIn},
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
        address: IpAddr,
    ) -> Result<Credential, AuthError> {
        let account = self.account(&user.username, Some(user));
        let attempt = self.guessing.attempt_in_session(session, account, self.clock.moment())?;
        let attempt = self.admit_owner(attempt, user.id)?;
        match self.hashing.replace(asker, current, &user.password, new).await {
            Ok(Some(replaced)) => self.succeed(attempt, user.id, address).map(|()| replaced),
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
        let device = self.known_device(user, client);
        let by = SignIn { account, recorded, address: client.address, device };
        self.guessing.attempt(&by, self.clock.moment()).map_err(|refused| {
            if let (Some(user), Some(told)) = (user, refused.news) {
                audit::attempts_limited(user.id, told, client.address);
            }
            refused.into()
        })
    }

    /// The device of a client that presents a token of that very user. Any other token is ignored.
    /// All are read for any name: the time must not reveal which names exist.
    fn known_device(&self, user: Option<&User>, client: &Client) -> Option<DeviceId> {
        let (keys, now) = (self.keys.latest(), self.clock.now());
        let read = |text: &String| DeviceToken::parse(text, &keys.keys.refresh_tokens);
        let tokens: Vec<_> = client.device_tokens.iter().filter_map(read).collect();
        let user = user?;
        tokens.iter().find(|token| token.user == user.id && token.is_good(now)).map(|token| token.id)
    }

    /// Has the user's record say what is counted of the account, where it does not. Off the request's way, so that no
    /// answer takes longer for a name that exists. For one that does not, its decoy's record is written as it is: others
    /// wait for the disk then, and must not learn from that who exists.
    pub(super) fn keep_failures(&self, account: Account, user: Option<&User>, decoy: Option<&User>) {
        let recorded = user.map(|user| user.failures);
        let Some(id) = user.or(decoy).map(|user| user.id) else { return };
        let Some(note) = self.guessing.note(account, recorded) else { return };
        let (store, guessing) = (Arc::clone(&self.store), Arc::clone(&self.guessing));
        let own = recorded.is_some().then_some(account);
        self.notes.begin(async move {
            if let Err(error) = save_failures(&*store, &guessing, note, id, own).await {
                tracing::warn!(user = %id, %error, "a record could not be written after failed attempts");
            }
        });
    }
}

/// Settles an attempt whose password was not compared. A client that hung up may have cost a hash all the same.
pub(super) fn untried(attempt: Attempt, error: &HashingError) {
    match error {
        HashingError::ClientGone => drop(attempt),
        _ => attempt.withdrawn(),
    }
}

/// Writes the count into a user's record until the record says what is counted: it changes meanwhile. The record is that of
/// the account which is its `own`, or a decoy's, in which nothing changes.
async fn save_failures(
    store: &dyn Store,
    guessing: &Guessing,
    mut note: Note,
    id: UserId,
    own: Option<Account>,
) -> Result<(), StoreError> {
    for _ in 0..MOST_ATTEMPTS {
        let Some(user) = store.user(id).await? else { return Ok(()) };
        // A password that was changed meanwhile began another count, and so did a pardon.
        if own.is_some_and(|account| account != guessing.account(&user.username, Some(&user))) {
            return Ok(());
        }
        let Some(due) = note.look(own.map(|_| user.failures)) else { return Ok(()) };
        let changed = if own.is_some() { user.with_failures(due) } else { user.clone() };
        if store.swap_user(&user, &changed).await? == Swapped::Yes {
            note.written();
        }
    }
    Ok(())
}
