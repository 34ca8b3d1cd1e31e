//! `cargo xtask keys`: months of the issuer's keys before the real verifier. The ordinary tests live through five days.

use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::process::{self, Output};
use crate::task::{self, Task};
use crate::workspace::Workspace;

/// How long the run may take: a month takes about a minute.
const LIMIT: Duration = Duration::from_hours(6);

/// How much is tried.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many months
    #[arg(long, default_value_t = 10)]
    histories: u64,
    /// The seed of the first; a failure names its own
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Runs it. The issuer's own rules and signatures are in it, and the real verifier; and `jose`, for comparison.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    task::run_all(&Task::PACKAGE, workspace)?;
    let mut command = workspace.program("node");
    command.args(["--test-name-pattern=days refuse|by jose", "tests/simulation/keys/histories.test.js"]);
    command.env("HALLPASS_KEY_HISTORIES", options.histories.to_string());
    command.env("HALLPASS_KEY_DAYS", "30");
    command.env("HALLPASS_SEED", options.seed.to_string());
    process::run(&mut command, Output::Shown, LIMIT)?;
    Ok(())
}
