//! Arguments of `hallpass user`.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Subcommand, ValueEnum};
use hallpass_token::CustomClaims;

use crate::{
    commands::{store::StoreOption, value_parsers::claim_name},
    user::{NewUsername, Role, Username},
};

/// Commands of `hallpass user`.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user. The password is prompted for, or read from standard input.
    Add(UserAdd),
    /// Set a user's password, and end the user's sessions.
    Passwd(UserPasswd),
    /// Change a user's roles and claims. The next access tokens have the change.
    Set(UserSet),
    /// Disable a user's sign-in, and end the user's sessions.
    Disable(UserName),
    /// Enable the sign-in of a disabled user.
    Enable(UserName),
    /// Delete a user, and end the user's sessions. The username becomes available.
    Delete(UserDelete),
    /// Print the users.
    List(UserList),
    /// Add users from a file, with the hashes of their passwords. Existing users are unchanged.
    Import(UserImport),
}

/// Options of `hallpass user add`.
#[derive(Debug, Args)]
pub(crate) struct UserAdd {
    /// The username for sign-in.
    pub(crate) username: NewUsername,
    /// Read the password from standard input, as one line.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// A role of the user, in the user's access tokens. Repeatable.
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Vec<Role>,
    /// A claim of the user's access tokens, such as level=3 or plan='"pro"'. Repeatable.
    #[arg(long, value_name = "NAME=JSON")]
    pub(crate) claim: Vec<Claim>,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass user passwd`.
#[derive(Debug, Args)]
pub(crate) struct UserPasswd {
    /// The username for sign-in.
    pub(crate) username: Username,
    /// Read the password from standard input, as one line.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass user set`.
#[derive(Debug, Args)]
pub(crate) struct UserSet {
    /// The username for sign-in.
    pub(crate) username: Username,
    #[command(flatten)]
    pub(crate) changes: UserChanges,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// The changes of `hallpass user set`, at least one.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct UserChanges {
    /// A role of the user. The roles given replace all earlier ones. Repeatable.
    #[arg(long, value_name = "ROLE", conflicts_with = "no_roles")]
    pub(crate) role: Vec<Role>,
    /// Remove all roles.
    #[arg(long)]
    pub(crate) no_roles: bool,
    /// A claim to add or to change, such as level=3 or plan='"pro"'. Repeatable.
    #[arg(long, value_name = "NAME=JSON")]
    pub(crate) claim: Vec<Claim>,
    /// A claim to remove. Repeatable.
    #[arg(long, value_name = "NAME", value_parser = claim_name)]
    pub(crate) remove_claim: Vec<String>,
    /// Remove all claims except those of --claim.
    #[arg(long, conflicts_with = "remove_claim")]
    pub(crate) no_claims: bool,
}

/// Options of the commands that take only a username.
#[derive(Debug, Args)]
pub(crate) struct UserName {
    /// The username for sign-in.
    pub(crate) username: Username,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass user delete`.
#[derive(Debug, Args)]
pub(crate) struct UserDelete {
    /// The username for sign-in.
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
    /// Print one line of JSON per user.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass user import`.
#[derive(Debug, Args)]
pub(crate) struct UserImport {
    /// The file, or `-` for standard input. Each line is a user with `username`, `hash`, and optionally `roles`, `claims`
    /// and `disabled`. The first line of CSV names the columns; roles are separated by spaces.
    pub(crate) file: PathBuf,
    /// The format of the file [default: by its extension, .csv, .jsonl or .ndjson].
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Check the file only, without the store.
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// The format of a file of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// JSON Lines: one object per line.
    Jsonl,
    /// Comma-separated values (RFC 4180), one user per line.
    Csv,
}

/// A claim of a user, from NAME=JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim(pub(crate) CustomClaims);

impl FromStr for Claim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || r#"expected NAME=JSON, such as level=3, tags='["a","b"]' or plan='"pro"'"#.to_owned();
        let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(expected)?;
        let claims: CustomClaims = match format!("{{{}:{value}}}", serde_json::Value::from(name)).parse() {
            Err(hallpass_token::InvalidCustomClaims::Syntax) => Err(expected()),
            claims => claims.map_err(|error| error.to_string()),
        }?;
        // `a=1,"b":2` has two claims.
        if claims.names().eq([name]) { Ok(Self(claims)) } else { Err(expected()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_a_name_and_a_json_value() {
        for (text, json) in [
            ("level=3", r#"{"level":3}"#),
            (r#"plan="pro=1""#, r#"{"plan":"pro=1"}"#),
            (r#"a "b"={"c":[]}"#, r#"{"a \"b\"":{"c":[]}}"#),
        ] {
            assert_eq!(text.parse::<Claim>().unwrap().0, json.parse().unwrap());
        }
        for text in ["", "level", "=3", "plan=pro", "level=", r#"a=1,"b":2"#, r#"a=1},{"a":1"#] {
            assert!(text.parse::<Claim>().unwrap_err().starts_with("expected NAME=JSON"), "{text}");
        }
        assert!("iss=1".parse::<Claim>().unwrap_err().contains("\"iss\""));
    }
}
