//! How far an import is, on standard error: one line that changes on a terminal, a line now and then elsewhere.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use super::lines::LinePosition;

/// Often enough on a terminal to look alive.
const ON_A_TERMINAL: Duration = Duration::from_millis(200);

/// Rare enough in a log.
const ELSEWHERE: Duration = Duration::from_secs(10);

/// Goes back to the beginning of a terminal's line, and empties it (ECMA-48).
const CLEAR: &str = "\r\x1b[K";

/// Says how far an import is. Where nobody can read it, the import goes on.
pub(super) struct Progress {
    is_terminal: bool,
    /// The length of the file in bytes, where it is known.
    length: Option<u64>,
}

impl Progress {
    pub(super) fn new(length: Option<u64>) -> Self {
        Self { is_terminal: io::stderr().is_terminal(), length }
    }

    /// How long until it is to be shown again.
    pub(super) fn period(&self) -> Duration {
        if self.is_terminal { ON_A_TERMINAL } else { ELSEWHERE }
    }

    /// Shows how far the import is.
    pub(super) fn show(&self, reached: LinePosition) {
        let line = describe(reached, self.length);
        drop(if self.is_terminal { write!(io::stderr(), "{CLEAR}{line}") } else { writeln!(io::stderr(), "{line}") });
    }

    /// Says something that stays.
    pub(super) fn tell(&self, text: &str) {
        let clear = if self.is_terminal { CLEAR } else { "" };
        drop(writeln!(io::stderr(), "{clear}{text}"));
    }

    /// Takes the line that changes away.
    pub(super) fn end(&self) {
        if self.is_terminal {
            drop(write!(io::stderr(), "{CLEAR}"));
        }
    }
}

fn describe(reached: LinePosition, length: Option<u64>) -> String {
    let percent = length.and_then(|length| (reached.bytes * 100).checked_div(length));
    let percent = percent.map(|percent| format!(", {percent} %")).unwrap_or_default();
    format!("lines done: {}{percent}", reached.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_in_lines_and_where_the_length_is_known_in_percent() {
        let reached = LinePosition { line: 1234, bytes: 500 };
        assert_eq!(describe(reached, Some(2000)), "lines done: 1234, 25 %");
        assert_eq!(describe(reached, None), "lines done: 1234");
        assert_eq!(describe(reached, Some(0)), "lines done: 1234");
    }
}
