//! The times between the steps of a key, derived from what verifiers and other issuers may still hold.

use super::{Key, Purpose};

/// The settings that all issuers of a ring share, in seconds. The ring has the maximum of all issuers' settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timing {
    /// How long a verifier keeps a key set, counted from the issuer's read of the ring. The `Cache-Control` of an
    /// answer subtracts the time since that read.
    pub(crate) max_age: u64,
    /// The maximum age of an issuer's view of the ring. An issuer with an older view reads the ring first.
    pub(crate) lag: u64,
}

/// How long a retired refresh token key is kept after its last token has expired, in seconds: a clock that is wrong by
/// less ends no session.
const KEPT: u64 = 24 * 60 * 60;

impl Timing {
    /// The maximum of each setting.
    pub(crate) fn join(self, other: Self) -> Self {
        Self { max_age: self.max_age.max(other.max_age), lag: self.lag.max(other.lag) }
    }

    /// The maximum difference between a time in the ring and the time of the change by the reader's clock: two clocks
    /// differ by up to `lag`, and a swap takes up to `lag`.
    pub(crate) fn skew(self) -> u64 {
        2 * self.lag
    }

    /// The sum of the verifiers' leeway and their clock error.
    pub(crate) fn tolerance(self) -> u64 {
        2 * self.lag
    }

    /// How long a key must be in the ring before its use, as observed by a monotonic clock. A set without the key was
    /// read before and is dropped after `max_age`; its answer may be under way for up to `lag`. Only issuers read
    /// refresh tokens.
    pub(crate) fn lead(self, purpose: Purpose) -> u64 {
        match purpose {
            Purpose::Signing(_) => self.max_age.saturating_add(self.lag),
            Purpose::RefreshTokens => self.lag,
        }
    }

    /// The same, by the publication time that another issuer wrote.
    pub(crate) fn lead_by_clock(self, purpose: Purpose) -> u64 {
        self.lead(purpose).saturating_add(self.skew())
    }

    /// How long a retired key stays: an issuer may use it until its view is too old, and its last token must be valid
    /// for its whole life.
    pub(crate) fn retention(self, key: &Key) -> u64 {
        let margin = match key.purpose {
            Purpose::Signing(_) => self.tolerance(),
            Purpose::RefreshTokens => KEPT,
        };
        [self.lag, key.longest_life, margin, self.skew()].into_iter().fold(0, u64::saturating_add)
    }
}
