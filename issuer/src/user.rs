//! Who can sign in.

use std::{fmt, str::FromStr};

use hallpass_token::UnixSeconds;

use crate::{id::UserId, password::PasswordHash};

pub(crate) mod record;

/// A user as the store keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) username: Username,
    pub(crate) password: PasswordHash,
    pub(crate) roles: Vec<Role>,
    pub(crate) created_at: UnixSeconds,
}

/// The name that a user signs in with: 1 to 64 characters, compared to the letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Username(String);

/// A text that cannot be a username.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a username must have 1 to 64 characters, none of them a control character, and no space at either end")]
pub(crate) struct InvalidUsername;

/// A role of a user, for the services that read their tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role(String);

/// A text that cannot be a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role must have 1 to 64 characters, none of them white space or a control character")]
pub(crate) struct InvalidRole;

/// Long enough for an e-mail address in use, short enough that a token with it stays small.
const LONGEST_NAME: usize = 64;

impl Username {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Username {
    type Err = InvalidUsername;

    fn from_str(text: &str) -> Result<Self, InvalidUsername> {
        let fits = has_name_length(text) && !text.chars().any(char::is_control) && text.trim() == text;
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidUsername) }
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Role {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        let fits = has_name_length(text) && !text.chars().any(|c| c.is_control() || c.is_whitespace());
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidRole) }
    }
}

fn has_name_length(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_short_and_printable() {
        for good in ["a", "exampleUser", "someone@example.org", "Zoë Müller", &"x".repeat(64)] {
            assert_eq!(good.parse::<Username>().unwrap().as_str(), good);
        }
        for bad in ["", " a", "a ", "a\nb", "a\0", &"x".repeat(65)] {
            assert_eq!(bad.parse::<Username>(), Err(InvalidUsername), "{bad:?}");
        }
    }

    #[test]
    fn a_role_has_no_white_space() {
        assert_eq!("admin".parse::<Role>().unwrap().as_str(), "admin");
        for bad in ["", "two words", "tab\t"] {
            assert_eq!(bad.parse::<Role>(), Err(InvalidRole), "{bad:?}");
        }
    }
}
