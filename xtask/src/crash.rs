//! `cargo xtask crash`: an issuer under load is killed at random moments, and must lose nothing that it acknowledged.

use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::process::{self, Output};
use crate::task::{self, Task};
use crate::workspace::Workspace;

/// How long a kill may take with everything around it: most take half a second.
const LIMIT_PER_KILL: Duration = Duration::from_secs(10);

/// How much is killed.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often the issuer is killed
    #[arg(long, default_value_t = 100)]
    kills: u32,
    /// The seed of the random moments, as an earlier run has told it
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// Runs it. `tests/e2e/crash.test.js` does the same with a few kills.
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
