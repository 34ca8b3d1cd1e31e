//! The policy for new passwords: a minimum length, and not a common password. There are no composition rules and no
//! truncation (NIST SP 800-63B-4 §3.1.1.2).

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::{InvalidPassword, MAX_PASSWORD_BYTES, NormalisedPassword, Password};

/// NIST requires 8 characters with a second factor, and 15 without. Hallpass has no second factor, but limits attempts
/// and refuses the list below. So it requires 8 and allows more. Characters are Unicode scalar values after
/// normalization.
const MIN_CHARACTERS: usize = 8;

/// The most common passwords that are long enough, in lower case. The file names its source.
const COMMON: &str = include_str!("common.txt");

/// A new password that meets the policy.
#[derive(Debug)]
pub(crate) struct NewPassword(NormalisedPassword);

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WeakPassword {
    #[error(transparent)]
    Invalid(#[from] InvalidPassword),
    #[error("a new password must have at least {MIN_CHARACTERS} characters")]
    TooShort,
    #[error("this password is one of the most common: choose another one")]
    Common,
    #[error("a password must not be the username")]
    IsUsername,
}

impl NewPassword {
    /// Checks a new password for the user with that name.
    pub(crate) fn choose(text: String, username: &str) -> Result<Self, WeakPassword> {
        let password = Password::parse(text)?.normalised();
        if password.0.0.len() > MAX_PASSWORD_BYTES {
            return Err(InvalidPassword::TooLong.into());
        }
        if password.0.0.chars().count() < MIN_CHARACTERS {
            return Err(WeakPassword::TooShort);
        }
        let folded = fold(&password.0.0);
        if common().any(|common| common == *folded) {
            return Err(WeakPassword::Common);
        }
        let username = fold(username);
        // The local part of an e-mail address is refused too.
        let local_part = username.rsplit_once('@').map_or(username.as_str(), |(local_part, _)| local_part);
        if *folded == *username || *folded == local_part {
            return Err(WeakPassword::IsUsername);
        }
        Ok(Self(password))
    }

    pub(crate) fn into_normalised(self) -> NormalisedPassword {
        self.0
    }
}

/// The common passwords, the most common first. A scan takes microseconds, and a hash takes milliseconds.
fn common() -> impl Iterator<Item = &'static str> {
    COMMON.lines().filter(|line| !line.starts_with('#'))
}

/// A text without variations that an attacker tries first: case, and the width or style of letters.
fn fold(text: &str) -> Zeroizing<String> {
    // The longest compatibility mapping, that of U+FDFA, makes eleven times as many bytes (UAX #15 §5).
    let mut folded = Zeroizing::new(String::with_capacity(11 * text.len()));
    folded.extend(text.nfkc().flat_map(char::to_lowercase));
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<WeakPassword> {
        NewPassword::choose(text.to_owned(), "Someone.Else@example.org").err()
    }

    #[test]
    fn a_new_password_has_eight_characters_after_normalisation() {
        assert_eq!(refusal(""), Some(WeakPassword::Invalid(InvalidPassword::Empty)));
        assert_eq!(refusal("sevenöö"), Some(WeakPassword::TooShort));
        assert_eq!(refusal("sevenöo\u{308}"), Some(WeakPassword::TooShort));
        assert_eq!(refusal("eightööö"), None);
        assert_eq!(refusal("🦀🦀🦀🦀🦀🦀🦀"), Some(WeakPassword::TooShort));
        assert_eq!(refusal("🦀🦀🦀🦀🦀🦀🦀🦀"), None);
    }

    #[test]
    fn a_new_password_may_be_long_and_of_any_characters_and_counts_to_its_end() {
        assert_eq!(refusal(&"🦀".repeat(32)), None);
        assert_eq!(refusal(&"x".repeat(1024)), None);
        assert_eq!(refusal(&"x".repeat(1025)), Some(WeakPassword::Invalid(InvalidPassword::TooLong)));
        assert_eq!(refusal("aaaaaaab"), None);
        // The limit applies to the hashed form, which may be shorter or longer than the typed one.
        assert_eq!(refusal(&"e\u{301}".repeat(512)), None);
        assert_eq!(refusal(&"\u{fb2c}".repeat(341)), Some(WeakPassword::Invalid(InvalidPassword::TooLong)));
        let long = NewPassword::choose("x".repeat(1024), "a").unwrap().into_normalised();
        assert_eq!(*long.0.0, "x".repeat(1024));
    }

    #[test]
    fn common_passwords_are_refused_in_any_case_and_width() {
        for common in
            ["password", "password1", "PassWord1", "iloveyou1", "1234567890", "Qwertyuiop", "ｐａｓｓｗｏｒｄ１"]
        {
            assert_eq!(refusal(common), Some(WeakPassword::Common), "{common}");
        }
        for uncommon in ["password1 ", "correct horse", "examplePassword"] {
            assert_eq!(refusal(uncommon), None, "{uncommon}");
        }
    }

    #[test]
    fn the_list_has_three_thousand_passwords_of_sufficient_length() {
        let mut listed: Vec<&str> = common().collect();
        for common in &listed {
            assert!(common.len() >= MIN_CHARACTERS && *fold(common) == *common, "{common}");
        }
        listed.sort_unstable();
        listed.dedup();
        assert_eq!(listed.len(), 3000);
    }

    #[test]
    fn the_username_and_its_local_part_are_refused() {
        for name in ["Someone.Else@example.org", "someone.else", "SOMEONE.ELSE@EXAMPLE.ORG", "ＳＯＭＥＯＮＥ.else"]
        {
            assert_eq!(refusal(name), Some(WeakPassword::IsUsername), "{name}");
        }
        for other in ["example.org", "someone.else1"] {
            assert_eq!(refusal(other), None, "{other}");
        }
        let zoe = |password: &str| NewPassword::choose(password.to_owned(), "Zo\u{eb} Müller").err();
        assert_eq!(zoe("zoe\u{308} müller"), Some(WeakPassword::IsUsername));
    }
}
