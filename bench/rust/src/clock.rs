//! The current time, and this thread's processor time.

use std::fs;
use std::time::{Duration, Instant};

/// The current time.
#[expect(clippy::disallowed_methods, reason = "the rule is for the issuer's logic, not for benchmarks")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// This thread's processor time, where the system reports it (Linux, `proc_pid_schedstat`).
pub(crate) fn worked() -> Option<Duration> {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    statistics.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
