//! A change of password, which ends every other session of the user.

use std::slice;

use super::{Auth, AuthError, Client, Identity, TokenFault};
use crate::{
    audit,
    id::SessionId,
    password::{NewPassword, Password},
    session::End,
    store::{Decision, update_session, update_user},
    user::{CredentialEpoch, User},
};

impl Auth {
    /// Puts a new password in the place of the current one. The session that asks stays; the user's others end.
    ///
    /// Of the two records the own session is written first, with the epoch that the user will have: a crash between
    /// them leaves everybody signed in and the password as it was. A user's changes follow each other, so that of two in the
    /// same session the second finds its current password wrong before it has touched anything.
    ///
    /// A client that was a known device stays one, by the new device token that it gets.
    pub(crate) async fn change_password(
        &self,
        identity: &Identity,
        current: Password,
        new: NewPassword,
        client: &Client,
    ) -> Result<Option<String>, AuthError> {
        let user = self.user_of(identity).await?;
        let is_known = self.device_of(&user.username, client).is_some_and(|token| token.is_of(&user));
        let new = new.into_normalised();
        let hashed = self.replace_in_session(identity.session, &user, current, new, client).await?;
        let address = client.address;
        // The epoch, and not the hash: one that was made anew meanwhile is of the same password.
        let verified = user.credential_epoch;
        let in_turn = self.password_changes.take(user.id).await;
        let user = self.user_of(identity).await?;
        if user.credential_epoch != verified {
            return Err(AuthError::WrongPassword);
        }
        let hashed = &hashed;
        let replace = |user: Option<User>| async move {
            let user = user.ok_or_else(session_over)?;
            if user.credential_epoch != verified {
                return Err(AuthError::Contended);
            }
            let changed = user.with_password(hashed.clone());
            self.keep(identity.session, verified, changed.credential_epoch).await?;
            Ok(Decision::Swap(changed.clone(), changed))
        };
        let changed = match update_user(&*self.store, user, replace).await {
            // Another process set a password, and this session, whose epoch is raised, was not part of that.
            Err(AuthError::Contended) => {
                self.end_session(identity.session, End::PasswordChanged, address).await?;
                return Err(AuthError::Contended);
            }
            changed => changed?,
        };
        drop(in_turn);
        audit::password_changed(changed.id, identity.session, address);
        // The password is changed, and the epoch ends the other sessions: an error here costs lines of the audit log only.
        if let Err(error) = self.end_outdated(&changed, address).await {
            tracing::warn!(user = %changed.id, %error, "sessions before the new password could not be ended");
        }
        // The password is changed, whether there is a device token or not.
        Ok(if is_known { self.device_token(&changed).await.ok() } else { None })
    }

    async fn user_of(&self, identity: &Identity) -> Result<User, AuthError> {
        self.store.user(identity.user).await?.ok_or_else(session_over)
    }

    /// Raises a session's epoch, so that it outlives the change. A session that is over is not brought back.
    async fn keep(&self, id: SessionId, epoch: CredentialEpoch, raised: CredentialEpoch) -> Result<(), AuthError> {
        update_session(&*self.store, id, |session| async move {
            let session = session.ok_or_else(session_over)?;
            let keys = self.keys_for(slice::from_ref(&session)).await?;
            let lifetimes = self.settings.rules.lifetimes;
            let checked = session.check_living(lifetimes, epoch, keys.refresh_tokens.live(), self.clock.now());
            checked.map_err(|_| session_over())?;
            Ok(Decision::Swap(session.with_epoch(raised), ()))
        })
        .await
    }
}

fn session_over() -> AuthError {
    AuthError::InvalidToken(TokenFault::SessionOver)
}
