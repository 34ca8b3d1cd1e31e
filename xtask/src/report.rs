//! What the terminal shows of a test run: one line when a unit starts, one when it ends, the output of failures, a summary.

use std::collections::BTreeMap;
use std::io::{Write, stdout};
use std::time::Duration;

use crate::failure::Failure;
use crate::stopwatch::Stopwatch;
use crate::suite::Suite;
use crate::tally::Tally;

/// The results of a run.
#[derive(Debug)]
pub(crate) struct Report {
    since: Stopwatch,
    setup_failed: bool,
    setup_time: Duration,
    suites: BTreeMap<Suite, (Tally, Duration)>,
}

impl Report {
    /// The report of a run that starts now.
    pub(crate) fn start() -> Self {
        Self { since: Stopwatch::start(), setup_failed: false, setup_time: Duration::ZERO, suites: BTreeMap::new() }
    }

    /// A unit has started.
    pub(crate) fn started(&self, title: &str) {
        self.line(&format!("{title} …"));
    }

    /// A unit does not run, since something that it needs has failed.
    pub(crate) fn not_run(&self, title: &str) {
        self.line(&format!("{title}: NOT RUN, since the set-up failed"));
    }

    /// A step of a suite does not run, since its tool is missing.
    pub(crate) fn skip(&mut self, suite: Suite, title: &str) {
        self.line(&format!("{}: {title}: skipped, since it is not installed", suite.name()));
        self.add(suite, Tally { skipped: 1, ..Tally::default() }, Duration::ZERO);
    }

    /// A suite fails without a test of its own.
    pub(crate) fn fail(&mut self, suite: Suite) {
        self.add(suite, Tally { failed: 1, ..Tally::default() }, Duration::ZERO);
    }

    /// A step of the set-up has ended; whether it succeeded.
    pub(crate) fn set_up(&mut self, title: &str, stopwatch: Stopwatch, result: Result<String, Failure>) -> bool {
        self.setup_time += stopwatch.elapsed();
        match result {
            Ok(_) => {
                self.line(&format!("{title}: done in {stopwatch}"));
                true
            }
            Err(failure) => {
                self.line(&format!("{title}: FAILED after {stopwatch}"));
                failure.report();
                self.setup_failed = true;
                false
            }
        }
    }

    /// A step of a suite has ended.
    pub(crate) fn tested(&mut self, suite: Suite, title: &str, stopwatch: Stopwatch, result: Result<String, Failure>) {
        let tally = Tally::of(&result, suite.counts_commands());
        let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
        self.line(&format!("{}: {title}: {verdict}, {tally} in {stopwatch}", suite.name()));
        if let Err(failure) = result {
            failure.report();
        }
        self.add(suite, tally, stopwatch.elapsed());
    }

    /// Prints the summary; an error if a test failed.
    pub(crate) fn sum_up(self) -> Result<(), Failure> {
        let mut total = Tally::default();
        println!();
        for (suite, (tally, time)) in &self.suites {
            let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
            let seconds = time.as_secs_f64().round();
            println!("  {:<10} {verdict:<6}  {:<36} {seconds:>5} s", suite.name(), tally.to_string());
            total += *tally;
        }
        println!("  {:<10} {:<6}  {:<36} {:>5} s", "set-up", "", "", self.setup_time.as_secs_f64().round());
        println!("\n{total} in {}", clock(self.since.elapsed()));
        if total.failed == 0 && !self.setup_failed { Ok(()) } else { Err(Failure::Tests) }
    }

    fn add(&mut self, suite: Suite, tally: Tally, time: Duration) {
        let sum = self.suites.entry(suite).or_default();
        sum.0 += tally;
        sum.1 += time;
    }

    fn line(&self, text: &str) {
        println!("[{:>5}] {text}", clock(self.since.elapsed()));
        // A closed terminal is noticed at the next line.
        let _ = stdout().flush();
    }
}

/// Minutes and seconds.
fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}
