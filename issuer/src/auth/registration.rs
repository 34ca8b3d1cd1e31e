//! Self-registration.

use super::{Auth, AuthError, Client};
use crate::{
    audit,
    entropy::random_id,
    hashing::{HashRequester, Lane},
    id::UserId,
    password::NewPassword,
    store::Added,
    user::{User, Username},
};

/// The right to register, if the operator enabled self-registration.
pub(crate) struct Registration<'a>(&'a Auth);

impl Auth {
    /// The right to register. Refused if the operator did not enable self-registration.
    pub(crate) fn registration(&self) -> Result<Registration<'_>, AuthError> {
        if self.settings.allows_registration { Ok(Registration(self)) } else { Err(AuthError::RegistrationDisabled) }
    }
}

impl Registration<'_> {
    /// Adds a user without roles and claims. It begins no session: the client signs in with its next request. A taken name costs no
    /// hash.
    pub(crate) async fn register(
        &self,
        username: Username,
        password: NewPassword,
        client: &Client,
    ) -> Result<User, AuthError> {
        let Self(auth) = self;
        let attempt = auth.login_throttle.delays.admit_registration(client.address, auth.clock.moment());
        attempt.map_err(|refused| auth.refused(refused))?;
        auth.hashing.check_room(Lane::Unknown)?;
        if auth.store.user_named(&username).await?.is_some() {
            return Err(AuthError::UsernameTaken);
        }
        // A new user has no known device.
        let requester = HashRequester { lane: Lane::Unknown, connection: client.connection.clone() };
        let credential = auth.hashing.create(&requester, password.into_normalised()).await?;
        let user = User::new(UserId(random_id()?), username, credential, auth.clock.now());
        match auth.store.add_user(&user).await? {
            Added::Yes => {
                audit::user_registered(user.id, client.address);
                Ok(user)
            }
            Added::UsernameTaken => Err(AuthError::UsernameTaken),
        }
    }
}
