//! What the person at the terminal is asked.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use super::UsersError;
use crate::{
    password::{MAX_PASSWORD_BYTES, NewPassword},
    user::Username,
};

/// Reads the password that a user is to have: the first line of standard input, without its end.
pub(super) fn read_password(username: &Username) -> Result<NewPassword, UsersError> {
    // One byte more than a password may have, and the line's end, tell a password that is too long from one that fits.
    let mut line = String::new();
    io::stdin().lock().take(MAX_PASSWORD_BYTES as u64 + 3).read_line(&mut line).map_err(UsersError::Input)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(NewPassword::choose(line, username.as_str())?)
}

/// Asks for the password that a user is to have.
pub(super) fn ask_password(username: &Username) -> Result<NewPassword, UsersError> {
    if !io::stdin().is_terminal() {
        return Err(UsersError::NoTerminal("--password-stdin"));
    }
    let first = rpassword::prompt_password("Password: ").map_err(UsersError::Input)?;
    let second = rpassword::prompt_password("The same again: ").map_err(UsersError::Input)?;
    if first != second {
        return Err(UsersError::PasswordsDiffer);
    }
    Ok(NewPassword::choose(first, username.as_str())?)
}

/// Asks whether a user is to go.
pub(super) fn confirm_deletion(username: &Username) -> Result<(), UsersError> {
    if !io::stdin().is_terminal() {
        return Err(UsersError::NoTerminal("--yes"));
    }
    let mut terminal = io::stderr();
    write!(terminal, "Delete the user {username} and end their sessions? [y/N] ").map_err(UsersError::Input)?;
    let mut answer = String::new();
    io::stdin().lock().take(16).read_line(&mut answer).map_err(UsersError::Input)?;
    let is_yes = ["y", "yes"].contains(&answer.trim().to_lowercase().as_str());
    if is_yes { Ok(()) } else { Err(UsersError::NotConfirmed(username.clone())) }
}
