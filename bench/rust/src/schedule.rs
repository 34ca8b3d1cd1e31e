//! When requests come in an open loop: at moments that no answer has a say in.

use std::time::Duration;

/// Arrivals of many who know nothing of each other, as in a Poisson process: the gaps are exponential, and the same in
/// every run.
pub(crate) struct Schedule {
    mean_gap: f64,
    state: u64,
    next: f64,
}

impl Schedule {
    /// So many a second on average; another `seed` gives other gaps.
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

/// The moments, from the start on.
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
    fn the_rate_is_the_one_that_was_asked_for() {
        let last = Schedule::new(500.0, 1).nth(99_999).unwrap().as_secs_f64();
        assert!((198.0..202.0).contains(&last), "{last}");
    }

    #[test]
    fn gaps_are_as_of_many_who_know_nothing_of_each_other() {
        let moments: Vec<_> = Schedule::new(1.0, 7).take(20_000).collect();
        let longer_than_mean = moments.windows(2).filter(|pair| (pair[1] - pair[0]).as_secs_f64() > 1.0).count();
        // e⁻¹ of all.
        assert!((7_100..7_620).contains(&longer_than_mean), "{longer_than_mean}");
    }

    #[test]
    fn a_run_is_like_the_one_before_and_its_streams_are_not_in_step() {
        let first = |seed| Schedule::new(50.0, seed).take(3).collect::<Vec<_>>();
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }
}
