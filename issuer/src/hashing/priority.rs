//! Idle priority for the hashing threads, and the CPU time that they get.

#[cfg(target_os = "linux")]
use std::time::Duration;

/// Lets every other thread run first: answers without a hash are quick and must not wait.
///
/// A thread of `SCHED_IDLE` yields its core as soon as another thread wants it. A nice thread runs on for some milliseconds: in
/// a flood of sign-ins on two cores the slowest answers took several times as long with niceness 19.
#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "no crate in the tree wraps this call; it takes a number and a structure that outlives it"
)]
pub(super) fn enter_idle_priority() {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: 0 is the calling thread, and the pointer is to a local that is only read.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters) };
    if result != 0 {
        let error = std::io::Error::last_os_error();
        tracing::warn!(%error, "idle priority was refused: the hashing threads run at normal priority");
    }
}

/// Other systems have no such priority: their own scheduling decides.
#[cfg(not(target_os = "linux"))]
pub(super) fn enter_idle_priority() {}

/// The CPU time of the calling thread since the start.
#[cfg(target_os = "linux")]
pub(super) struct OnCore(Duration);

#[cfg(target_os = "linux")]
impl OnCore {
    pub(super) fn start() -> Self {
        Self(on_core())
    }

    pub(super) fn elapsed(&self) -> Duration {
        on_core().saturating_sub(self.0)
    }
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no crate in the tree wraps this call; it fills a structure that outlives it")]
fn on_core() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a local that is only written.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    // Neither is negative.
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// On other systems no thread enters idle priority and starves: the elapsed time counts as CPU time.
#[cfg(not(target_os = "linux"))]
pub(super) type OnCore = crate::clock::Stopwatch;
