//! `cargo xtask …`: the tasks of this repository that need logic.

mod bench;
mod check;
mod client;
mod crash;
mod demo;
mod failure;
mod freshness;
mod interrupt;
mod javascript;
mod keys;
mod length;
mod model;
mod module_text;
mod package;
mod port;
mod process;
mod progress;
mod report;
mod schedule;
mod setup;
mod step;
mod stopwatch;
mod suite;
mod tally;
mod task;
mod test;
mod toolchain;
mod wasm;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Failure;
use crate::workspace::Workspace;

/// The tasks of this repository that need logic.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Tasks,
}

#[derive(Debug, Subcommand)]
enum Tasks {
    /// Build the npm package in verifier-wasm/, ready for `npm pack`
    Package,
    /// Build everything and run the demo: issuer, edge worker and page, until Ctrl-C
    Demo(demo::Options),
    /// Check formatting, lints, structure and unit tests: a minute, while you write code
    Check,
    /// Run the test suites, each rule and each interface once, and sum up; `--all` adds the long runs
    Test(test::Options),
    /// Measure Hallpass and its peers; write the tables, bench/results.json and the plot
    Bench(bench::Options),
    /// Kill an issuer under load many times, and check that no acknowledged write is lost
    Crash(crash::Options),
    /// Check the rules of refresh in many random histories
    Model(model::Options),
    /// Check the session client in many random histories, against the real issuer
    Client(client::Options),
    /// Simulate months of the issuer's keys, before verifiers that sleep, lose the network and sit behind caches
    Keys(keys::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit_code()
        }
    }
}

fn run(task: Tasks) -> Result<(), Failure> {
    interrupt::listen()?;
    let workspace = Workspace::find()?;
    match task {
        Tasks::Package => package::run(&workspace),
        Tasks::Demo(options) => demo::run(&workspace, &options),
        Tasks::Check => check::run(&workspace),
        Tasks::Test(options) => test::run(&workspace, &options),
        Tasks::Bench(options) => bench::run(&workspace, &options),
        Tasks::Crash(options) => crash::run(&workspace, &options),
        Tasks::Model(options) => model::run(&workspace, &options),
        Tasks::Client(options) => client::run(&workspace, &options),
        Tasks::Keys(options) => keys::run(&workspace, &options),
    }
}
