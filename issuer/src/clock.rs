//! The only source of time.

use std::{
    sync::OnceLock,
    time::{Duration, Instant, SystemTime},
};

use hallpass_token::UnixSeconds;

/// A clock. Code that needs the time takes it as an argument or holds a clock.
pub(crate) trait Clock: Send + Sync {
    /// The time of day, in whole seconds.
    fn now(&self) -> UnixSeconds;

    /// The monotonic time, for durations.
    fn moment(&self) -> Moment;
}

/// Monotonic time in milliseconds, from the first reading of the process. Unlike the time of day it never jumps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// The milliseconds since `earlier`; 0 if `earlier` is later.
    pub(crate) fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    pub(crate) fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    pub(crate) fn minus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_sub(millis))
    }
}

/// The clock of this machine.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the only file that reads the machine's clock")]
    fn now(&self) -> UnixSeconds {
        // A clock before 1970 or after 9999 reads as the nearest valid time.
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
        UnixSeconds::EPOCH.saturating_add(since_epoch)
    }

    #[expect(clippy::disallowed_methods, reason = "the only file that reads the machine's clock")]
    fn moment(&self) -> Moment {
        static BEGINNING: OnceLock<Instant> = OnceLock::new();
        let elapsed = BEGINNING.get_or_init(Instant::now).elapsed();
        Moment::from_millis(elapsed.as_millis().try_into().unwrap_or(u64::MAX))
    }
}

/// Measures a duration for the log.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the only file that reads the machine's clock")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A time in the format of RFC 3339, in UTC.
pub(crate) fn date(time: UnixSeconds) -> String {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(time.seconds());
    humantime::format_rfc3339_seconds(time).to_string()
}
