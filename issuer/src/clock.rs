//! The one source of the time.

use std::time::{Duration, SystemTime};

use hallpass_token::UnixSeconds;

/// Tells the time. Everything that needs it takes it as an argument or holds one of these.
pub(crate) trait Clock: Send + Sync {
    /// The time now, in whole seconds.
    fn now(&self) -> UnixSeconds;
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
}

/// How long something took, for the log.
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine for the time")]
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
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
