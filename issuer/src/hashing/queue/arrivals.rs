//! The rate at which work arrives in a lane.

use std::time::Duration;

/// The hashes that arrived in the current span and in the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Arrivals {
    began: Duration,
    current: u32,
    before: u32,
}

impl Arrivals {
    pub(super) fn add(&mut self, now: Duration, span: Duration, hashes: u32) {
        *self = self.at(now, span);
        self.current += hashes;
    }

    /// The hashes of the last `span`, as if those of the previous span had arrived evenly.
    pub(super) fn within(self, now: Duration, span: Duration) -> f64 {
        let Self { began, current, before } = self.at(now, span);
        let elapsed = now.saturating_sub(began).div_duration_f64(span);
        f64::from(before) * (1.0 - elapsed) + f64::from(current)
    }

    fn at(self, now: Duration, span: Duration) -> Self {
        let age = now.saturating_sub(self.began);
        if age < span {
            self
        } else if age < 2 * span {
            Self { began: self.began + span, current: 0, before: self.current }
        } else {
            Self { began: now, ..Self::default() }
        }
    }
}
