//! How much the tests try: each rule once, or the long runs too.

use std::path::PathBuf;
use std::process::Command;

use crate::task::Task;
use crate::workspace::Workspace;

/// The variable that tests read; its one value is `long`. `tests/support/length.js` reads it.
const VARIABLE: &str = "HALLPASS_TEST_LENGTH";

/// How much the tests try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// Each rule and each interface once, against an issuer of the dev profile: minutes.
    Short,
    /// Also long histories, all checkers against broken rules, outages and peers, against the release issuer.
    Long,
}

impl Length {
    /// The length that a `--all` asks for.
    pub(crate) fn of(all: bool) -> Self {
        if all { Self::Long } else { Self::Short }
    }

    /// Passes the length on to a command's tests.
    pub(crate) fn equip(self, command: &mut Command) {
        match self {
            Self::Short => command.env_remove(VARIABLE),
            Self::Long => command.env(VARIABLE, "long"),
        };
    }

    /// The step that builds the issuer under test. The release profile takes two minutes longer, and hashes are optimized in
    /// both.
    pub(crate) fn issuer_task(self) -> Task {
        match self {
            Self::Short => Task::DevPrograms,
            Self::Long => Task::Issuer,
        }
    }

    /// The issuer under test.
    pub(crate) fn issuer(self, workspace: &Workspace) -> PathBuf {
        match self {
            Self::Short => workspace.built("debug/hallpass"),
            Self::Long => workspace.issuer(),
        }
    }
}
