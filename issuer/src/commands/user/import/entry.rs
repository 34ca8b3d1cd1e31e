//! What a line says of a user, and whether a user can be made of it.

use hallpass_token::InvalidCustomClaims;

use super::super::Rights;
use crate::{
    password::{CostLimit, Credential, InvalidPasswordHash, PasswordHash, TooCostly},
    user::{InvalidNewUsername, InvalidRole, NewUsername, Role, Roles, TooManyRoles, Username},
};

/// The names of what a line says, as JSON's members and as CSV's columns.
pub(super) const NAMES: [&str; 5] = ["username", "hash", "roles", "claims", "disabled"];

/// What a line says, as it says it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) username: String,
    pub(super) hash: String,
    pub(super) roles: Vec<String>,
    /// A JSON object.
    pub(super) claims: Option<String>,
    pub(super) is_disabled: bool,
}

/// A user who can be added.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) username: Username,
    pub(super) password: Credential,
    pub(super) rights: Rights,
    pub(super) is_disabled: bool,
}

/// What is wrong with a line. It never quotes a hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the line is longer than {most} bytes")]
    LineTooLong { most: u64 },
    #[error("the line is not UTF-8")]
    NotUtf8,
    #[error("the line has a NUL byte: the file is not UTF-8, or is damaged")]
    Nul,
    #[error("the line has a carriage return that no line feed follows: end each line with LF or CRLF")]
    CarriageReturn,
    #[error("the line breaks off: the file is not whole")]
    BreaksOff,
    #[error(
        "the line has no end: add one if the file is whole, for a hash that was cut can look like one that was not"
    )]
    NoEnd,
    #[error("the line is not JSON: see its character {0}")]
    NotJson(usize),
    #[error("the line is not a JSON object: each user is an object on a line of its own")]
    NotObject,
    #[error("{0:?} is not known: a user has username, hash, roles, claims and disabled")]
    Unknown(String),
    #[error(
        "{0:?} is of `hallpass user list`, which has no hashes: `hallpass store copy` copies users with their ids and passwords"
    )]
    Listed(String),
    #[error("{0:?} is there twice")]
    Twice(String),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{name} must be {expected}")]
    Type { name: &'static str, expected: &'static str },
    #[error("the line has {found} columns, and the first line {expected}")]
    Columns { found: usize, expected: usize },
    #[error("the line has more than {0} columns")]
    ManyColumns(usize),
    #[error("a quotation mark is not closed: a user is one line")]
    Quote,
    #[error("the line is within the quotation marks that line {0} opens: a user is one line")]
    InQuotes(u64),
    #[error("a field with a quotation mark must be in quotation marks, with each one in it doubled")]
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
    #[error("the username is that of line {0} too")]
    SameName(u64),
    #[error("the user takes {bytes} bytes, and the store at most {most}: fewer roles or claims, or a shorter hash")]
    TooLarge { bytes: usize, most: usize },
}

impl Entry {
    /// Makes a user of what the line says. A hash that would take too long to check stays outside: it would be checked
    /// at every attempt to sign in.
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
