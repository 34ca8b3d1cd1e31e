//! Why a request is refused, and the answer that it gets: the issuer's own shape of errors.

use std::time::Duration;

use bytes::Bytes;
use hallpass_token::VerifyError;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use crate::KeysUnreachable;

/// Why a request is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// No bearer token came. 401 with a plain `Bearer` (RFC 6750 §3.1).
    #[error("a bearer token is needed")]
    NoToken,
    /// Two tokens came, or what cannot be one. 400.
    #[error("the request must have one header `Authorization: Bearer …`")]
    Malformed,
    /// The token is not good. 401.
    #[error("the token is refused: {0}")]
    InvalidToken(#[source] VerifyError),
    /// The token is good, but its claims are not those that the handler reads. 401.
    #[error("the token's claims are not those of this service: {0}")]
    UnexpectedClaims(String),
    /// The issuer's keys cannot be fetched: nobody can tell whether the token is good. 503.
    #[error(transparent)]
    KeysUnreachable(#[from] KeysUnreachable),
}

impl Refusal {
    /// The stable code of the cause, for logs; of a token's fault the verifier's own.
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

    /// The answer. It never holds the token, nor more than that it is not good: what exactly is wrong with it helps an
    /// attacker more than a client.
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
            Self::NoToken => (StatusCode::UNAUTHORIZED, "invalid_token", "a bearer token is needed"),
            Self::Malformed => {
                (StatusCode::BAD_REQUEST, "invalid_request", "there must be one header `Authorization: Bearer …`")
            }
            Self::InvalidToken(_) | Self::UnexpectedClaims(_) => {
                (StatusCode::UNAUTHORIZED, "invalid_token", "the token is not good, or has expired")
            }
            Self::KeysUnreachable(_) => {
                let description = "the token cannot be checked at the moment; the same request may succeed later";
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

/// Rounded up, and at least one: a client that comes back too early is told to wait again.
fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}
