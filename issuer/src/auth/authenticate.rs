//! Authentication of a request. If its access cookie has expired and its refresh cookie is valid, the request is answered with new
//! cookies, without another round trip.

use std::{net::IpAddr, slice};

use hallpass_token::VerifyError;

use super::{Auth, AuthError, Identity, TokenFault, TokenResponse, keys::session_of};
use crate::{
    id::SessionId,
    session::{Session, Transport},
    user::User,
};

/// The tokens that a request presents.
#[derive(Clone, Copy)]
pub(crate) enum Presented<'r> {
    /// A bearer token. The cookies are ignored: a client that sends a bearer token stores its tokens itself.
    Bearer(&'r str),
    Cookies {
        access: Option<&'r str>,
        refresh: Option<&'r str>,
    },
}

/// How a request was authenticated.
pub(crate) enum Authenticated {
    /// By its access token.
    Known(Identity),
    /// By its refresh token. The answer must return the new tokens.
    Renewed(Box<TokenResponse>),
}

impl Authenticated {
    pub(crate) fn identity(&self) -> &Identity {
        match self {
            Self::Known(identity) => identity,
            Self::Renewed(tokens) => &tokens.identity,
        }
    }
}

impl Auth {
    /// Authenticates a request, and refreshes its tokens if only the access token has expired.
    pub(crate) async fn authenticate(
        &self,
        presented: Presented<'_>,
        address: IpAddr,
    ) -> Result<Authenticated, AuthError> {
        let (access, refresh) = match presented {
            Presented::Bearer(token) => return self.identify(token).await.map(Authenticated::Known),
            Presented::Cookies { access, refresh } => (access, refresh),
        };
        let fault = match access {
            None => AuthError::NoCredentials,
            Some(access) => match self.identify(access).await {
                Ok(identity) => return Ok(Authenticated::Known(identity)),
                Err(fault) => fault,
            },
        };
        match refresh {
            Some(refresh) if is_renewable(&fault) => self.renew(refresh, address).await,
            _ => Err(fault),
        }
    }

    /// Verifies an access token, and reads its session and user.
    async fn identify(&self, access_token: &str) -> Result<Identity, AuthError> {
        let now = self.clock.now();
        let claims = self.verify(access_token, now).await?;
        let over = || AuthError::InvalidToken(TokenFault::SessionOver);
        let id = session_of(&claims).ok_or_else(over)?;
        let (session, user) = self.session_and_user(id).await?.ok_or_else(over)?;
        let keys = self.keys_for(slice::from_ref(&session)).await?;
        let lifetimes = self.settings.rules.lifetimes;
        let checked = session.check_living(lifetimes, user.credential_epoch, keys.refresh_tokens.live(), now);
        checked.map_err(|_| over())?;
        Ok(self.identity(&user, &session))
    }

    async fn session_and_user(&self, id: SessionId) -> Result<Option<(Session, User)>, AuthError> {
        let Some(session) = self.store.session(id).await? else { return Ok(None) };
        let user = self.store.user(session.user).await?;
        Ok(user.map(|user| (session, user)))
    }

    async fn renew(&self, refresh_token: &str, address: IpAddr) -> Result<Authenticated, AuthError> {
        match self.refresh(refresh_token, Transport::Cookie, address).await {
            Ok(tokens) => Ok(Authenticated::Renewed(Box::new(tokens))),
            // This request is not a refresh: its fault is the missing access token, not the invalid refresh token beside it.
            Err(AuthError::InvalidGrant(_) | AuthError::WrongTransport) => {
                Err(AuthError::InvalidToken(TokenFault::SessionOver))
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether a refresh can remedy the fault: the access token is missing or expired, or its key was removed. Any other fault means that
/// the token was tampered with.
fn is_renewable(fault: &AuthError) -> bool {
    matches!(
        fault,
        AuthError::NoCredentials
            | AuthError::InvalidToken(TokenFault::Token(VerifyError::Expired | VerifyError::KeyUnknown))
    )
}
