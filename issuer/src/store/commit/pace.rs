//! The pace of syncs that only shareable writes ask for: at low load each write has its own, in a flood several share one.
//!
//! The writer of a session waits for nothing else, so its sync can wait for more sessions. Each sync wakes a dozen threads: with
//! one sync for each sign-in of a flood, renewals waited behind the syncs, which took 2 % of two cores.

use std::time::Duration;

/// How shareable writes share syncs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sharing {
    /// The longest wait of a write, and the time between two syncs after the burst.
    pub(crate) period: Duration,
    /// The number of syncs that start at once before the pace applies. The allowance grows by one each period.
    pub(crate) burst: u32,
    /// With this number of writes a sync starts at once.
    pub(crate) enough: u64,
}

/// Counts the syncs for shareable writes, as a moment at which all of them are paid for. Moments are durations since the start.
pub(super) struct Pace {
    sharing: Sharing,
    paid_at: Duration,
}

impl Pace {
    pub(super) fn new(sharing: Sharing) -> Self {
        Self { sharing, paid_at: Duration::ZERO }
    }

    /// How long the next sync waits for more writes.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        let Sharing { period, burst, .. } = self.sharing;
        (self.paid_at.max(now) + period).saturating_sub(now + period * burst)
    }

    /// Records a sync that only `writes` shareable writes asked for. A sync with enough writes is free.
    pub(super) fn record(&mut self, writes: u64, now: Duration) {
        if writes < self.sharing.enough {
            self.paid_at = self.paid_at.max(now) + self.sharing.period;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARING: Sharing = Sharing { period: Duration::from_millis(40), burst: 10, enough: 8 };

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Sign-ins at a constant rate for ten seconds. Returns the syncs, and the longest and the mean wait in milliseconds.
    fn sign_ins_every(interval: u64) -> (u32, u64, u64) {
        let mut pace = Pace::new(SHARING);
        let mut arrivals = (0..10_000).step_by(usize::try_from(interval).unwrap()).peekable();
        let mut waits = Vec::new();
        let mut syncs = 0;
        while let Some(&first) = arrivals.peek() {
            let latest = millis(first) + pace.wait(millis(first));
            let mut group = Vec::new();
            while (group.len() as u64) < SHARING.enough
                && let Some(arrival) = arrivals.next_if(|arrival| millis(*arrival) <= latest)
            {
                group.push(arrival);
            }
            let begins = if group.len() as u64 == SHARING.enough { millis(*group.last().unwrap()) } else { latest };
            pace.record(group.len() as u64, begins);
            waits.extend(group.iter().map(|arrival| begins.saturating_sub(millis(*arrival)).as_millis()));
            syncs += 1;
        }
        let longest = u64::try_from(*waits.iter().max().unwrap()).unwrap();
        let mean = u64::try_from(waits.iter().sum::<u128>()).unwrap() / waits.len() as u64;
        (syncs, longest, mean)
    }

    #[test]
    fn up_to_twenty_five_sign_ins_a_second_never_wait() {
        assert_eq!(sign_ins_every(1000), (10, 0, 0));
        assert_eq!(sign_ins_every(40), (250, 0, 0));
    }

    #[test]
    fn in_a_flood_a_few_sign_ins_share_a_sync_and_none_waits_longer_than_a_period() {
        // Eighty a second: two workers with a hash of 25 ms each.
        let (syncs, longest, mean) = sign_ins_every(12);
        assert!((250..280).contains(&syncs), "{syncs}");
        assert!(longest <= 40 && mean <= 25, "{longest} {mean}");
        // A thousand a second: eight share a sync.
        let (syncs, longest, _) = sign_ins_every(1);
        assert!((1250..1270).contains(&syncs) && longest <= 8, "{syncs} {longest}");
    }

    #[test]
    fn after_a_quiet_time_the_burst_is_available_again() {
        let mut pace = Pace::new(SHARING);
        let mut burst = |now| {
            let at_once = (0..100).take_while(|_| {
                let is_at_once = pace.wait(now).is_zero();
                if is_at_once {
                    pace.record(1, now);
                }
                is_at_once
            });
            at_once.count()
        };
        assert_eq!([millis(0), millis(0), millis(40), millis(1000)].map(&mut burst), [10, 0, 1, 10]);
    }
}
