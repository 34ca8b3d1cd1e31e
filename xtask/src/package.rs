//! `cargo xtask package`: the npm package in `verifier-wasm/`, ready for `npm pack`.

use crate::failure::Failure;
use crate::task::{self, Task};
use crate::workspace::Workspace;

/// Builds the package.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    task::run_all(&Task::PACKAGE, workspace)?;
    println!("verifier-wasm/ is ready: npm pack --workspace verifier-wasm");
    Ok(())
}
