//! The one source of the time of day in this crate.

use std::time::SystemTime;

use hallpass_token::UnixSeconds;

/// The time now. A clock set before 1970 or after 9999 reads as the nearest time there is.
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine for the time")]
pub(crate) fn system_clock() -> UnixSeconds {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    UnixSeconds::EPOCH.saturating_add(since_epoch)
}
