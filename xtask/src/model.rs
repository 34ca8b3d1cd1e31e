//! `cargo xtask model`: checks the rules of refresh in many random histories. `cargo xtask test` runs 3,000.

use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::process::{self, Output};
use crate::workspace::Workspace;

/// The time limit of build and run: a million histories take one to two minutes.
const LIMIT: Duration = Duration::from_hours(1);

/// The number of histories, and the first.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Number of histories
    #[arg(long, default_value_t = 1_000_000)]
    histories: u64,
    /// First seed; each seed makes 10,000 histories, and a failure prints its own
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Runs the checker. It is a test of the issuer, since it calls the issuer's own functions.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    let mut command = workspace.cargo();
    command.args(["test", "--locked", "--release", "--package", "hallpass-issuer", "--lib"]);
    command.args(["--", "--nocapture", "session::model"]);
    command.env("HALLPASS_HISTORIES", options.histories.to_string());
    command.env("HALLPASS_SEED", options.seed.to_string());
    process::run(&mut command, Output::Shown, LIMIT)?;
    Ok(())
}
