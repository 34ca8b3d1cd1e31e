//! How many tests passed, failed and were skipped, read from the last lines of the test runners.

use std::fmt;
use std::ops::AddAssign;

use crate::failure::Failure;

/// The counts of one runner, one suite or all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u32,
    /// Tests that failed, timed out or were canceled.
    pub(crate) failed: u32,
    /// Tests that were skipped on purpose.
    pub(crate) skipped: u32,
}

impl Tally {
    /// The counts of a command that has ended; each is one test where the suite counts commands.
    pub(crate) fn of(result: &Result<String, Failure>, counts_commands: bool) -> Self {
        let tally = match result {
            Ok(_) | Err(_) if counts_commands => Self { passed: u32::from(result.is_ok()), ..Self::default() },
            Ok(output) => Self::read(output),
            Err(failure) => Self::read(failure.output()),
        };
        // A runner that fails without a failed test has crashed, or did not compile; and a run without a test is a failure.
        let is_broken = result.is_err() || tally.passed == 0;
        Self { failed: tally.failed.max(u32::from(is_broken)), ..tally }
    }

    /// Adds up every summary of cargo-nextest, cargo test and `node --test` (reporter `spec`) in the output.
    pub(crate) fn read(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output.lines().map(str::trim) {
            if let Some(summary) = line.strip_prefix("test result:") {
                tally.add_words(summary);
            } else if let Some((_, summary)) = line.strip_prefix("Summary [").and_then(|line| line.split_once(" run:"))
            {
                tally.add_words(summary);
            } else if let Some((word, number)) = line.strip_prefix("ℹ ").and_then(|line| line.split_once(' ')) {
                tally.add(number, word);
            }
        }
        tally
    }

    /// Adds the counts of a sentence such as `120 passed (2 slow), 1 failed, 1 timed out, 3 skipped`.
    fn add_words(&mut self, sentence: &str) {
        let mut number = "";
        for word in sentence.split([' ', ',', ';', '.', '(', ')']).filter(|word| !word.is_empty()) {
            self.add(number, word);
            number = word;
        }
    }

    fn add(&mut self, number: &str, word: &str) {
        let Ok(number) = number.parse::<u32>() else { return };
        match word {
            "passed" | "pass" => self.passed += number,
            // nextest writes `1 timed out` and `1 exec failed`.
            "failed" | "fail" | "timed" | "exec" | "cancelled" => self.failed += number,
            "skipped" | "ignored" | "todo" => self.skipped += number,
            _ => {}
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
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
        assert_eq!(Tally::of(&Err(failure("ℹ pass 3\nℹ fail 0")), false), tally(3, 1, 0));
        assert_eq!(Tally::of(&Err(failure("ℹ pass 3\nℹ fail 2")), false), tally(3, 2, 0));
    }

    #[test]
    fn a_run_without_a_passed_test_is_a_failure() {
        assert_eq!(Tally::of(&Ok(String::new()), false), tally(0, 1, 0));
        assert_eq!(Tally::of(&Ok("ℹ pass 0\nℹ skipped 2".to_owned()), false), tally(0, 1, 2));
    }

    #[test]
    fn a_check_counts_as_one_test_whatever_it_prints() {
        assert_eq!(Tally::of(&Ok("ℹ pass 3".to_owned()), true), tally(1, 0, 0));
        assert_eq!(Tally::of(&Err(failure("ℹ pass 3")), true), tally(0, 1, 0));
    }

    fn tally(passed: u32, failed: u32, skipped: u32) -> Tally {
        Tally { passed, failed, skipped }
    }

    #[test]
    fn nextest_is_read_from_its_summary_line() {
        let green = "        PASS [   0.004s] a b\n     Summary [   0.005s] 3 tests run: 3 passed, 1 skipped\n";
        assert_eq!(Tally::read(green), tally(3, 0, 1));
        let red = "     Summary [   2.1s] 9/10 tests run: 5 passed (2 slow, 1 flaky), 1 failed, 2 timed out, 1 exec failed, 0 skipped";
        assert_eq!(Tally::read(red), tally(5, 4, 0));
        assert_eq!(Tally::read("     Summary [   0.1s] 1 test run: 1 passed, 0 skipped"), tally(1, 0, 0));
    }

    #[test]
    fn cargo_test_is_added_up_over_its_binaries() {
        let output = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
                      test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.00s";
        assert_eq!(Tally::read(output), tally(5, 1, 1));
    }

    #[test]
    fn node_is_read_from_its_closing_lines() {
        let output = "✔ a test with 7 passed in its name (1.2ms)\nℹ tests 8\nℹ suites 0\nℹ pass 4\nℹ fail 1\n\
                      ℹ cancelled 1\nℹ skipped 1\nℹ todo 1\nℹ duration_ms 43.2";
        assert_eq!(Tally::read(output), tally(4, 2, 2));
    }

    #[test]
    fn output_without_a_summary_counts_nothing() {
        assert_eq!(Tally::read("error: could not compile `x`\n3 passed, 1 failed"), Tally::default());
    }

    #[test]
    fn skipped_tests_are_counted_where_there_are_some() {
        assert_eq!(tally(3, 0, 0).to_string(), "3 passed, 0 failed");
        assert_eq!(tally(3, 1, 2).to_string(), "3 passed, 1 failed, 2 skipped");
    }
}
