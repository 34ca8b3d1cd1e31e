//! Renewal on the way: a request whose access cookie has run out, with a good refresh cookie, is answered in one trip.

use std::net::IpAddr;

use hallpass_token::VerifyError;

use super::{Auth, AuthError, Identity, TokenFault, TokenResponse};
use crate::session::Transport;

/// What a request brought to say who it is.
#[derive(Clone, Copy)]
pub(crate) enum Presented<'r> {
    /// A bearer token. It alone counts: whoever sends one keeps their tokens themselves.
    Bearer(&'r str),
    /// What the cookies hold.
    Cookies { access: Option<&'r str>, refresh: Option<&'r str> },
}

/// Who made a request.
pub(crate) enum Authenticated {
    /// The access token was good.
    Known(Identity),
    /// The refresh token was traded for a new pair, which must reach the client.
    Renewed(Box<TokenResponse>),
}

impl Authenticated {
    pub(crate) fn identity(&self) -> &Identity {
        match self {
            Self::Known(identity) => identity,
            Self::Renewed(pass) => &pass.identity,
        }
    }
}

impl Auth {
    /// Finds out who made a request, and renews on the way what can be renewed.
    pub(crate) async fn see(&self, presented: Presented<'_>, address: IpAddr) -> Result<Authenticated, AuthError> {
        let (access, refresh) = match presented {
            Presented::Bearer(token) => return self.authenticate(token).await.map(Authenticated::Known),
            Presented::Cookies { access, refresh } => (access, refresh),
        };
        let fault = match access {
            None => AuthError::NoCredentials,
            Some(access) => match self.authenticate(access).await {
                Ok(identity) => return Ok(Authenticated::Known(identity)),
                Err(fault) => fault,
            },
        };
        match refresh {
            Some(refresh) if is_renewable(&fault) => self.renew(refresh, address).await,
            _ => Err(fault),
        }
    }

    async fn renew(&self, refresh_token: &str, address: IpAddr) -> Result<Authenticated, AuthError> {
        match self.refresh(refresh_token, Transport::Cookie, address).await {
            Ok(pass) => Ok(Authenticated::Renewed(Box::new(pass))),
            // The request asked for something that needs a good token: that a dead refresh token was also there does
            // not make it a bad request for a refresh.
            Err(AuthError::InvalidGrant(_) | AuthError::WrongTransport) => {
                Err(AuthError::InvalidToken(TokenFault::SessionOver))
            }
            Err(error) => Err(error),
        }
    }
}

/// A missing or run-out access token is what renewal is for, and one whose key has gone is as good as run out. Any
/// other fault means that somebody tampered with it.
fn is_renewable(fault: &AuthError) -> bool {
    matches!(
        fault,
        AuthError::NoCredentials
            | AuthError::InvalidToken(TokenFault::Token(VerifyError::Expired | VerifyError::KeyUnknown))
    )
}
