//! The times of requests in an open loop, independent of answers.

use std::time::Duration;

/// Arrivals of independent clients, a Poisson process: the gaps are exponential, and the same in every run.
pub(crate) struct Schedule {
    mean_gap: f64,
    state: u64,
    next: f64,
}

impl Schedule {
    /// A schedule with this mean rate; another `seed` gives other gaps.
    pub(crate) fn new(per_second: f64, seed: u64) -> Self {
        Self { mean_gap: per_second.recip(), state: seed, next: 0.0 }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014), as a number above 0 and up to 1.
    fn draw(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

/// The times since the start.
impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.next -= self.draw().ln() * self.mean_gap;
        Some(Duration::from_secs_f64(self.next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_rate_is_the_requested_one() {
        let last = Schedule::new(500.0, 1).nth(99_999).unwrap().as_secs_f64();
        assert!((198.0..202.0).contains(&last), "{last}");
    }

    #[test]
    fn gaps_are_exponential() {
        let moments: Vec<_> = Schedule::new(1.0, 7).take(20_000).collect();
        let longer_than_mean = moments.windows(2).filter(|pair| (pair[1] - pair[0]).as_secs_f64() > 1.0).count();
        // e⁻¹ of all.
        assert!((7_100..7_620).contains(&longer_than_mean), "{longer_than_mean}");
    }

    #[test]
    fn runs_are_equal_and_streams_differ() {
        let first = |seed| Schedule::new(50.0, seed).take(3).collect::<Vec<_>>();
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }
}
