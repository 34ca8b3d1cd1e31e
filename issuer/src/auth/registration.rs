//! Users who make themselves.

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

/// The right to make users, where the person who runs the issuer gave it to everybody.
pub(crate) struct Registration<'a>(&'a Auth);

impl Auth {
    /// The right to make users; refused where only the person who runs the issuer adds them.
    pub(crate) fn registration(&self) -> Result<Registration<'_>, AuthError> {
        if self.settings.allows_registration { Ok(Registration(self)) } else { Err(AuthError::RegistrationDisabled) }
    }
}

impl Registration<'_> {
    /// Makes a user without any rights. Nobody is signed in by it: a sign-in is the next request, by the rules of all
    /// others. A name that is taken costs no hash.
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
        // Behind those who have signed in before: whoever registers is nobody yet.
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
