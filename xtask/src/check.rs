//! `cargo xtask check`: the checks for while you write code. It needs neither npm nor wasm nor a release build.

use crate::failure::Failure;
use crate::process::{self, Output};
use crate::progress::Progress;
use crate::step;
use crate::suite::LIMIT;
use crate::workspace::Workspace;

/// Runs the checks one after the other, up to the first that fails.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let mut steps = step::quick_checks(workspace);
    steps.push(step::unit_tests(workspace));
    let mut progress = Progress::new(steps.len());
    for step in steps {
        if let Some(mut command) = step.command {
            progress.step(&step.title, Output::Kept, || process::run(&mut command, Output::Kept, LIMIT))?;
        }
    }
    Ok(())
}
