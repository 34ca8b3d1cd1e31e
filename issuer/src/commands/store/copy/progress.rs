//! How far a copy is, on a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use crate::clock::Stopwatch;

/// How far a copy is, for a person who looks on.
pub(super) struct Progress {
    what: &'static str,
    expected: u64,
    is_watched: bool,
    shown: Stopwatch,
}

impl Progress {
    pub(super) fn new(what: &'static str, expected: u64) -> Self {
        Self { what, expected, is_watched: io::stderr().is_terminal(), shown: Stopwatch::start() }
    }

    pub(super) fn show(&mut self, done: u64) -> io::Result<()> {
        if !self.is_watched || (self.shown.elapsed().as_secs() < 1 && done < self.expected) {
            return Ok(());
        }
        self.shown = Stopwatch::start();
        let end = if done < self.expected { "\r" } else { "\n" };
        write!(io::stderr(), "{} copied: {done} of {}{end}", self.what, self.expected)
    }
}
