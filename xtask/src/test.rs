//! `cargo xtask test`: sets up, runs the suites beside each other, and sums up.

use clap::{Args, ValueEnum};

use crate::failure::Failure;
use crate::length::Length;
use crate::schedule::Schedule;
use crate::suite::Suite;
use crate::workspace::Workspace;

/// Which suites to run, and how much each tries.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run only these suites
    suites: Vec<Suite>,
    /// Run everything: also every bundler and runtime, the bench command, outages, long histories and all rules broken on
    /// purpose, against the release build of the issuer
    #[arg(long)]
    all: bool,
}

/// Runs them.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    let length = Length::of(options.all);
    let is_wanted = |suite: &Suite| {
        if options.suites.is_empty() { suite.belongs_to(length) } else { options.suites.contains(suite) }
    };
    let suites = Suite::value_variants().iter().copied().filter(is_wanted).collect();
    Schedule::new(workspace, length, suites).run()?.sum_up()
}
