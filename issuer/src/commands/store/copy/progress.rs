//! The progress of a copy, on a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use crate::clock::Stopwatch;

/// The progress of a copy.
pub(super) struct Progress {
    what: &'static str,
    expected: u64,
    is_terminal: bool,
    shown: Stopwatch,
}

impl Progress {
    pub(super) fn new(what: &'static str, expected: u64) -> Self {
        Self { what, expected, is_terminal: io::stderr().is_terminal(), shown: Stopwatch::start() }
    }

    pub(super) fn show(&mut self, done: u64) -> io::Result<()> {
        if !self.is_terminal || (self.shown.elapsed().as_secs() < 1 && done < self.expected) {
            return Ok(());
        }
        self.shown = Stopwatch::start();
        let end = if done < self.expected { "\r" } else { "\n" };
        write!(io::stderr(), "{} copied: {done} of {}{end}", self.what, self.expected)
    }
}
