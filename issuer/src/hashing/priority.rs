//! How the threads that hash step back behind all others, and how much of a core they get there.

#[cfg(target_os = "linux")]
use std::time::Duration;

/// Lets every other thread go first: answers that need no hash are quick and must not wait.
///
/// A thread of `SCHED_IDLE` gives up its core the moment another one wants it. One that is merely nice runs on for some
/// milliseconds: in a flood of sign-ins on two cores the slowest answers took several times as long with niceness 19.
#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "no crate in the tree wraps this call; it takes a number and a structure that outlives it"
)]
pub(super) fn step_back() {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: 0 is the calling thread, and the pointer is to a local that is only read.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters) };
    if result != 0 {
        let error = std::io::Error::last_os_error();
        tracing::warn!(%error, "the hashing threads run with the priority of the others");
    }
}

/// Elsewhere the system's own scheduling has to do.
#[cfg(not(target_os = "linux"))]
pub(super) fn step_back() {}

/// How long the calling thread has had a core since.
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

/// Elsewhere no thread steps back, so that none starves for it: as if it had a core all the time.
#[cfg(not(target_os = "linux"))]
pub(super) type OnCore = crate::clock::Stopwatch;
