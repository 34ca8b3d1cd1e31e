//! The times that the steps of a key's life keep, each from what a verifier or another issuer may still hold.

use super::{Key, Purpose};

/// The numbers that all issuers of a ring share, in seconds. The ring carries the greatest that any issuer has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timing {
    /// How long a verifier keeps a key set, reckoned from when the issuer that served it had read the ring: the
    /// `Cache-Control` of an answer is that much less what has passed since.
    pub(crate) max_age: u64,
    /// How old an issuer's view of the ring may be; with an older one it does nothing until it has read again.
    pub(crate) lag: u64,
}

/// How long a retired key of refresh tokens is kept beyond all that is made with it, in seconds: a clock that is wrong by
/// less signs nobody out.
const KEPT: u64 = 24 * 60 * 60;

impl Timing {
    /// The greater of each.
    pub(crate) fn join(self, other: Self) -> Self {
        Self { max_age: self.max_age.max(other.max_age), lag: self.lag.max(other.lag) }
    }

    /// By how much a time in the ring may differ from when the change was there, by the clock of whoever reads it: two clocks
    /// differ by as much as `lag`, and a swap takes as long.
    pub(crate) fn skew(self) -> u64 {
        2 * self.lag
    }

    /// How lenient verifiers may be, and how wrong their clocks.
    pub(crate) fn tolerance(self) -> u64 {
        2 * self.lag
    }

    /// How long a key must have been in the ring before anything is made with it, for whoever has watched it all that time
    /// by a clock that never jumps. A set without it was read before, and is dropped `max_age` after; its answer may have
    /// been under way for as long as `lag`. A refresh token is only read by issuers.
    pub(crate) fn lead(self, purpose: Purpose) -> u64 {
        match purpose {
            Purpose::Signing(_) => self.max_age.saturating_add(self.lag),
            Purpose::RefreshTokens => self.lag,
        }
    }

    /// The same for whoever goes by the time at which another issuer says that it was published.
    pub(crate) fn lead_by_clock(self, purpose: Purpose) -> u64 {
        self.lead(purpose).saturating_add(self.skew())
    }

    /// How long a retired key stays: an issuer may use it until its view is too old, and what it made last must be good for
    /// its whole life.
    pub(crate) fn retention(self, key: &Key) -> u64 {
        let margin = match key.purpose {
            Purpose::Signing(_) => self.tolerance(),
            Purpose::RefreshTokens => KEPT,
        };
        [self.lag, key.longest_life, margin, self.skew()].into_iter().fold(0, u64::saturating_add)
    }
}
