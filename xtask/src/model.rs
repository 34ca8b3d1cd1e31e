//! `cargo xtask model`: the rules of refresh against many random histories. The ordinary tests run a few thousand.

use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::process::{self, Output};
use crate::workspace::Workspace;

/// How long the build and the run may take: a million histories take one to two minutes.
const LIMIT: Duration = Duration::from_hours(1);

/// How much is tried.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many histories
    #[arg(long, default_value_t = 1_000_000)]
    histories: u64,
    /// The first seed, of which each leads through 10,000 histories; a failure names its own
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Runs it. The checker is a test of the issuer, since it drives the issuer's own functions.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    let mut command = workspace.cargo();
    command.args(["test", "--locked", "--release", "--package", "hallpass-issuer", "--lib"]);
    command.args(["--", "--nocapture", "session::model"]);
    command.env("HALLPASS_HISTORIES", options.histories.to_string());
    command.env("HALLPASS_SEED", options.seed.to_string());
    process::run(&mut command, Output::Shown, LIMIT)?;
    Ok(())
}
