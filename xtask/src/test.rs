//! `cargo xtask test`: sets up, runs the suites one after the other whatever becomes of each, and sums up.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};

use crate::failure::Failure;
use crate::process::{self, Output};
use crate::progress::Progress;
use crate::stopwatch::Stopwatch;
use crate::suite::{Step, Suite};
use crate::tally::Tally;
use crate::task::Task;
use crate::workspace::Workspace;

/// Which suites to run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run only these
    suites: Vec<Suite>,
}

/// Runs them.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    let suites: Vec<_> = Suite::value_variants()
        .iter()
        .copied()
        .filter(|suite| options.suites.is_empty() || options.suites.contains(suite))
        .collect();
    let tasks: BTreeSet<_> = suites.iter().flat_map(|suite| suite.needs()).collect();
    let failed = set_up(workspace, tasks)?;

    // Looked up after the set-up: it may have installed what a command needs.
    let planned: Vec<_> = suites.into_iter().map(|suite| (suite, suite.steps(workspace))).collect();
    let mut progress = Progress::new(planned.iter().map(|(_, steps)| steps.len()).sum());
    let mut lines = Vec::new();
    let mut total = Tally::default();
    for (suite, steps) in planned {
        let stopwatch = Stopwatch::start();
        let unmet = suite.needs().into_iter().find(|task| failed.contains(task));
        let tally = run_suite(suite, steps, unmet, &mut progress)?;
        let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
        lines.push(format!("  {:<20} {verdict:<6}  {:<36} {stopwatch:>6}", suite.title(), tally.to_string()));
        total += tally;
    }
    println!("\n{}\n\n{total}", lines.join("\n"));
    if total.failed == 0 { Ok(()) } else { Err(Failure::Tests) }
}

/// Does what is needed, and tells what could not be done: only the suites that need it fail by it.
fn set_up(workspace: &Workspace, tasks: BTreeSet<Task>) -> Result<BTreeSet<Task>, Failure> {
    let needed: Vec<_> = tasks.into_iter().filter(|task| task.is_needed(workspace)).collect();
    let mut progress = Progress::new(needed.len());
    let mut failed = BTreeSet::new();
    for task in needed {
        match progress.step(task.title(), task.output(), || task.run(workspace)) {
            Ok(()) => {}
            Err(Failure::Interrupted) => return Err(Failure::Interrupted),
            Err(failure) => {
                failure.report();
                failed.insert(task);
            }
        }
    }
    Ok(failed)
}

fn run_suite(suite: Suite, steps: Vec<Step>, unmet: Option<Task>, progress: &mut Progress) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    for step in steps {
        let title = format!("{}: {}", suite.title(), step.title);
        match (unmet, step.command) {
            (Some(task), _) => progress.skip(&title, &format!("not run, since this failed: {}", task.title())),
            (None, None) => {
                progress.skip(&title, "skipped, since it is not installed");
                tally.skipped += 1;
            }
            (None, Some(mut command)) => {
                let result =
                    progress.step(&title, Output::Kept, || process::run(&mut command, Output::Kept, suite.limit()));
                tally += judge(suite, result)?;
            }
        }
    }
    if tally.passed + tally.failed == 0 {
        // A run that found nothing must not be green.
        println!("{}: no test was run", suite.title());
        tally.failed = 1;
    }
    Ok(tally)
}

/// What a command's end says about its tests; an interrupt ends everything.
fn judge(suite: Suite, result: Result<String, Failure>) -> Result<Tally, Failure> {
    match result {
        Ok(_) if suite.counts_commands() => Ok(Tally { passed: 1, ..Tally::default() }),
        Ok(output) => Ok(Tally::read(&output)),
        Err(Failure::Interrupted) => Err(Failure::Interrupted),
        Err(failure) => {
            failure.report();
            let tally = if suite.counts_commands() { Tally::default() } else { Tally::read(failure.output()) };
            // A runner that fails without counting a failure has failed all the same: it crashed, or did not compile.
            Ok(Tally { failed: tally.failed.max(1), ..tally })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(output: &str) -> Failure {
        Failure::Command { command: "x".to_owned(), ending: "exit status: 1".to_owned(), output: output.to_owned() }
    }

    #[test]
    fn a_failed_command_is_a_failed_test_even_if_it_counted_none() {
        let tally = judge(Suite::Node, Err(failure("ℹ pass 3\nℹ fail 0"))).unwrap();
        assert_eq!(tally, Tally { passed: 3, failed: 1, skipped: 0 });
    }

    #[test]
    fn a_check_counts_once_whatever_it_says() {
        let green = judge(Suite::Checks, Ok("ℹ pass 3".to_owned())).unwrap();
        assert_eq!(green, Tally { passed: 1, failed: 0, skipped: 0 });
        let red = judge(Suite::Checks, Err(failure("ℹ pass 3"))).unwrap();
        assert_eq!(red, Tally { passed: 0, failed: 1, skipped: 0 });
    }

    #[test]
    fn an_interrupt_ends_the_run() {
        assert!(matches!(judge(Suite::Rust, Err(Failure::Interrupted)), Err(Failure::Interrupted)));
    }
}
