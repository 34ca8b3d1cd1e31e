//! Waits until an instant, as precisely as the scheduler permits.

use std::io::Result;
use std::time::Instant;

#[cfg(target_os = "linux")]
pub(crate) use linux::Pacer;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::Pacer;

#[cfg(target_os = "linux")]
mod linux {
    use rustix::fd::OwnedFd;
    use rustix::io::Errno;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;
    use tokio::task::yield_now;

    use super::{Instant, Result};
    use crate::clock::now;

    /// A kernel timer.
    pub(crate) struct Pacer(AsyncFd<OwnedFd>);

    impl Pacer {
        pub(crate) fn new() -> Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            #[expect(unsafe_code, reason = "tokio cannot see that a descriptor stays open while it waits for it")]
            // SAFETY: an `OwnedFd` stays open while it exists; the `AsyncFd` owns it, and no code replaces it.
            let waiting = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE)? };
            Ok(Self(waiting))
        }

        /// Returns at this instant, or immediately if it has passed.
        pub(crate) async fn until(&mut self, moment: Instant) -> Result<()> {
            let wait = moment.saturating_duration_since(now());
            if wait.is_zero() {
                // Yield to other tasks, also if all instants have passed.
                yield_now().await;
                return Ok(());
            }
            let value = Timespec::try_from(wait).map_err(|_| Errno::OVERFLOW)?;
            let interval = Timespec { tv_sec: 0, tv_nsec: 0 };
            timerfd_settime(
                self.0.get_ref(),
                TimerfdTimerFlags::empty(),
                &Itimerspec { it_interval: interval, it_value: value },
            )?;
            // Setting the timer again clears its expirations, so no read is required.
            self.0.readable().await?.clear_ready();
            Ok(())
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use super::{Instant, Result};

    /// tokio's timer, with a resolution of one millisecond.
    pub(crate) struct Pacer;

    impl Pacer {
        pub(crate) fn new() -> Result<Self> {
            Ok(Self)
        }

        pub(crate) async fn until(&mut self, moment: Instant) -> Result<()> {
            tokio::time::sleep_until(moment.into()).await;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::now;

    #[test]
    fn it_never_returns_early_and_waits_again() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut pacer = Pacer::new().unwrap();
            for _ in 0..20 {
                let moment = now() + Duration::from_micros(1500);
                pacer.until(moment).await.unwrap();
                assert!(now() >= moment);
            }
            pacer.until(now() - Duration::from_secs(1)).await.unwrap();
        });
    }
}
