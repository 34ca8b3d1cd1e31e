//! The hashes of passwords, as the store keeps them.

use std::{fmt, str::FromStr};

use argon2::password_hash::phc::PasswordHash as PhcString;

/// The Argon2id hash of a password, a PHC string with its own salt and parameters.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PasswordHash(pub(super) PhcString);

/// A text that is not an Argon2 hash as this issuer writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password hash must be a PHC string")]
pub(crate) struct InvalidPasswordHash;

impl PasswordHash {
    /// The PHC string, for the store alone.
    pub(crate) fn to_phc(&self) -> String {
        self.0.to_string()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl FromStr for PasswordHash {
    type Err = InvalidPasswordHash;

    fn from_str(text: &str) -> Result<Self, InvalidPasswordHash> {
        PhcString::new(text).map(Self).map_err(|_| InvalidPasswordHash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_hash() {
        let hash: PasswordHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo".parse().unwrap();
        assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
    }
}
