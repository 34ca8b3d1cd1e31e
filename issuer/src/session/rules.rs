//! The operator's settings for refresh, and the meaning of the time since the last rotation.

/// The lifetimes of sessions, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// The maximum time without a rotation.
    pub(crate) idle: u64,
    /// The maximum time since the sign-in.
    pub(crate) absolute: u64,
}

/// The settings of the rules, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) lifetimes: Lifetimes,
    /// The grace G: how long after a rotation the previous token gets the same successor again. An honest exchange,
    /// from request to answer, must take at most half of it. Zero is the strict mode: every use rotates, and every
    /// retry is a late retry.
    pub(crate) grace: u64,
    /// The late window W: how long after a rotation the previous token gets another successor. Zero means never.
    pub(crate) late_window: u64,
}

/// The age of the last rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// A concurrent request may still be under way.
    Grace,
    /// The answer to a concurrent request may still be under way, for this many more seconds.
    Settling { seconds: u64 },
    /// Every concurrent answer has arrived or is lost.
    Settled,
    /// The late window has passed.
    Late,
}

impl Rules {
    /// Whether a request that lost a race is too old for a second decision, this many seconds after its arrival. Its
    /// client has given up, and its token may have been superseded without a theft.
    pub(crate) fn is_stale(&self, delay: u64) -> bool {
        delay > (self.grace / 2).max(1)
    }

    /// The age of a rotation this many seconds ago.
    ///
    /// Times are whole seconds, so that `n` seconds mean any time above `n - 1` and below `n + 1`. Each bound is
    /// rounded to the safe side, which is to wait: a rotation in grace is certainly younger than G, and a settled one
    /// certainly older than 2G.
    pub(crate) fn age(&self, elapsed: u64) -> Age {
        let settled_after = self.grace.saturating_mul(2);
        if self.grace > 0 && elapsed < self.grace {
            Age::Grace
        } else if self.grace > 0 && elapsed <= settled_after {
            Age::Settling { seconds: settled_after + 1 - elapsed }
        } else if self.late_window > 0 && elapsed <= self.late_window {
            Age::Settled
        } else {
            Age::Late
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ages<const N: usize>(grace: u64, late_window: u64, elapsed: [u64; N]) -> [Age; N] {
        let rules = Rules { lifetimes: Lifetimes { idle: 1, absolute: 1 }, grace, late_window };
        elapsed.map(|elapsed| rules.age(elapsed))
    }

    #[test]
    fn each_bound_is_rounded_to_the_safe_side() {
        use Age::{Grace, Late, Settled, Settling};
        assert_eq!(
            ages(30, 600, [0, 29, 30, 60, 61, 600, 601]),
            [Grace, Grace, Settling { seconds: 31 }, Settling { seconds: 1 }, Settled, Settled, Late]
        );
        assert_eq!(ages(1, 600, [0, 1, 2, 3]), [Grace, Settling { seconds: 2 }, Settling { seconds: 1 }, Settled]);
    }

    #[test]
    fn a_request_that_was_delayed_by_half_the_grace_is_stale() {
        let stale = |grace, delay| {
            Rules { lifetimes: Lifetimes { idle: 1, absolute: 1 }, grace, late_window: 0 }.is_stale(delay)
        };
        assert_eq!([stale(30, 15), stale(30, 16), stale(0, 1), stale(0, 2)], [false, true, false, true]);
    }

    #[test]
    fn without_a_grace_everything_is_settled_at_once_and_without_a_late_window_it_is_late() {
        assert_eq!(ages(0, 600, [0, 600, 601]), [Age::Settled, Age::Settled, Age::Late]);
        assert_eq!(ages(0, 0, [0, 1]), [Age::Late, Age::Late]);
        assert_eq!(ages(1, 0, [0, 2, 3]), [Age::Grace, Age::Settling { seconds: 1 }, Age::Late]);
    }
}
