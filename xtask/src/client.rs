//! `cargo xtask client`: the session client in many random histories. The ordinary tests run two hundred.

use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::process::{self, Output};
use crate::task::{self, Task};
use crate::workspace::Workspace;

/// How long the run may take: a thousand histories take a minute or two.
const LIMIT: Duration = Duration::from_hours(6);

/// What must be there.
const NEEDS: [Task; 2] = [Task::Issuer, Task::Faketime];

/// How much is tried.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many histories
    #[arg(long, default_value_t = 10_000)]
    histories: u64,
    /// The seed of the first; a failure names its own
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Runs it. The real client is in it, and the real issuer.
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
