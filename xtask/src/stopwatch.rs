//! Durations: the only module of this crate that reads the clock.

use std::fmt;
use std::time::{Duration, Instant};

/// A running stopwatch; it displays as whole seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "the rule protects the issuer's logic; a task only measures itself")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

impl fmt::Display for Stopwatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.elapsed().as_secs_f64().round())
    }
}
