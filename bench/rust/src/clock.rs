//! The time, and how much of it this program's one thread has worked.

use std::fs;
use std::time::{Duration, Instant};

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "the rule guards the issuer's logic; a benchmark is a program of its own"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How long this thread has been on a processor, where the system tells (Linux, `proc_pid_schedstat`).
pub(crate) fn worked() -> Option<Duration> {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    statistics.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
