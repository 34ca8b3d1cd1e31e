//! The user on a line, and the checks before it is added.

use hallpass_token::InvalidCustomClaims;

use super::super::Rights;
use crate::{
    password::{CostLimit, Credential, InvalidPasswordHash, PasswordHash, TooCostly},
    user::{InvalidNewUsername, InvalidRole, NewUsername, Role, Roles, TooManyRoles, Username},
};

/// The names of a line's fields: members in JSON, columns in CSV.
pub(super) const NAMES: [&str; 5] = ["username", "hash", "roles", "claims", "disabled"];

/// The fields of a line, unchecked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) username: String,
    pub(super) hash: String,
    pub(super) roles: Vec<String>,
    /// A JSON object.
    pub(super) claims: Option<String>,
    pub(super) is_disabled: bool,
}

/// A checked user.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) username: Username,
    pub(super) password: Credential,
    pub(super) rights: Rights,
    pub(super) is_disabled: bool,
}

/// Why a line is refused. It never quotes a hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the line has more than {max} bytes")]
    LineTooLong { max: u64 },
    #[error("the line is not UTF-8")]
    NotUtf8,
    #[error("the line has a NUL byte: the file is damaged or not UTF-8")]
    Nul,
    #[error("the line has a carriage return without a line feed: end each line with LF or CRLF")]
    CarriageReturn,
    #[error("the line is incomplete: the file is truncated")]
    BreaksOff,
    #[error("the last line has no line end: add one if the file is complete, since a truncated hash can look valid")]
    NoEnd,
    #[error("the line is not JSON: see character {0}")]
    NotJson(usize),
    #[error("the line is not a JSON object: each user is an object on a line of its own")]
    NotObject,
    #[error("{0:?} is unknown: a user has username, hash, roles, claims and disabled")]
    Unknown(String),
    #[error(
        "{0:?} is from `hallpass user list`, which prints no hashes: use `hallpass store copy`, which keeps ids and passwords"
    )]
    Listed(String),
    #[error("{0:?} must not be repeated")]
    Twice(String),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{name} must be {expected}")]
    Type { name: &'static str, expected: &'static str },
    #[error("the line has {found} columns, and the first line has {expected}")]
    Columns { found: usize, expected: usize },
    #[error("the line has more than {0} columns")]
    ManyColumns(usize),
    #[error("a quotation mark is not closed: a user is one line")]
    Quote,
    #[error("the line is in a field that line {0} opens with a quotation mark: a user is one line")]
    InQuotes(u64),
    #[error("a field that contains a quotation mark must be quoted, with each inner one doubled")]
    StrayQuote,
    #[error(transparent)]
    Username(#[from] InvalidNewUsername),
    #[error(transparent)]
    Hash(#[from] InvalidPasswordHash),
    #[error("{username} cannot be imported: {cost}")]
    Cost { username: Username, cost: TooCostly },
    #[error(transparent)]
    Role(#[from] InvalidRole),
    #[error(transparent)]
    Roles(#[from] TooManyRoles),
    #[error(transparent)]
    Claims(#[from] InvalidCustomClaims),
    #[error("line {0} has the same username")]
    SameName(u64),
    #[error("the user takes {bytes} bytes, and the store allows {max}: use fewer roles or claims, or a shorter hash")]
    TooLarge { bytes: usize, max: usize },
}

impl Entry {
    /// Checks the fields. A hash that is too expensive is refused, since each sign-in attempt would compute it.
    pub(super) fn check(self, limit: &CostLimit) -> Result<Candidate, Fault> {
        let username = Username::from(self.username.parse::<NewUsername>()?);
        let hash: PasswordHash = self.hash.parse()?;
        hash.check_cost(limit).map_err(|cost| Fault::Cost { username: username.clone(), cost })?;
        let roles: Vec<Role> = self.roles.iter().map(|role| role.parse()).collect::<Result<_, _>>()?;
        let claims = self.claims.map(|claims| claims.parse()).transpose()?.unwrap_or_default();
        let rights = Rights { roles: Roles::try_from(roles)?, claims };
        Ok(Candidate { username, password: Credential::imported(hash), rights, is_disabled: self.is_disabled })
    }
}
