//! Why hashing failed.

use std::time::Duration;

use super::{HashingFailed, InvalidPassword, queue::Refused};
use crate::entropy::NoEntropy;

/// Why a password could not be hashed or verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashingError {
    /// The wait would exceed the deadline, or did.
    #[error("the hashing queue is full; retry after {retry_after:?}")]
    Overloaded { retry_after: Duration },
    #[error("the client closed the connection")]
    ClientGone,
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    #[error(transparent)]
    Failed(#[from] HashingFailed),
    #[error("the hashing thread returned no result")]
    Ended,
}

impl From<Refused> for HashingError {
    fn from(Refused { retry_after }: Refused) -> Self {
        Self::Overloaded { retry_after }
    }
}

/// Why hashing could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashingSetupError {
    #[error("a hashing thread could not be started: {0}")]
    Thread(std::io::Error),
    #[error("Argon2 computes a wrong hash on this machine; report this machine and its CPU to the maintainers")]
    WrongHash,
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error(transparent)]
    Password(#[from] InvalidPassword),
}
