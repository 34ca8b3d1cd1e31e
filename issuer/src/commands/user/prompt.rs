//! Prompts for passwords and confirmations.

use std::{
    io::{self, BufRead, IsTerminal as _, Read as _, Write as _},
    mem,
};

use zeroize::{Zeroize as _, Zeroizing};

use super::UserError;
use crate::{
    password::{InvalidPassword, MAX_TYPED_BYTES, NewPassword, WeakPassword},
    user::Username,
};

/// Reads a user's new password: the only line of standard input, without its line end. On a terminal, the line end is the end
/// of the input.
pub(super) fn read_password(username: &Username) -> Result<NewPassword, UserError> {
    let mut stdin = io::stdin().lock();
    let mut line = Zeroizing::new(first_line(&mut stdin)?);
    if !stdin.is_terminal() {
        expect_end(&mut stdin)?;
    }
    Ok(NewPassword::choose(mem::take(&mut *line), username.as_str())?)
}

/// Fails if more input follows: it would be lost, and can be a part of the password.
fn expect_end(input: &mut impl BufRead) -> Result<(), UserError> {
    if input.fill_buf().map_err(UserError::Input)?.is_empty() { Ok(()) } else { Err(UserError::SecondLine) }
}

/// The first line. A line longer than any password is an error, also if it is cut within a character.
fn first_line(input: &mut impl BufRead) -> Result<String, UserError> {
    // The longest password, the line end, and one byte that shows that a line is too long. With this capacity the buffer is
    // never reallocated, which would leave a copy in memory.
    let max = MAX_TYPED_BYTES + 3;
    let mut line = Zeroizing::new(Vec::with_capacity(max));
    input.take(max as u64).read_until(b'\n', &mut line).map_err(UserError::Input)?;
    let end = line.strip_suffix(b"\n").map_or(&line[..], |line| line.strip_suffix(b"\r").unwrap_or(line)).len();
    if end > MAX_TYPED_BYTES {
        return Err(WeakPassword::Invalid(InvalidPassword::TooLong).into());
    }
    line.truncate(end);
    if line.contains(&b'\r') || line.contains(&0) || line.starts_with(b"\xef\xbb\xbf") {
        return Err(UserError::NotPlain);
    }
    String::from_utf8(mem::take(&mut *line)).map_err(|error| {
        error.into_bytes().zeroize();
        UserError::Input(io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
    })
}

/// Prompts for a user's new password.
pub(super) fn prompt_password(username: &Username) -> Result<NewPassword, UserError> {
    if !io::stdin().is_terminal() {
        return Err(UserError::NoTerminal("--password-stdin"));
    }
    let first = rpassword::prompt_password("Password: ").map_err(UserError::Input)?;
    let second = rpassword::prompt_password("Password again: ").map_err(UserError::Input)?;
    if first != second {
        return Err(UserError::PasswordsDiffer);
    }
    Ok(NewPassword::choose(first, username.as_str())?)
}

/// Prompts for the confirmation of a deletion.
pub(super) fn confirm_deletion(username: &Username) -> Result<(), UserError> {
    if !io::stdin().is_terminal() {
        return Err(UserError::NoTerminal("--yes"));
    }
    let mut terminal = io::stderr();
    write!(terminal, "Delete the user {username} and end the user's sessions? [y/N] ").map_err(UserError::Input)?;
    let mut answer = String::new();
    io::stdin().lock().take(16).read_line(&mut answer).map_err(UserError::Input)?;
    let is_yes = ["y", "yes"].contains(&answer.trim().to_lowercase().as_str());
    if is_yes { Ok(()) } else { Err(UserError::NotConfirmed(username.clone())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, String> {
        first_line(&mut &*bytes).map_err(|error| error.to_string())
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_as_such_wherever_it_is_cut() {
        let too_long = WeakPassword::Invalid(InvalidPassword::TooLong).to_string();
        for lead in 0..4 {
            let line = format!("{}{}", "x".repeat(lead), "\u{1f980}".repeat(2000));
            assert_eq!(read(line.as_bytes()), Err(too_long.clone()), "after {lead}");
        }
        let longest = "x".repeat(MAX_TYPED_BYTES);
        for end in ["", "\n", "\r\n", "\nmore"] {
            assert_eq!(read(format!("{longest}{end}").as_bytes()), Ok(longest.clone()), "{end:?}");
            assert_eq!(read(format!("{longest}x{end}").as_bytes()), Err(too_long.clone()), "{end:?}");
        }
    }

    #[test]
    fn nothing_may_follow_the_line() {
        for (rest, is_end) in [("", true), ("\n", false), ("second\n", false)] {
            let text = format!("first\n{rest}");
            let mut input = text.as_bytes();
            first_line(&mut input).unwrap();
            assert_eq!(expect_end(&mut input).is_ok(), is_end, "{rest:?}");
        }
    }

    #[test]
    fn a_line_is_text() {
        for end in ["", "\n", "\r\n", "\nnext", "\n\n"] {
            assert_eq!(read(format!("two words {end}").as_bytes()), Ok("two words ".to_owned()), "{end:?}");
        }
        for text in ["pass\rword\n", "password\r", "password\r\r\n", "p\0a\0s\0s\0\n", "\u{feff}password\n"] {
            assert_eq!(read(text.as_bytes()), Err(UserError::NotPlain.to_string()), "{text:?}");
        }
        assert_eq!(read(b""), Ok(String::new()));
        assert_eq!(read(b"\xff\n"), Err("cannot read the input: it is not UTF-8".to_owned()));
    }
}
