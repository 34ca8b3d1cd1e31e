//! `cargo xtask crash`: kills an issuer under load at random moments; no acknowledged write may be lost.

use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::process::{self, Output};
use crate::task::{self, Task};
use crate::workspace::Workspace;

/// The time limit of a kill, with the load and the restart around it: typical is half a second.
const LIMIT_PER_KILL: Duration = Duration::from_secs(10);

/// The number of kills, and their moments.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Number of kills
    #[arg(long, default_value_t = 100)]
    kills: u32,
    /// Seed of the random moments, as an earlier run printed it
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// Runs the kills. `cargo xtask test` runs a few of them.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    task::run_all(&[Task::Issuer], workspace)?;
    let mut command = workspace.program("node");
    command.args(["--test", "--test-reporter=spec", "tests/e2e/crash.test.js"]);
    command.env("HALLPASS_BIN", workspace.issuer());
    command.env("HALLPASS_CRASH_KILLS", options.kills.to_string());
    command.env("HALLPASS_CRASH_SEED", options.seed.to_string());
    process::run(&mut command, Output::Shown, LIMIT_PER_KILL * options.kills.max(6))?;
    Ok(())
}
