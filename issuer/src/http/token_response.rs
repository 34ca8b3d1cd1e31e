//! The answer with tokens, which login and refresh share.

use std::fmt::Display;

use serde::Serialize;
use warp::reply::Response;

use super::{ApiError, cookies::Cookies, json};
use crate::{
    auth::{Identity, TokenResponse},
    session::Transport,
    user::Username,
};

/// The body of an answer with tokens.
#[derive(Serialize)]
struct PassBody<'p> {
    /// The access token once more, under the name that the plainest clients read.
    token: &'p str,
    access_token: &'p str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<&'p str>,
    #[serde(flatten)]
    identity: IdentityBody<'p>,
}

/// Who is there: the members `user` and `session`, the same in every answer.
#[derive(Serialize)]
pub(crate) struct IdentityBody<'p> {
    session: SessionBody,
    user: UserBody<'p>,
}

#[derive(Serialize)]
struct SessionBody {
    id: String,
    expires_at: u64,
}

#[derive(Serialize)]
pub(crate) struct UserBody<'p> {
    id: String,
    username: &'p str,
}

impl<'p> UserBody<'p> {
    pub(crate) fn of(id: impl Display, username: &'p Username) -> Self {
        Self { id: id.to_string(), username: username.as_str() }
    }
}

impl<'p> From<&'p Identity> for IdentityBody<'p> {
    fn from(identity: &'p Identity) -> Self {
        Self {
            session: SessionBody {
                id: identity.session.to_string(),
                expires_at: identity.session_expires_at.seconds(),
            },
            user: UserBody::of(identity.user, &identity.username),
        }
    }
}

/// Answers with a new pair, by the session's transport: the refresh token, and that of the device, as cookies or in the
/// body, never both.
pub(crate) fn respond(pass: &TokenResponse, cookies: Cookies) -> Result<Response, ApiError> {
    let device_token = pass.device_token.as_deref();
    let (refresh_token, device_token_in_body) = match pass.transport {
        Transport::Cookie => (None, None),
        Transport::Body => (Some(pass.refresh_token.as_str()), device_token),
    };
    let mut response = json(&PassBody {
        token: &pass.access_token,
        access_token: &pass.access_token,
        token_type: "Bearer",
        expires_in: pass.expires_in,
        refresh_token,
        device_token: device_token_in_body,
        identity: IdentityBody::from(&pass.identity),
    });
    if pass.transport == Transport::Cookie {
        cookies.set(&mut response, pass)?;
        if let Some(device_token) = device_token {
            cookies.set_device(&mut response, device_token)?;
        }
    }
    Ok(response)
}
