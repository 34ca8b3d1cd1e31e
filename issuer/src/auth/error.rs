//! Why a use case failed.

use std::time::Duration;

use hallpass_token::{SignError, VerifyError};

use super::logout::MAX_TOKENS;
use crate::{
    entropy::NoEntropy,
    hashing::HashingError,
    key_ring::KeyRingError,
    login_throttle::{TooMany, TooOften},
    metrics::Outcome,
    refresh_token::InvalidRefreshToken,
    session::Refusal,
    store::{Contended, StoreError},
};

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthError {
    /// The password is wrong, or no user has the name. The answer does not reveal which.
    #[error("username or password is wrong")]
    InvalidCredentials,
    /// The refresh token is invalid for good: the user must sign in again.
    #[error("refresh token rejected: {0}")]
    InvalidGrant(#[source] GrantFault),
    /// The client may still receive another answer to the same refresh token. The same request succeeds after `seconds`.
    #[error("the refresh token was used a moment ago; the same request succeeds in {seconds} s")]
    Wait { seconds: u64 },
    /// The transport of the refresh token is not its session's.
    #[error("the refresh token used another transport than its session")]
    WrongTransport,
    /// The sign-out has more tokens than a client stores.
    #[error("a sign-out takes at most {MAX_TOKENS} refresh tokens and {MAX_TOKENS} access tokens")]
    TooManyTokens,
    /// The access token is invalid.
    #[error("access token rejected: {0}")]
    InvalidToken(#[source] TokenFault),
    /// The request presents no token.
    #[error("the request has no token")]
    NoCredentials,
    /// The current password in a change of password is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Only the operator adds users.
    #[error("registration is disabled")]
    RegistrationDisabled,
    /// Another user has the name.
    #[error("the username is taken")]
    UsernameTaken,
    /// Too many attempts failed before. The next one is admitted after `seconds`.
    #[error("too many failed attempts; the next is admitted in {seconds} s")]
    TooManyAttempts { seconds: u64 },
    /// Too many sign-ins of the account or from the address succeeded before. The next one is admitted after `seconds`.
    #[error("too many sign-ins; the next is admitted in {seconds} s")]
    TooManySignIns { seconds: u64 },
    /// The user has no session with that id.
    #[error("the user has no such session")]
    NoSuchSession,
    /// Other requests changed the record at each attempt. The same request may succeed later.
    #[error("too many requests change the record at the same time")]
    Contended,
    /// The hashing queue is full. It may have room after `retry_after`.
    #[error("too many passwords wait to be hashed; try again in {retry_after:?}")]
    Overloaded { retry_after: Duration },
    /// The client closed the connection before its request was done.
    #[error("the client closed the connection")]
    ClientGone,
    /// The store is unavailable, for example while a database changes its primary. The same request may succeed later.
    #[error("{0}")]
    StoreAway(String),
    /// A part of the issuer failed. The same request may succeed later.
    #[error("internal failure: {0}")]
    Unavailable(String),
}

impl From<Contended> for AuthError {
    fn from(_: Contended) -> Self {
        Self::Contended
    }
}

/// Why a refresh token is rejected, for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GrantFault {
    #[error(transparent)]
    Token(#[from] InvalidRefreshToken),
    #[error(transparent)]
    Session(#[from] Refusal),
    #[error("its session or user does not exist")]
    Unknown,
}

/// Why an access token is rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenFault {
    #[error(transparent)]
    Token(#[from] VerifyError),
    #[error("its session has ended")]
    SessionOver,
}

/// Why the use cases could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthSetupError {
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away(_) => Self::StoreAway(error.to_string()),
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<KeyRingError> for AuthError {
    fn from(error: KeyRingError) -> Self {
        if error.is_of_store_away() { Self::StoreAway(error.to_string()) } else { Self::Unavailable(error.to_string()) }
    }
}

impl From<TooMany> for AuthError {
    fn from(TooMany { seconds, .. }: TooMany) -> Self {
        Self::TooManyAttempts { seconds }
    }
}

impl From<TooOften> for AuthError {
    fn from(TooOften { seconds }: TooOften) -> Self {
        Self::TooManySignIns { seconds }
    }
}

impl From<NoEntropy> for AuthError {
    fn from(error: NoEntropy) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<SignError> for AuthError {
    fn from(error: SignError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<HashingError> for AuthError {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Overloaded { retry_after } => Self::Overloaded { retry_after },
            HashingError::ClientGone => Self::ClientGone,
            error => Self::Unavailable(error.to_string()),
        }
    }
}

/// Runs a use case and counts its outcome.
pub(super) async fn counted<T>(
    use_case: impl Future<Output = Result<T, AuthError>>,
    count: impl FnOnce(Outcome),
) -> Result<T, AuthError> {
    let result = use_case.await;
    count(outcome(&result));
    result
}

/// How a use case ended, for the metrics.
fn outcome<T>(result: &Result<T, AuthError>) -> Outcome {
    match result {
        Ok(_) => Outcome::Ok,
        Err(AuthError::Overloaded { .. } | AuthError::Contended) => Outcome::Overloaded,
        Err(AuthError::Wait { .. }) => Outcome::RetryLater,
        Err(AuthError::ClientGone) => Outcome::ClientGone,
        Err(AuthError::StoreAway(_)) => Outcome::StoreAway,
        Err(AuthError::Unavailable(_)) => Outcome::Failed,
        Err(_) => Outcome::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_of_a_use_case_is_counted_as_what_it_is() {
        let away = StoreError::Away("no primary".to_owned());
        for (error, counted) in [
            (AuthError::InvalidCredentials, Outcome::Refused),
            (AuthError::InvalidGrant(GrantFault::Unknown), Outcome::Refused),
            (AuthError::TooManyAttempts { seconds: 1 }, Outcome::Refused),
            (AuthError::TooManySignIns { seconds: 1 }, Outcome::Refused),
            (AuthError::Overloaded { retry_after: Duration::ZERO }, Outcome::Overloaded),
            (AuthError::Contended, Outcome::Overloaded),
            (AuthError::Wait { seconds: 30 }, Outcome::RetryLater),
            (AuthError::ClientGone, Outcome::ClientGone),
            (away.clone().into(), Outcome::StoreAway),
            (KeyRingError::from(away).into(), Outcome::StoreAway),
            (StoreError::Engine("the disk is full".to_owned()).into(), Outcome::Failed),
            (HashingError::Ended.into(), Outcome::Failed),
        ] {
            assert_eq!(outcome::<()>(&Err(error)), counted);
        }
        assert_eq!(outcome(&Ok(())), Outcome::Ok);
    }
}
