//! Latencies and their quantiles.

use std::time::Duration;

use serde_json::{Value, json};

/// All latencies: a few hundred thousand fit in memory, so quantiles are exact.
#[derive(Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The rate over `measured`, and quantiles in milliseconds.
    pub(crate) fn report(mut self, measured: Duration) -> Value {
        self.0.sort_unstable();
        let at = |share: f64| self.quantile(share).as_secs_f64() * 1e3;
        json!({
            "count": self.0.len(),
            "perSecond": self.0.len() as f64 / measured.as_secs_f64(),
            "p50": at(0.5), "p99": at(0.99), "most": at(1.0),
        })
    }

    /// The smallest latency that this share of all requests does not exceed.
    fn quantile(&self, share: f64) -> Duration {
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_smallest_latency_that_the_share_does_not_exceed() {
        let mut latencies = Latencies::default();
        (1..=100).rev().for_each(|number| latencies.add(Duration::from_millis(number)));
        let report = latencies.report(Duration::from_secs(10));
        assert_eq!((report["p50"].as_f64(), report["p99"].as_f64()), (Some(50.0), Some(99.0)));
        assert_eq!((report["most"].as_f64(), report["perSecond"].as_f64()), (Some(100.0), Some(10.0)));
    }
}
