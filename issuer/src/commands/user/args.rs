//! The commands of `hallpass user`.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Subcommand, ValueEnum};
use hallpass_token::CustomClaims;

use crate::{
    commands::{store::StoreOption, values::claim_name},
    user::{NewUsername, Role, Username},
};

/// Commands of `hallpass user`.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user. The command prompts for the password, or reads it from standard input.
    Add(UserAdd),
    /// Set a user's password, and end their sessions.
    Passwd(UserPasswd),
    /// Change a user's roles and claims, which their next access tokens will have.
    Set(UserSet),
    /// Disable a user, and end their sessions.
    Disable(UserName),
    /// Enable a disabled user.
    Enable(UserName),
    /// Remove a user, and end their sessions. The name becomes free.
    Delete(UserDelete),
    /// Print the users.
    List(UserList),
    /// Add the users of a file, with the hashes of their passwords. Existing users are unchanged.
    Import(UserImport),
}

/// Options of `hallpass user add`.
#[derive(Debug, Args)]
pub(crate) struct UserAdd {
    /// The name that the user signs in with.
    pub(crate) username: NewUsername,
    /// Read the password from standard input, which must be one line.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// A role of the user, for the services that read their tokens; may be given several times.
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Vec<Role>,
    /// A claim of the user's tokens, such as level=3 or plan='"pro"'; may be given several times.
    #[arg(long, value_name = "NAME=JSON")]
    pub(crate) claim: Vec<Claim>,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass user passwd`.
#[derive(Debug, Args)]
pub(crate) struct UserPasswd {
    /// The name that the user signs in with.
    pub(crate) username: Username,
    /// Read the password from standard input, which must be one line.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass user set`.
#[derive(Debug, Args)]
pub(crate) struct UserSet {
    /// The name that the user signs in with.
    pub(crate) username: Username,
    #[command(flatten)]
    pub(crate) changes: UserChanges,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// What `hallpass user set` changes: at least one thing.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct UserChanges {
    /// A role of the user, replacing all earlier ones; may be given several times.
    #[arg(long, value_name = "ROLE", conflicts_with = "no_roles")]
    pub(crate) role: Vec<Role>,
    /// Remove all roles.
    #[arg(long)]
    pub(crate) no_roles: bool,
    /// A claim to add or to change, such as level=3 or plan='"pro"'; may be given several times.
    #[arg(long, value_name = "NAME=JSON")]
    pub(crate) claim: Vec<Claim>,
    /// A claim to remove; may be given several times.
    #[arg(long, value_name = "NAME", value_parser = claim_name)]
    pub(crate) remove_claim: Vec<String>,
    /// Remove all claims that are not given here.
    #[arg(long, conflicts_with = "remove_claim")]
    pub(crate) no_claims: bool,
}

/// Options of the commands that take a user's name.
#[derive(Debug, Args)]
pub(crate) struct UserName {
    /// The name that the user signs in with.
    pub(crate) username: Username,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass user delete`.
#[derive(Debug, Args)]
pub(crate) struct UserDelete {
    /// The name that the user signs in with.
    pub(crate) username: Username,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass user list`.
#[derive(Debug, Args)]
pub(crate) struct UserList {
    /// Print a line of JSON for each user.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass user import`.
#[derive(Debug, Args)]
pub(crate) struct UserImport {
    /// The file; `-` is standard input. A line is a user: `username` and `hash`, and perhaps `roles`, `claims` and
    /// `disabled`. CSV says in its first line which column is which, and parts roles by spaces.
    pub(crate) file: PathBuf,
    /// Format of the file [default: by its name, .csv, .jsonl or .ndjson].
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Check the file only; do not open the store.
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// What a file of users can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// JSON Lines: an object a line.
    Jsonl,
    /// Comma-separated values (RFC 4180), a user a line.
    Csv,
}

/// One claim of a user: its name and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim(pub(crate) CustomClaims);

impl FromStr for Claim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || r#"a claim is NAME=JSON, such as level=3, tags='["a","b"]' or plan='"pro"'"#.to_owned();
        let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(expected)?;
        let claims: CustomClaims = match format!("{{{}:{value}}}", serde_json::Value::from(name)).parse() {
            Err(hallpass_token::InvalidCustomClaims::Syntax) => Err(expected()),
            claims => claims.map_err(|error| error.to_string()),
        }?;
        // `a=1,"b":2` would be two.
        if claims.names().eq([name]) { Ok(Self(claims)) } else { Err(expected()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_a_name_and_a_value_in_json() {
        for (text, json) in [
            ("level=3", r#"{"level":3}"#),
            (r#"plan="pro=1""#, r#"{"plan":"pro=1"}"#),
            (r#"a "b"={"c":[]}"#, r#"{"a \"b\"":{"c":[]}}"#),
        ] {
            assert_eq!(text.parse::<Claim>().unwrap().0, json.parse().unwrap());
        }
        for text in ["", "level", "=3", "plan=pro", "level=", r#"a=1,"b":2"#, r#"a=1},{"a":1"#] {
            assert!(text.parse::<Claim>().unwrap_err().starts_with("a claim is NAME=JSON"), "{text}");
        }
        assert!("iss=1".parse::<Claim>().unwrap_err().contains("\"iss\""));
    }
}
