//! `cargo xtask client`: the session client in many random histories. `cargo xtask test` runs a hundred, with `--all` two hundred.

use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::process::{self, Output};
use crate::task::{self, Task};
use crate::workspace::Workspace;

/// The time limit of the run: a thousand histories take one to two minutes.
const LIMIT: Duration = Duration::from_hours(6);

/// The steps that must be done, besides the package.
const NEEDS: [Task; 2] = [Task::Issuer, Task::Faketime];

/// The number of histories, and the first.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Number of histories
    #[arg(long, default_value_t = 10_000)]
    histories: u64,
    /// Seed of the first history; a failure prints its own
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Runs the histories, of the real client against the real issuer.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    task::run_all(&[&Task::PACKAGE[..], &NEEDS].concat(), workspace)?;
    let mut command = workspace.program("node");
    command.args(["--test-name-pattern=random histories", "tests/simulation/client/histories.test.js"]);
    command.env("HALLPASS_BIN", workspace.issuer());
    command.env("HALLPASS_CLIENT_HISTORIES", options.histories.to_string());
    command.env("HALLPASS_SEED", options.seed.to_string());
    process::run(&mut command, Output::Shown, LIMIT)?;
    Ok(())
}
