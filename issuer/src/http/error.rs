//! API errors: their one shape, and how the errors of the use cases map to them.

use std::time::Duration;

use serde::Serialize;
use warp::http::{HeaderValue, StatusCode};

use super::{Origin, server::MAX_HEAD_BYTES};
use crate::{auth::AuthError, password::WeakPassword};

/// `Retry-After` of an issuer that is overloaded or cannot respond, in seconds.
const RETRY_AFTER: u32 = 2;

/// An error as the client gets it. The details go to the log, under the request id.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) description: String,
    pub(crate) hint: Hint,
    /// The new tokens of a caller that was renewed.
    pub(crate) cookies: Vec<HeaderValue>,
    /// The cause, for the log only.
    pub(crate) cause: Option<String>,
    pub(crate) severity: Severity,
}

/// The log level of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// INFO: a refusal by the rules, or overload.
    Expected,
    /// WARN: the store or another dependency is unavailable.
    Degraded,
    /// ERROR: a fault of the issuer.
    Fault,
}

/// The header that tells the client how to proceed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    None,
    /// `WWW-Authenticate` (RFC 6750 §3).
    Authenticate(&'static str),
    /// `Retry-After`, in seconds.
    RetryAfter(u32),
    /// `Allow` (RFC 9110 §15.5.6).
    Allow(String),
    /// `Connection: close`: the end of the request is unknown, or its rest was not read.
    Close,
}

/// The body of every error.
#[derive(Serialize)]
pub(crate) struct ErrorBody<'e> {
    pub(crate) error: &'static str,
    pub(crate) error_description: &'e str,
    pub(crate) request_id: &'e str,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        let severity = if status.is_server_error() { Severity::Fault } else { Severity::Expected };
        Self {
            status,
            code,
            description: description.into(),
            hint: Hint::None,
            cookies: Vec::new(),
            cause: None,
            severity,
        }
    }

    fn with(self, hint: Hint) -> Self {
        Self { hint, ..self }
    }

    fn of(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    pub(crate) fn with_cookies(self, cookies: impl Into<Vec<HeaderValue>>) -> Self {
        Self { cookies: cookies.into(), ..self }
    }

    pub(crate) fn because(self, cause: impl ToString) -> Self {
        Self { cause: Some(cause.to_string()), ..self }
    }

    pub(crate) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// A request that is not one well-formed HTTP/1.1 message.
    pub(crate) fn malformed(description: &str) -> Self {
        Self::invalid_request(description).with(Hint::Close)
    }

    pub(crate) fn unsupported_media_type() -> Self {
        let description = "the Content-Type must be application/json";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", description)
    }

    pub(crate) fn body_too_large(max: usize) -> Self {
        let description = format!("the body must be at most {max} bytes long");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", description).with(Hint::Close)
    }

    pub(crate) fn head_too_large() -> Self {
        let description = format!("the request head must be at most {MAX_HEAD_BYTES} bytes long, in at most 100 lines");
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large", description).with(Hint::Close)
    }

    pub(crate) fn uri_too_long() -> Self {
        Self::new(StatusCode::URI_TOO_LONG, "uri_too_long", "the request target is too long").with(Hint::Close)
    }

    pub(crate) fn head_too_slow(limit: Duration) -> Self {
        Self::too_slow("request head", limit)
    }

    pub(crate) fn body_too_slow(limit: Duration) -> Self {
        Self::too_slow("body", limit)
    }

    fn too_slow(part: &str, limit: Duration) -> Self {
        let description = format!("the {part} did not arrive within {} s", limit.as_secs());
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", description).with(Hint::Close)
    }

    /// `cause` names the option that admits the page.
    pub(crate) fn csrf_rejected(cause: impl ToString) -> Self {
        let description = "the page's origin is not allowed; the operator can allow it with --allowed-origin";
        Self::new(StatusCode::FORBIDDEN, "csrf_rejected", description).because(cause)
    }

    /// The operator did not set `--issuer`: `page` is on the issuer's real site.
    pub(crate) fn issuer_on_plain_http(page: &Origin) -> Self {
        let description = "the page uses TLS, but the issuer's URL is plain http; the operator must set --issuer";
        let remedy = format!("{} uses TLS: set --issuer to the issuer's https URL", page.text());
        Self::new(StatusCode::FORBIDDEN, "csrf_rejected", description).because(remedy)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "no such path")
    }

    pub(crate) fn no_such_session() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "the user has no session with this id")
    }

    pub(crate) fn weak_password(error: WeakPassword) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "weak_password", error.to_string())
    }

    pub(crate) fn method_not_allowed(allowed: &str) -> Self {
        let description = format!("this path allows {allowed}");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", description)
            .with(Hint::Allow(allowed.to_owned()))
    }

    pub(crate) fn no_credentials() -> Self {
        let description = "the request has no bearer token and no session cookies; sign in first";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_token", description).with(Hint::Authenticate("Bearer"))
    }

    fn overloaded(retry_after: u32) -> Self {
        let description = "overloaded; try again after the time in Retry-After";
        Self::try_again("overloaded", description, retry_after)
    }

    /// An expected 503.
    fn try_again(code: &'static str, description: &str, retry_after: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, description)
            .with(Hint::RetryAfter(retry_after))
            .of(Severity::Expected)
    }

    /// The store is unavailable.
    pub(crate) fn store_away(cause: impl ToString) -> Self {
        Self::unavailable(cause).of(Severity::Degraded)
    }

    pub(crate) fn unavailable(cause: impl ToString) -> Self {
        let description = "temporarily unavailable; try again after the time in Retry-After";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", description)
            .with(Hint::RetryAfter(RETRY_AFTER))
            .because(cause)
    }

    pub(crate) fn internal(cause: impl ToString) -> Self {
        let description = "internal error; quote the request id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", description).because(cause)
    }
}

/// Rounded up, so that no client retries too early, and at least 1.
fn whole_seconds(time: Duration) -> u32 {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    u32::try_from(seconds).unwrap_or(u32::MAX).max(1)
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        let cause = error.to_string();
        let mapped = match error {
            AuthError::InvalidCredentials => {
                Self::new(StatusCode::UNAUTHORIZED, "invalid_credentials", "wrong username or password")
                    .with(Hint::Authenticate("Bearer"))
            }
            AuthError::InvalidGrant(_) => {
                Self::new(StatusCode::BAD_REQUEST, "invalid_grant", "the session has ended; sign in again")
            }
            AuthError::Wait { seconds } => {
                let description = "this refresh token was just used; try again after the time in Retry-After";
                let seconds = seconds.try_into().unwrap_or(u32::MAX);
                Self::try_again("retry_later", description, seconds)
            }
            // 403 and not 401: the session is valid, and a client that renews after a 401 would retry forever.
            AuthError::WrongPassword => {
                Self::new(StatusCode::FORBIDDEN, "invalid_credentials", "the current password is wrong")
            }
            AuthError::RegistrationDisabled => {
                let description = "registration is disabled; contact the operator";
                Self::new(StatusCode::FORBIDDEN, "registration_disabled", description)
            }
            AuthError::UsernameTaken => Self::new(StatusCode::CONFLICT, "username_taken", "the username is taken"),
            AuthError::TooManyAttempts { seconds } | AuthError::TooManySignIns { seconds } => {
                let description = "too many attempts; try again after the time in Retry-After";
                let seconds = seconds.try_into().unwrap_or(u32::MAX);
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", description)
                    .with(Hint::RetryAfter(seconds))
            }
            AuthError::NoSuchSession => Self::no_such_session(),
            AuthError::WrongTransport => {
                Self::invalid_request("the refresh token must use the transport of its session: a cookie or the body")
            }
            AuthError::TooManyTokens => Self::invalid_request(&cause),
            AuthError::InvalidToken(_) => {
                let description = "the access token is invalid or expired, or its session has ended";
                Self::new(StatusCode::UNAUTHORIZED, "invalid_token", description)
                    .with(Hint::Authenticate(r#"Bearer error="invalid_token""#))
            }
            AuthError::NoCredentials => Self::no_credentials(),
            AuthError::Overloaded { retry_after } => Self::overloaded(whole_seconds(retry_after)),
            AuthError::Contended => Self::overloaded(RETRY_AFTER),
            // No client reads it. It keeps this case from counting as a fault in the log and the metrics.
            AuthError::ClientGone => Self::invalid_request("the client closed the connection before the response"),
            AuthError::StoreAway(_) => Self::store_away(&cause),
            AuthError::Unavailable(_) => Self::unavailable(&cause),
        };
        mapped.because(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hashing::HashingError, store::StoreError};

    #[test]
    fn only_a_fault_is_logged_as_an_error() {
        let away = || AuthError::from(StoreError::Away("no primary".to_owned()));
        for (error, status, code, severity) in [
            (AuthError::InvalidCredentials, 401, "invalid_credentials", Severity::Expected),
            (AuthError::TooManyAttempts { seconds: 9 }, 429, "too_many_attempts", Severity::Expected),
            (AuthError::TooManySignIns { seconds: 9 }, 429, "too_many_attempts", Severity::Expected),
            (AuthError::Overloaded { retry_after: Duration::from_secs(9) }, 503, "overloaded", Severity::Expected),
            (AuthError::Contended, 503, "overloaded", Severity::Expected),
            (AuthError::Wait { seconds: 9 }, 503, "retry_later", Severity::Expected),
            (AuthError::ClientGone, 400, "invalid_request", Severity::Expected),
            (away(), 503, "unavailable", Severity::Degraded),
            (AuthError::from(HashingError::Ended), 503, "unavailable", Severity::Fault),
            (AuthError::from(StoreError::Engine("the disk is full".to_owned())), 503, "unavailable", Severity::Fault),
        ] {
            let error = ApiError::from(error);
            assert_eq!((error.status.as_u16(), error.code, error.severity), (status, code, severity));
            let retries = matches!(error.hint, Hint::RetryAfter(seconds) if seconds == 9 || seconds == RETRY_AFTER);
            assert_eq!(retries, matches!(status, 429 | 503), "{code}");
        }
        assert_eq!(ApiError::internal("a handler panicked").severity, Severity::Fault);
        assert_eq!(ApiError::unavailable("a handler took too long").severity, Severity::Fault);
    }
}
