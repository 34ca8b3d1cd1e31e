//! The lines that say which step is running, and how long it took.

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
    /// Nothing done yet.
    pub(crate) fn new(total: usize) -> Self {
        Self { done: 0, total }
    }

    /// Runs a step between its two lines; it is one line where the step itself is quiet.
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
        // A terminal that is gone is noticed at the next line.
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

    /// Passes over a step, and says why.
    pub(crate) fn skip(&mut self, title: &str, reason: &str) {
        self.begin(title);
        println!(" {reason}");
    }

    fn begin(&mut self, title: &str) {
        self.done += 1;
        print!("[{}/{}] {title} …", self.done, self.total);
    }
}
