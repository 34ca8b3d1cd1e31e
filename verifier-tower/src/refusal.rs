//! Why a request is refused, and the response, in the issuer's error format.

use std::time::Duration;

use bytes::Bytes;
use hallpass_token::VerifyError;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use crate::KeysUnreachable;

/// Why a request is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// No bearer token. 401 with a plain `Bearer` (RFC 6750 §3.1).
    #[error("a bearer token is required")]
    NoToken,
    /// Two tokens, or a malformed header. 400.
    #[error("the request must have one header `Authorization: Bearer …`")]
    Malformed,
    /// The token is invalid. 401.
    #[error("invalid token: {0}")]
    InvalidToken(#[source] VerifyError),
    /// The token is valid, but its claims are not those that the handler expects. 401.
    #[error("unexpected claims: {0}")]
    UnexpectedClaims(String),
    /// The issuer's keys are unreachable, so the token cannot be verified. 503.
    #[error(transparent)]
    KeysUnreachable(#[from] KeysUnreachable),
}

impl Refusal {
    /// The stable code of the cause, for logs; for an invalid token that of its [`VerifyError`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoToken => "ERR_TOKEN_MISSING",
            Self::Malformed => "ERR_TOKEN_NOT_STRING",
            Self::InvalidToken(fault) => fault.code(),
            Self::UnexpectedClaims(_) => "ERR_CLAIM_INVALID",
            Self::KeysUnreachable(_) => "ERR_KEYS_UNREACHABLE",
        }
    }

    /// The response. It never contains the token or the exact cause, which would help an attacker more than a client.
    pub fn respond<B: From<Bytes>>(&self) -> Response<B> {
        let (status, error, description) = self.words();
        let body = json!({ "error": error, "error_description": description }).to_string();
        let mut response = Response::new(B::from(Bytes::from(body)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Self::KeysUnreachable(KeysUnreachable { retry_after, .. }) = self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(*retry_after)));
        }
        response
    }

    fn words(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NoToken => (StatusCode::UNAUTHORIZED, "invalid_token", "a bearer token is required"),
            Self::Malformed => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "the request must have one header `Authorization: Bearer …`",
            ),
            Self::InvalidToken(_) | Self::UnexpectedClaims(_) => {
                (StatusCode::UNAUTHORIZED, "invalid_token", "the token is invalid or has expired")
            }
            Self::KeysUnreachable(_) => {
                let description = "the token cannot be verified now; try again after the time in Retry-After";
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", description)
            }
        }
    }

    fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::NoToken => Some("Bearer"),
            Self::Malformed => Some(r#"Bearer error="invalid_request""#),
            Self::InvalidToken(_) | Self::UnexpectedClaims(_) => Some(r#"Bearer error="invalid_token""#),
            Self::KeysUnreachable(_) => None,
        }
    }
}

/// Rounds up to at least one second: an earlier retry would fail again.
fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}
