//! Whether a password is somebody's, without telling who exists; and a better hash for one that is.

use std::sync::Arc;

use uuid::Uuid;

use super::{Auth, AuthError, Client, limits::untried};
use crate::{
    audit::Device,
    hashing::{Asker, Hashing, HashingError, Lane},
    id::UserId,
    metrics::AuthMetrics,
    password::Password,
    store::{Store, StoreError, Swapped},
    user::{User, Username},
};

impl Auth {
    /// The user with that name and password, if they may sign in. An unknown name, a wrong password and a disabled user
    /// cannot be told apart: they take the same work, and a name that is unknown takes that of some user's hash.
    pub(super) async fn check_password(
        &self,
        username: &Username,
        password: Password,
        client: &Client,
    ) -> Result<(User, Device), AuthError> {
        self.admit_address(client.address)?;
        // Both are read for every name, and at once: a second wait for the disk would tell which names there are.
        let (user, decoy) =
            futures_util::future::try_join(self.store.user_named(username), self.decoy(username)).await?;
        let account = self.account(username, user.as_ref());
        let mut attempt = self.admit(account, user.as_ref(), client)?;
        if let (true, Some(user)) = (attempt.is_known(), &user) {
            attempt = self.admit_owner(attempt, user.id)?;
        }
        let (device, lane) =
            if attempt.is_known() { (Device::Known, Lane::Known) } else { (Device::New, Lane::Unknown) };
        let asker = Asker { lane, presence: client.presence.clone() };
        let [hash, decoys] = [&user, &decoy].map(|user| user.as_ref().map(|user| &user.password));
        let checked = match self.hashing.verify(&asker, password, hash, decoys).await {
            Ok(checked) => checked,
            Err(error) => {
                untried(attempt, &error);
                return Err(error.into());
            }
        };
        let admitted = user.as_ref().filter(|user| checked.fits && !user.is_disabled);
        let settled = if let Some(user) = admitted {
            self.succeed(attempt, user.id, client.address).map(|()| user.clone())
        } else {
            attempt.failed();
            Err(AuthError::InvalidCredentials)
        };
        self.keep_failures(account, user.as_ref(), decoy.as_ref());
        let user = settled?;
        if self.hashing.is_outdated(&user.password) && user.password.read_all_of(&checked.password) {
            self.rewrite(user.clone(), checked.password);
        }
        Ok((user, device))
    }

    /// The user whose hash stands in for an unknown name: always the same for a name, as long as the users are, so that
    /// asking again tells nothing. Ids are random: any user may be it, and imported ones are as often as they are many.
    pub(super) async fn decoy(&self, username: &Username) -> Result<Option<User>, StoreError> {
        let place = UserId(Uuid::from_bytes(self.keys.latest().keys.refresh_tokens.decoy().place(username.as_str())));
        match self.store.users_after(Some(place), 1).await?.pop() {
            Some(user) => Ok(Some(user)),
            // Beyond the last user comes the first again.
            None => Ok(self.store.users_after(None, 1).await?.pop()),
        }
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

/// Why a hash could not be made anew.
#[derive(Debug, thiserror::Error)]
enum RewriteError {
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts the new hash in the place of exactly the one that was checked: whatever else has changed of the user stays, and a
/// password that was changed meanwhile wins.
async fn rewrite(
    hashing: &Hashing,
    store: &dyn Store,
    metrics: &AuthMetrics,
    mut user: User,
    password: Password,
) -> Result<(), RewriteError> {
    let checked = user.password.clone();
    let Some(hash) = hashing.rewrite(&checked, password).await else { return Ok(()) };
    let hash = hash?;
    for _ in 0..super::MOST_ATTEMPTS {
        if store.swap_user(&user, &user.with_hash(hash.clone())).await? == Swapped::Yes {
            tracing::info!(user = %user.id, "a hash was brought up to date");
            metrics.rewritten_hash();
            return Ok(());
        }
        match store.user(user.id).await? {
            Some(now) if now.password == checked => user = now,
            _ => return Ok(()),
        }
    }
    Ok(())
}
