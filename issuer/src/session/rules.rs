//! What the person who runs the issuer chose of the rules of refresh, and what the time since the last rotation means.

/// How long sessions live, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// Without a rotation.
    pub(crate) idle: u64,
    /// In all.
    pub(crate) absolute: u64,
}

/// The rules' numbers, all in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) lifetimes: Lifetimes,
    /// How long after a rotation the token that was used gives the same successor again. An honest exchange, from
    /// request to answer, must take at most half of it. Zero is the strict mode: every use rotates, every retry is a
    /// late one.
    pub(crate) grace: u64,
    /// How long after a rotation the token that was used is still good for another successor. Zero: never.
    pub(crate) late_window: u64,
}

/// How old the last rotation is, as far as the rules care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// Another request of the same moment may still be under way.
    Grace,
    /// The answer to such a request may still be under way, for so many seconds more.
    Settling { seconds: u64 },
    /// Whatever was under way has arrived or is lost.
    Settled,
    /// Not even a client that slept comes back so late.
    Late,
}

impl Rules {
    /// Whether a request that lost a race, and was held up for so many seconds since it arrived, is not decided again.
    /// Its client is gone, and what it presents may be of the past by now without anybody having stolen it.
    pub(crate) fn is_stale(&self, held_up: u64) -> bool {
        held_up > (self.grace / 2).max(1)
    }

    /// What so many seconds since the last rotation mean.
    ///
    /// Times are whole seconds, so that what reads as `n` seconds can be anything above `n - 1` and below `n + 1`. Each
    /// bound is moved to its harmless side, which is to wait: what counts as grace was less than G, what counts as
    /// settled was more than 2G.
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
    fn each_bound_lies_on_the_harmless_side_of_a_second() {
        use Age::{Grace, Late, Settled, Settling};
        assert_eq!(
            ages(30, 600, [0, 29, 30, 60, 61, 600, 601]),
            [Grace, Grace, Settling { seconds: 31 }, Settling { seconds: 1 }, Settled, Settled, Late]
        );
        assert_eq!(ages(1, 600, [0, 1, 2, 3]), [Grace, Settling { seconds: 2 }, Settling { seconds: 1 }, Settled]);
    }

    #[test]
    fn a_request_that_was_held_up_for_half_the_grace_is_stale() {
        let stale = |grace, held_up| {
            Rules { lifetimes: Lifetimes { idle: 1, absolute: 1 }, grace, late_window: 0 }.is_stale(held_up)
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
