//! Points in time as in JSON Web Tokens (RFC 7519 §2, `NumericDate`).

use std::fmt;

/// The last second of the year 9999, the last one that RFC 3339 can represent.
const LAST: u64 = 253_402_300_799;

/// Whole seconds since 1970-01-01T00:00:00Z, up to the end of the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(u64);

/// A time after the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time must be whole seconds between 0 and {LAST} (the end of the year 9999)")]
pub struct TimeOutOfRange;

impl UnixSeconds {
    /// The earliest time, 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The latest time, the last second of the year 9999.
    pub const MAX: Self = Self(LAST);

    /// Takes seconds since 1970-01-01T00:00:00Z.
    pub const fn new(seconds: u64) -> Result<Self, TimeOutOfRange> {
        if seconds > LAST { Err(TimeOutOfRange) } else { Ok(Self(seconds)) }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// This time plus `seconds`, at most the end of the year 9999.
    #[must_use]
    pub const fn saturating_add(self, seconds: u64) -> Self {
        let sum = self.0.saturating_add(seconds);
        Self(if sum > LAST { LAST } else { sum })
    }

    /// Seconds from `earlier` to this time; zero if `earlier` is later, for example after a clock that jumped back.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_ends_with_the_year_9999() {
        assert_eq!(UnixSeconds::new(LAST).unwrap().seconds(), LAST);
        assert_eq!(UnixSeconds::new(LAST + 1), Err(TimeOutOfRange));
        assert_eq!(UnixSeconds::new(LAST).unwrap().saturating_add(u64::MAX).seconds(), LAST);
    }

    #[test]
    fn a_clock_that_jumped_back_counts_as_zero_seconds() {
        let now = UnixSeconds::new(100).unwrap();
        assert_eq!(now.seconds_since(now.saturating_add(7)), 0);
        assert_eq!(now.saturating_add(7).seconds_since(now), 7);
    }
}
