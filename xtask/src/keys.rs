//! `cargo xtask keys`: simulates months of the issuer's keys before the real verifier. `cargo xtask test` simulates five days.

use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::length::Length;
use crate::process::{self, Output};
use crate::task::{self, Task};
use crate::workspace::Workspace;

/// The time limit of the run: a month takes about a minute.
const LIMIT: Duration = Duration::from_hours(6);

/// The number of months, and the first.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Number of months
    #[arg(long, default_value_t = 10)]
    histories: u64,
    /// Seed of the first month; a failure prints its own
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Runs the months: the issuer's rules and signatures, the real verifier and, for comparison, `jose`.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    task::run_all(&Task::PACKAGE, workspace)?;
    let mut command = workspace.program("node");
    command.args(["--test-name-pattern=days refuse|with jose", "tests/simulation/keys/histories.test.js"]);
    Length::Long.equip(&mut command);
    command.env("HALLPASS_KEY_HISTORIES", options.histories.to_string());
    command.env("HALLPASS_KEY_DAYS", "30");
    command.env("HALLPASS_SEED", options.seed.to_string());
    process::run(&mut command, Output::Shown, LIMIT)?;
    Ok(())
}
