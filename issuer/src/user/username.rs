//! The name that a user signs in with.

use std::{fmt, str::FromStr};

use unicode_normalization::UnicodeNormalization as _;

use super::has_name_length;

/// The name that a user signs in with: 1 to 64 characters in NFC, so that a name is one name on every keyboard, and
/// compared to the letter. `A` and `a` are two, and so are the Latin and the Cyrillic `a`: who opens registration to
/// everybody must not take a name for a proof of who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Username(String);

/// A text that cannot be a username.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a username must have 1 to 64 characters, none of them a control character, and no space at either end")]
pub(crate) struct InvalidUsername;

impl Username {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Username {
    type Err = InvalidUsername;

    fn from_str(text: &str) -> Result<Self, InvalidUsername> {
        let name: String = text.nfc().collect();
        let is_control = |c: char| c.is_control() || is_invisible(c);
        let fits = has_name_length(&name) && !name.chars().any(is_control) && name.trim() == name;
        if fits { Ok(Self(name)) } else { Err(InvalidUsername) }
    }
}

/// Characters that show nothing, or turn what stands beside them around (Unicode, general category Cf). The two joiners,
/// U+200C and U+200D, are part of how some languages are written.
pub(super) fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_short_and_printable() {
        for good in ["a", "exampleUser", "someone@example.org", "Zoë Müller", "نامه\u{200c}ای", &"x".repeat(64)]
        {
            assert_eq!(good.parse::<Username>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            " a",
            "a ",
            "a\nb",
            "a\0",
            "a\u{202e}b",
            "a\u{200b}",
            "\u{feff}a",
            "root\u{e0061}",
            "\u{3164}",
            &"x".repeat(65),
        ] {
            assert_eq!(bad.parse::<Username>(), Err(InvalidUsername), "{bad:?}");
        }
    }

    #[test]
    fn two_spellings_of_a_name_are_one_name() {
        let name = |text: &str| text.parse::<Username>().unwrap();
        assert_eq!(name("Zoe\u{308}"), name("Zo\u{eb}"));
        assert_eq!(name(&"e\u{308}".repeat(64)).as_str(), "\u{eb}".repeat(64));
        assert_ne!(name("zoë"), name("Zoë"));
        assert_ne!(name("ﬁ"), name("fi"));
    }
}
