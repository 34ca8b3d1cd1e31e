//! The only source of wall-clock time in this crate.

use std::time::SystemTime;

use hallpass_token::UnixSeconds;

/// The current time. A clock before 1970 or after 9999 gives the nearest valid time.
#[expect(clippy::disallowed_methods, reason = "the only place that reads the machine's clock")]
pub(crate) fn system_clock() -> UnixSeconds {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    UnixSeconds::EPOCH.saturating_add(since_epoch)
}
