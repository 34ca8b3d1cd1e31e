//! Passwords as people type them; their hashes are in the files below.

use std::fmt;

use zeroize::Zeroizing;

mod hash;

pub(crate) use hash::{CostLimit, HashingFailed, InvalidParameters, Memory, Parameters, PasswordHash};

/// The longest password in bytes. Argon2id takes any length; a bound keeps a request small.
pub(crate) const MAX_PASSWORD_BYTES: usize = 1024;

/// NIST SP 800-63B §3.1.1.2 asks for at least 8 characters.
const MIN_NEW_PASSWORD_CHARACTERS: usize = 8;

/// A password as somebody typed it. It has no `Display`, and its memory is wiped.
pub(crate) struct Password(Zeroizing<String>);

/// A text that cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPassword {
    #[error("a password must not be empty")]
    Empty,
    #[error("a password must be at most {MAX_PASSWORD_BYTES} bytes long")]
    TooLong,
    #[error("a new password must have at least {MIN_NEW_PASSWORD_CHARACTERS} characters")]
    TooShort,
}

impl Password {
    /// Takes the password of a sign-in.
    pub(crate) fn parse(text: String) -> Result<Self, InvalidPassword> {
        let text = Zeroizing::new(text);
        match text.len() {
            0 => Err(InvalidPassword::Empty),
            1..=MAX_PASSWORD_BYTES => Ok(Self(text)),
            _ => Err(InvalidPassword::TooLong),
        }
    }

    /// Takes a password that somebody chooses, which must be harder to guess.
    pub(crate) fn parse_new(text: String) -> Result<Self, InvalidPassword> {
        let password = Self::parse(text)?;
        let long_enough = password.0.chars().count() >= MIN_NEW_PASSWORD_CHARACTERS;
        if long_enough { Ok(password) } else { Err(InvalidPassword::TooShort) }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn a_password_has_bounds() {
        assert_eq!(Password::parse(String::new()).unwrap_err(), InvalidPassword::Empty);
        assert_eq!(Password::parse("x".repeat(1025)).unwrap_err(), InvalidPassword::TooLong);
        assert_eq!(Password::parse_new("sevenöö".to_owned()).unwrap_err(), InvalidPassword::TooShort);
        assert!(Password::parse_new("eightööö".to_owned()).is_ok());
    }

    #[test]
    fn debug_shows_no_password() {
        assert_eq!(format!("{:?}", password("secret")), "Password(…)");
    }
}
