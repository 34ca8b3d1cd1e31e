//! Where a password is tried: within the limits of `guessing`, and counted in the user's record for the next issuer.

use std::sync::Arc;

use super::{Auth, AuthError, Client, MOST_ATTEMPTS};
use crate::{
    audit::{self, Device},
    device_token::{DeviceId, DeviceToken},
    guessing::{Account, Attempt, Guessing, SignIn},
    id::{SessionId, UserId},
    password::{Password, PasswordHash},
    store::{Store, StoreError},
    user::{User, Username},
};

impl Auth {
    /// The user with that name and password. Neither a name that nobody has nor a user who is disabled can be told from a
    /// wrong password.
    pub(super) async fn check_password(
        &self,
        username: &Username,
        password: Password,
        client: &Client,
    ) -> Result<(User, Device), AuthError> {
        let user = self.store.user_named(username).await?;
        let epoch = user.as_ref().map_or_else(Default::default, |user| user.credential_epoch);
        let account = self.guessing.account(username, epoch);
        let attempt = self.admit(account, user.as_ref(), client)?;
        let device = if attempt.is_known() { Device::Known } else { Device::New };
        let fits = match self.passwords.verify(password, user.as_ref().map(|user| &user.password)).await {
            Ok(fits) => fits,
            Err(error) => {
                attempt.withdrawn();
                return Err(error.into());
            }
        };
        if fits && user.as_ref().is_some_and(|user| !user.is_disabled) {
            attempt.succeeded();
        } else {
            attempt.failed();
        }
        if let Some(user) = &user {
            self.keep_failures(account, user);
        }
        let user = user.filter(|user| fits && !user.is_disabled).ok_or(AuthError::InvalidCredentials)?;
        Ok((user, device))
    }

    /// Checks the current password of the user whose session asks for a new one.
    pub(super) async fn check_current(
        &self,
        session: SessionId,
        current: Password,
        hash: &PasswordHash,
    ) -> Result<(), AuthError> {
        let attempt = self.guessing.attempt_in_session(session, self.clock.moment())?;
        match self.passwords.verify(current, Some(hash)).await {
            Ok(true) => {
                attempt.succeeded();
                Ok(())
            }
            Ok(false) => {
                attempt.failed();
                Err(AuthError::WrongPassword)
            }
            Err(error) => {
                attempt.withdrawn();
                Err(error.into())
            }
        }
    }

    fn admit(&self, account: Account, user: Option<&User>, client: &Client) -> Result<Attempt, AuthError> {
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
        let token = DeviceToken::parse(client.device_token.as_deref()?, &self.refresh_token_key)?;
        (token.user == user.id && token.is_good(self.clock.now())).then_some(token.id)
    }

    /// Has the user's record say what is counted of the account, where it does not. Off the request's way, so that no
    /// answer takes longer for a name that exists.
    fn keep_failures(&self, account: Account, user: &User) {
        if self.guessing.reserved(account).is_none_or(|reserved| reserved == user.failures) {
            return;
        }
        let (store, guessing, id) = (Arc::clone(&self.store), Arc::clone(&self.guessing), user.id);
        tokio::spawn(async move {
            if let Err(error) = save_failures(&*store, &guessing, account, id).await {
                tracing::warn!(user = %id, %error, "failed attempts could not be noted");
            }
        });
    }
}

/// Writes the count into the user's record until the record says what is counted: it changes meanwhile.
async fn save_failures(store: &dyn Store, guessing: &Guessing, account: Account, id: UserId) -> Result<(), StoreError> {
    for _ in 0..MOST_ATTEMPTS {
        let Some(user) = store.user(id).await? else { return Ok(()) };
        // A password that was changed meanwhile began another count.
        let is_same = guessing.account(&user.username, user.credential_epoch) == account;
        match guessing.reserved(account).filter(|reserved| is_same && *reserved != user.failures) {
            None => return Ok(()),
            // A conflict is read again, and so is what was written.
            Some(reserved) => drop(store.swap_user(&user, &user.with_failures(reserved)).await?),
        }
    }
    Ok(())
}
