//! `cargo xtask bench`: sets up, measures each part, and writes the tables, the plot and the README's figures.

mod backend;
mod part;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::bench::part::{LIMIT_OF_A_PART, Part};
use crate::failure::Failure;
use crate::process::{self, Output};
use crate::progress::Progress;
use crate::setup::LIMIT;
use crate::task;
use crate::workspace::Workspace;

/// Which parts to run, and how.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run only these parts; bench/results.json keeps the other parts' figures
    parts: Vec<Part>,
    /// Run briefly, to check that every part works; discard the figures
    #[arg(long)]
    quick: bool,
    /// Replace a part's figures even if the new ones are incomplete, for example because `PostgreSQL` is missing
    #[arg(long, conflicts_with = "quick")]
    replace: bool,
}

/// Runs the parts one after the other: beside each other, they would distort the figures.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    warn_of_compiler_flags();
    let parts: Vec<_> = Part::value_variants()
        .iter()
        .copied()
        .filter(|part| options.parts.is_empty() || options.parts.contains(part))
        .collect();
    let tasks: BTreeSet<_> = parts.iter().flat_map(|part| part.needs()).collect();
    task::run_all(&Vec::from_iter(tasks), workspace)?;

    let folder = workspace.built("bench-results");
    fs::create_dir_all(&folder).map_err(|source| Failure::File { path: folder.clone(), source })?;
    let mut progress = Progress::new(parts.len());
    let mut results = Vec::new();
    for part in parts {
        let file = folder.join(format!("{}.json", part.name()));
        let mut command = part.command(workspace)?;
        command.arg("--out").arg(&file).args(options.quick.then_some("--quick"));
        progress.step(part.title(), Output::Shown, || process::run(&mut command, Output::Shown, LIMIT_OF_A_PART))?;
        results.push(file);
    }
    report(workspace, options, &results)
}

/// Prints the tables; a complete run also writes the figures, the plot and the README's table.
fn report(workspace: &Workspace, options: &Options, results: &[PathBuf]) -> Result<(), Failure> {
    let mut command = workspace.program("node");
    command.arg("bench/report.js").args(results);
    if options.quick {
        command.arg("--keep-in").arg(workspace.built("bench-results"));
    }
    command.args(options.replace.then_some("--replace"));
    process::run(&mut command, Output::Shown, LIMIT)?;
    Ok(())
}

/// Flags from the environment replace those of `.cargo/config.toml` without a warning by cargo.
fn warn_of_compiler_flags() {
    for (name, value) in env::vars() {
        if name.ends_with("RUSTFLAGS") && !value.is_empty() {
            eprintln!("warning: {name} replaces the project's compiler flags; unset it to measure the project's build");
        }
    }
}
