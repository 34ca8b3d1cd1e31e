//! The name that a user signs in with.

use std::{fmt, str::FromStr};

use precis_core::{Error as PrecisError, profile::PrecisFastInvocation as _};
use precis_profiles::UsernameCasePreserved;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::has_name_length;

/// The name that a user signs in with: 1 to 64 characters in NFC, so that a name is the same on every keyboard,
/// compared exactly. `A` and `a` differ, and so do the Latin and the Cyrillic `a`: with open registration a name is no
/// proof of a user's identity.
///
/// This type is for records and sign-ins: a user of an earlier build may have a name that is refused for new users.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Username(String);

/// A text that cannot be a username.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a username must have 1 to 64 characters, without control characters and without a space at either end")]
pub(crate) struct InvalidUsername;

/// A name for a new user: one or more parts, separated by one space. Each part is a `UsernameCasePreserved` that the
/// profile leaves unchanged (RFC 8265 §3.4): letters, digits and visible ASCII. It has no invisible or bidirectional
/// control character, and one reading in each program that follows the standard.
///
/// The profile maps full-width and half-width characters. Here they are refused, since a sign-in does not map them. A
/// part must not begin with a combining mark (UAX 31, `XID_Start`), which would change the character before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewUsername(Username);

/// Why a text cannot be the name of a new user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidNewUsername {
    #[error(transparent)]
    Shape(#[from] InvalidUsername),
    #[error("a username must have one space between its parts")]
    Spaces,
    #[error("a username and each part of it must not begin with a combining mark")]
    Mark,
    #[error(
        "a username must consist of letters, digits and visible ASCII characters (RFC 8265, UsernameCasePreserved); U+{0:04X} \
         is not allowed here"
    )]
    Character(u32),
    #[error("a username must not have a joiner where it joins no characters")]
    Context,
    #[error("a username must not have full-width or half-width characters")]
    Width,
    #[error("a username that is written from right to left must have this direction from beginning to end (RFC 5893)")]
    Direction,
}

impl FromStr for NewUsername {
    type Err = InvalidNewUsername;

    fn from_str(text: &str) -> Result<Self, InvalidNewUsername> {
        let name: Username = text.parse()?;
        name.as_str().split(' ').try_for_each(check_part)?;
        Ok(Self(name))
    }
}

fn check_part(part: &str) -> Result<(), InvalidNewUsername> {
    let first = part.chars().next().ok_or(InvalidNewUsername::Spaces)?;
    if is_combining_mark(first) {
        return Err(InvalidNewUsername::Mark);
    }
    let is_in_part = |code_point| part.chars().any(|character| u32::from(character) == code_point);
    match UsernameCasePreserved::enforce(part) {
        Ok(enforced) if enforced == part => Ok(()),
        Err(PrecisError::BadCodepoint(bad)) if is_in_part(bad.cp) => Err(InvalidNewUsername::Character(bad.cp)),
        // The profile refused the result of a mapping.
        Ok(_) | Err(PrecisError::BadCodepoint(_)) => Err(InvalidNewUsername::Width),
        Err(PrecisError::Invalid) => Err(InvalidNewUsername::Direction),
        Err(PrecisError::Unexpected(_)) => Err(InvalidNewUsername::Context),
    }
}

impl From<NewUsername> for Username {
    fn from(name: NewUsername) -> Self {
        name.0
    }
}

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

/// Whether a character is invisible or changes the direction of text (Unicode, general category Cf). The joiners U+200C
/// and U+200D are excluded, since some languages need them.
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

    fn new(text: &str) -> Result<String, InvalidNewUsername> {
        text.parse::<NewUsername>().map(|name| Username::from(name).0)
    }

    #[test]
    fn a_new_username_is_of_the_precis_class() {
        for good in [
            "a",
            "exampleUser",
            "someone+tag@example.org",
            "Zo\u{eb} M\u{fc}ller",
            "O'Neil_3~",
            "ольга",
            "名前",
            "하나",
            "מרים",
            "مریم",
            "نامه\u{200c}ای",
            "क्\u{200d}ष",
            "ひろし",
        ] {
            assert_eq!(new(good).as_deref(), Ok(good));
        }
    }

    #[test]
    fn a_username_of_an_earlier_build_is_refused_for_new_users_and_still_signs_in() {
        let character = |cp| Err(InvalidNewUsername::Character(cp));
        for (old, why) in [
            // Variation selectors, other default-ignorables, vowels without a form, old Hangul.
            ("a\u{fe0f}", character(0xfe0f)),
            ("a\u{e0100}", character(0xe_0100)),
            ("a\u{34f}b", character(0x34f)),
            ("a\u{17b4}", character(0x17b4)),
            ("\u{1175}", character(0x1175)),
            // Joiners without characters to join.
            ("a\u{200d}b", character(0x200d)),
            ("a\u{200c}b", character(0x200c)),
            // Private use, unassigned, a noncharacter.
            ("a\u{e000}", character(0xe000)),
            ("a\u{f0000}", character(0xf_0000)),
            ("a\u{378}", character(0x378)),
            ("a\u{fdd0}", character(0xfdd0)),
            // Compatibility forms, symbols, spaces.
            ("\u{fb01}", character(0xfb01)),
            ("a\u{2160}", character(0x2160)),
            ("\u{1f600}", character(0x1_f600)),
            ("a\u{a0}b", character(0xa0)),
            // A mark alone, or at the beginning.
            ("\u{301}", Err(InvalidNewUsername::Mark)),
            ("a \u{301}b", Err(InvalidNewUsername::Mark)),
            ("a  b", Err(InvalidNewUsername::Spaces)),
            ("\u{ff41}bc", Err(InvalidNewUsername::Width)),
            ("\u{ff76}", Err(InvalidNewUsername::Width)),
            ("a\u{3000}b", Err(InvalidNewUsername::Width)),
            ("\u{200c}a", Err(InvalidNewUsername::Context)),
            ("a\u{5d0}b", Err(InvalidNewUsername::Direction)),
        ] {
            assert_eq!(new(old), why, "{old:?}");
            assert_eq!(old.parse::<Username>().unwrap().as_str(), old, "a user with that name still signs in");
        }
    }

    #[test]
    fn a_username_that_earlier_builds_refused_is_still_refused() {
        // Bidirectional controls, zero-width spaces, tags, Hangul fillers.
        for never in [
            "a\u{202e}b",
            "a\u{2066}",
            "a\u{200b}",
            "root\u{e0061}",
            "\u{3164}",
            "\u{115f}",
            "\u{ffa0}",
            "a\u{61c}",
            "a\u{1b}[2J",
            "a\u{9b}",
        ] {
            assert_eq!(new(never), Err(InvalidNewUsername::Shape(InvalidUsername)), "{never:?}");
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
