//! The response with tokens, which login and refresh share.

use std::fmt::Display;

use serde::Serialize;
use warp::reply::Response;

use super::{ApiError, cookies::Cookies, json};
use crate::{
    auth::{Identity, TokenResponse},
    session::Transport,
    user::Username,
};

/// The body of a response with tokens.
#[derive(Serialize)]
struct TokenBody<'t> {
    /// The access token again, under the name that the simplest clients read.
    token: &'t str,
    access_token: &'t str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<&'t str>,
    #[serde(flatten)]
    identity: IdentityBody<'t>,
}

/// The members `user` and `session`, the same in every response.
#[derive(Serialize)]
pub(crate) struct IdentityBody<'t> {
    session: SessionBody,
    user: UserBody<'t>,
}

#[derive(Serialize)]
struct SessionBody {
    id: String,
    expires_at: u64,
}

#[derive(Serialize)]
pub(crate) struct UserBody<'t> {
    id: String,
    username: &'t str,
}

impl<'t> UserBody<'t> {
    pub(crate) fn of(id: impl Display, username: &'t Username) -> Self {
        Self { id: id.to_string(), username: username.as_str() }
    }
}

impl<'t> From<&'t Identity> for IdentityBody<'t> {
    fn from(identity: &'t Identity) -> Self {
        Self {
            session: SessionBody {
                id: identity.session.to_string(),
                expires_at: identity.session_expires_at.seconds(),
            },
            user: UserBody::of(identity.user, &identity.username),
        }
    }
}

/// Responds with new tokens by the session's transport: the refresh token and the device token are in cookies or in the
/// body, never in both.
pub(crate) fn respond(tokens: &TokenResponse, cookies: Cookies) -> Result<Response, ApiError> {
    let device_token = tokens.device_token.as_deref();
    let (refresh_token, device_token_in_body) = match tokens.transport {
        Transport::Cookie => (None, None),
        Transport::Body => (Some(tokens.refresh_token.as_str()), device_token),
    };
    let mut response = json(&TokenBody {
        token: &tokens.access_token,
        access_token: &tokens.access_token,
        token_type: "Bearer",
        expires_in: tokens.expires_in,
        refresh_token,
        device_token: device_token_in_body,
        identity: IdentityBody::from(&tokens.identity),
    });
    if tokens.transport == Transport::Cookie {
        cookies.set(&mut response, tokens)?;
        if let Some(device_token) = device_token {
            cookies.set_device(&mut response, device_token)?;
        }
    }
    Ok(response)
}
