//! A change of password, which ends the user's other sessions.

use std::{
    slice,
    sync::atomic::{AtomicBool, Ordering},
};

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
    /// Replaces the current password by a new one. The requesting session stays; the user's other sessions end. Returns a new device
    /// token to a known device.
    ///
    /// The requesting session is written before the user, with the user's next epoch: a crash between the two writes leaves all
    /// sessions and the old password valid. A user has one change at a time. So of two changes in one session the second one finds
    /// a wrong current password before it writes.
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
        // The epoch and not the hash: a rehash meanwhile keeps the password.
        let verified = user.credential_epoch;
        let lock = self.password_changes.lock(user.id).await;
        let user = self.user_of(identity).await?;
        if user.credential_epoch != verified {
            return Err(AuthError::WrongPassword);
        }
        let hashed = &hashed;
        let is_raised = &AtomicBool::new(false);
        let replace = |user: Option<User>| async move {
            let user = user.ok_or_else(session_over)?;
            if user.credential_epoch != verified {
                return Err(AuthError::Contended);
            }
            let changed = user.with_password(hashed.clone());
            self.raise_epoch(identity.session, verified, changed.credential_epoch).await?;
            is_raised.store(true, Ordering::Relaxed);
            Ok(Decision::Swap(changed.clone(), changed))
        };
        let changed = match update_user(&*self.store, user, replace).await {
            // Another process set a password, and the raised epoch must not keep this session valid.
            Err(AuthError::Contended) if is_raised.load(Ordering::Relaxed) => {
                self.end_session(identity.session, End::PasswordChanged, address).await?;
                return Err(AuthError::Contended);
            }
            changed => changed?,
        };
        drop(lock);
        audit::password_changed(changed.id, identity.session, address);
        // The new epoch has ended the other sessions: an error here only loses lines of the audit log.
        if let Err(error) = self.end_outdated(&changed, address).await {
            tracing::warn!(user = %changed.id, %error, "the sessions of the old password could not be marked as ended");
        }
        // The password is changed even if no device token can be issued.
        Ok(if is_known { self.device_token(&changed).await.ok() } else { None })
    }

    async fn user_of(&self, identity: &Identity) -> Result<User, AuthError> {
        self.store.user(identity.user).await?.ok_or_else(session_over)
    }

    /// Raises a session's epoch, so that it stays valid after the change. A session that is over stays over.
    async fn raise_epoch(
        &self,
        id: SessionId,
        epoch: CredentialEpoch,
        raised: CredentialEpoch,
    ) -> Result<(), AuthError> {
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
