//! Passwords as typed and as hashed. The submodules have the policy for new passwords, and the hashes.

use std::fmt;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};
use zeroize::Zeroizing;

mod credential;
mod hash;
mod policy;

pub(crate) use credential::{Credential, PasswordForm};
pub(crate) use hash::{
    CostLimit, HashingFailed, InvalidParameters, InvalidPasswordHash, Memory, Parameters, PasswordHash, TooCostly,
};
pub(crate) use policy::{NewPassword, WeakPassword};

/// The maximum size of a password in bytes, in its hashed form, which does not depend on the keyboard. Argon2id accepts
/// any length; the limit keeps requests small.
pub(crate) const MAX_PASSWORD_BYTES: usize = 1024;

/// The maximum size of a typed password. It has at most three times the bytes of its normal form (UAX #15 §5; this
/// holds for the widest spaces too).
pub(crate) const MAX_TYPED_BYTES: usize = 3 * MAX_PASSWORD_BYTES;

/// A password as typed. It has no `Display`, and its memory is wiped.
pub(crate) struct Password(Zeroizing<String>);

/// A password in the form that our hashes use, so that it is the same on every keyboard: "é" is one character on some
/// and two on others. The rules are those of `OpaqueString` (RFC 8265 §4.2): each space becomes an ASCII space, then
/// NFC, as NIST SP 800-63B-4 §3.1.1.2 requires. NFKC, which its third revision named, would merge passwords that look
/// different. The profile also refuses control and unassigned characters, which are allowed here.
pub(crate) struct NormalisedPassword(Password);

/// A text that cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPassword {
    #[error("a password must not be empty")]
    Empty,
    #[error("a password must be at most {MAX_PASSWORD_BYTES} bytes long")]
    TooLong,
}

impl Password {
    /// Parses the password of a sign-in. A hash is of the typed or of the normalized form; a password that is too long
    /// in both forms has no hash.
    pub(crate) fn parse(text: String) -> Result<Self, InvalidPassword> {
        let text = Zeroizing::new(text);
        match text.len() {
            0 => Err(InvalidPassword::Empty),
            1..=MAX_PASSWORD_BYTES => Ok(Self(text)),
            ..=MAX_TYPED_BYTES if normalise(&text).len() <= MAX_PASSWORD_BYTES => Ok(Self(text)),
            _ => Err(InvalidPassword::TooLong),
        }
    }

    /// The password in the form of our hashes.
    pub(crate) fn normalised(&self) -> NormalisedPassword {
        NormalisedPassword(Self(normalise(&self.0)))
    }
}

fn normalise(text: &str) -> Zeroizing<String> {
    if is_nfc_quick(text.chars()) == IsNormalized::Yes && !text.contains(is_other_space) {
        return Zeroizing::new(text.to_owned());
    }
    // NFC makes a text at most three times as long (UAX #15 §5). With this capacity the text does not move, which would
    // leave a copy in memory.
    let mut normalised = Zeroizing::new(String::with_capacity(3 * text.len()));
    normalised.extend(text.chars().map(|c| if is_other_space(c) { ' ' } else { c }).nfc());
    normalised
}

/// Whether a character is a space (general category Zs) other than ASCII's.
fn is_other_space(character: char) -> bool {
    matches!(character, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl fmt::Debug for NormalisedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NormalisedPassword(…)")
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
        assert!(Password::parse("x".repeat(1024)).is_ok());
        assert_eq!(Password::parse("x".repeat(1025)).unwrap_err(), InvalidPassword::TooLong);
    }

    #[test]
    fn a_password_is_as_long_as_what_is_hashed_of_it_however_it_is_typed() {
        let parsed = |text: String| Password::parse(text).map(drop);
        // 1,024 bytes after normalization: separate accents, decomposed syllables, the widest spaces.
        for (typed, normal) in [("e\u{301}", "\u{e9}"), ("\u{1100}\u{1161}", "\u{ac00}"), ("\u{3000}", " ")] {
            let max = MAX_PASSWORD_BYTES / normal.len();
            assert_eq!(parsed(normal.repeat(max)), Ok(()), "{normal:?}");
            assert_eq!(parsed(typed.repeat(max)), Ok(()), "{typed:?}");
            assert_eq!(parsed(typed.repeat(max + 1)), Err(InvalidPassword::TooLong), "{typed:?}");
        }
        // A password that grows under normalization can have a hash of its typed form.
        assert_eq!(parsed("\u{fb2c}".repeat(341)), Ok(()));
        assert_eq!(parsed("\u{3000}".repeat(1024)), Ok(()));
        assert_eq!(parsed("\u{3000}".repeat(1025)), Err(InvalidPassword::TooLong));
    }

    #[test]
    fn a_password_is_the_same_on_every_keyboard() {
        let same = |one: &str, other: &str| *password(one).normalised().0.0 == *password(other).normalised().0.0;
        assert!(same("caf\u{e9} au lait", "cafe\u{301} au lait"));
        assert!(same("\u{ac00}", "\u{1100}\u{1161}"));
        assert!(same("two\u{a0}words\u{3000}", "two words "));
        // A password that looks different or has another case is another password.
        for (one, other) in [("ﬁ", "fi"), ("２", "2"), ("a", "A"), ("a", " a"), ("a\u{200b}", "a")] {
            assert!(!same(one, other), "{one} and {other}");
        }
    }

    #[test]
    fn the_longest_password_of_any_characters_is_normalised_in_its_place() {
        // U+0390 and U+1D160 grow most under NFC according to UAX #15.
        for text in ["\u{390}".repeat(512), "\u{1d160}".repeat(256), "\u{fb2c}".repeat(341)] {
            let normalised = password(&text).normalised().0.0;
            assert!(normalised.len() <= 3 * text.len());
            assert_eq!(*normalised, text.nfc().collect::<String>());
        }
    }

    #[test]
    fn debug_shows_no_password() {
        assert_eq!(format!("{:?}", password("secret")), "Password(…)");
        assert_eq!(format!("{:?}", password("secret").normalised()), "NormalisedPassword(…)");
    }
}
