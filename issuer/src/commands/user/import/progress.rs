//! The progress of an import on standard error: one line that changes on a terminal, else a line every 10 s.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use super::lines::LinePosition;

/// The period on a terminal, where a slower one would look stuck.
const ON_A_TERMINAL: Duration = Duration::from_millis(200);

/// The period elsewhere, such as in a log.
const ELSEWHERE: Duration = Duration::from_secs(10);

/// Returns to the start of a terminal's line, and erases it (ECMA-48).
const CLEAR: &str = "\r\x1b[K";

/// Prints the progress of an import. Failures to print are ignored.
pub(super) struct Progress {
    is_terminal: bool,
    /// The length of the file in bytes, if it is known.
    length: Option<u64>,
}

impl Progress {
    pub(super) fn new(length: Option<u64>) -> Self {
        Self { is_terminal: io::stderr().is_terminal(), length }
    }

    /// The time between two updates.
    pub(super) fn period(&self) -> Duration {
        if self.is_terminal { ON_A_TERMINAL } else { ELSEWHERE }
    }

    /// Prints the progress.
    pub(super) fn show(&self, reached: LinePosition) {
        let line = describe(reached, self.length);
        drop(if self.is_terminal { write!(io::stderr(), "{CLEAR}{line}") } else { writeln!(io::stderr(), "{line}") });
    }

    /// Prints a permanent line.
    pub(super) fn print(&self, text: &str) {
        let clear = if self.is_terminal { CLEAR } else { "" };
        drop(writeln!(io::stderr(), "{clear}{text}"));
    }

    /// Erases the line that changes.
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
    fn progress_is_in_lines_and_in_percent_of_a_known_length() {
        let reached = LinePosition { line: 1234, bytes: 500 };
        assert_eq!(describe(reached, Some(2000)), "lines done: 1234, 25 %");
        assert_eq!(describe(reached, None), "lines done: 1234");
        assert_eq!(describe(reached, Some(0)), "lines done: 1234");
    }
}
