//! One line for each step: its name, and how long it took.

use std::io::{Write, stdout};

use crate::process::Output;
use crate::stopwatch::Stopwatch;

/// A known number of steps, one after the other.
#[derive(Debug)]
pub(crate) struct Progress {
    done: usize,
    total: usize,
}

impl Progress {
    /// So many steps, none of them done.
    pub(crate) fn new(total: usize) -> Self {
        Self { done: 0, total }
    }

    /// Runs a step between two lines, or on one line if the step's output is kept.
    pub(crate) fn step<T, E>(
        &mut self,
        title: &str,
        output: Output,
        action: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin(title);
        if output == Output::Shown {
            println!();
        }
        // A closed terminal is noticed at the next line.
        let _ = stdout().flush();
        let stopwatch = Stopwatch::start();
        let result = action();
        let verdict = if result.is_ok() { "done in" } else { "failed after" };
        match output {
            Output::Kept => println!(" {verdict} {stopwatch}"),
            Output::Shown => println!("      {verdict} {stopwatch}"),
        }
        result
    }

    fn begin(&mut self, title: &str) {
        self.done += 1;
        print!("[{}/{}] {title} …", self.done, self.total);
    }
}
