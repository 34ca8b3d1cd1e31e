//! The one source of the time.

use std::{
    sync::OnceLock,
    time::{Duration, Instant, SystemTime},
};

use hallpass_token::UnixSeconds;

/// Tells the time. Everything that needs it takes it as an argument or holds one of these.
pub(crate) trait Clock: Send + Sync {
    /// The time now, in whole seconds.
    fn now(&self) -> UnixSeconds;

    /// The moment now, for what lasts from one moment to another.
    fn moment(&self) -> Moment;
}

/// Milliseconds since the process began to count. Unlike the time of day it never jumps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// How long after `earlier` this is; 0 where it is not.
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
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine for the time")]
    fn now(&self) -> UnixSeconds {
        // A clock set before 1970 or after 9999 reads as the nearest time there is.
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
        UnixSeconds::EPOCH.saturating_add(since_epoch)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine for the time")]
    fn moment(&self) -> Moment {
        static BEGINNING: OnceLock<Instant> = OnceLock::new();
        let elapsed = BEGINNING.get_or_init(Instant::now).elapsed();
        Moment::from_millis(elapsed.as_millis().try_into().unwrap_or(u64::MAX))
    }
}

/// How long something took, for the log.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine for the time")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A time as RFC 3339 writes it, in UTC.
pub(crate) fn date(time: UnixSeconds) -> String {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(time.seconds());
    humantime::format_rfc3339_seconds(time).to_string()
}
