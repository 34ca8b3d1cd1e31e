//! The schedule of key fetches, a pure function of past fetches and the time.

use std::time::Duration;

use tokio::time::Instant;

/// The durations of a schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The lifetime of a set without `max-age`; a revoked key stays trusted for as long.
    pub(crate) default_lifetime: Duration,
    /// The minimum lifetime: with a shorter one every request would fetch.
    pub(crate) min_lifetime: Duration,
    /// The maximum lifetime: with a longer one a revoked key would be trusted too long.
    pub(crate) max_lifetime: Duration,
    /// The time for which known keys stay valid while the issuer is unreachable.
    pub(crate) max_stale: Duration,
    /// The minimum time between two fetches for an unknown `kid`.
    pub(crate) cool_down: Duration,
    /// The pause after the first failure; it doubles with each failure.
    pub(crate) first_pause: Duration,
    /// The maximum pause after failures.
    pub(crate) max_pause: Duration,
}

impl Limits {
    /// The same values as in `verifier-wasm/ts`: `freshness.ts`, `back-off.ts`, `remote-keys.ts` and `settings.ts`.
    pub(crate) const DEFAULT: Self = Self {
        default_lifetime: Duration::from_mins(5),
        min_lifetime: Duration::from_secs(30),
        max_lifetime: Duration::from_hours(1),
        max_stale: Duration::from_hours(1),
        cool_down: Duration::from_secs(30),
        first_pause: Duration::from_secs(1),
        max_pause: Duration::from_mins(1),
    };

    /// The lifetime of keys with this freshness.
    fn lifetime(&self, Freshness { left, is_from_cache }: Freshness) -> Duration {
        // The last seconds of a cached copy are not extended: a revoked key would outlive `max-age`. The cache gets a newer copy
        // then.
        let is_ending = is_from_cache && !left.is_zero() && left < self.min_lifetime;
        if is_ending { left } else { left.clamp(self.min_lifetime, self.max_lifetime) }
    }
}

/// The freshness of a response, by its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Freshness {
    /// `max-age` less `Age`; zero with `no-store` and `no-cache`.
    pub(crate) left: Duration,
    /// Whether the response has spent time in a cache.
    pub(crate) is_from_cache: bool,
}

/// The action before a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The keys are valid.
    Use,
    /// The keys are valid but will expire soon: renew them in the background.
    UseAndRenew,
    /// The keys have expired, or there are none: wait for a fetch.
    Fetch,
    /// The keys have expired, but the issuer is unreachable: use them for now.
    UseStale,
    /// There are no usable keys, and the next attempt is not due yet.
    Refuse { retry_after: Duration },
}

/// The history of fetches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    limits: Limits,
    /// The time of the keys' last confirmation, and their lifetime from then on.
    confirmed: Option<(Instant, Duration)>,
    /// The number of failures in a row; `paused_until` is the time of the next attempt.
    failures: u32,
    paused_until: Option<Instant>,
    reloaded_at: Option<Instant>,
}

impl Schedule {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, confirmed: None, failures: 0, paused_until: None, reloaded_at: None }
    }

    pub(crate) fn step(&self, now: Instant) -> Step {
        let pause = self.pause_left(now);
        let Some((at, lifetime)) = self.confirmed else {
            return pause.map_or(Step::Fetch, |retry_after| Step::Refuse { retry_after });
        };
        let age = now.saturating_duration_since(at);
        match pause {
            _ if age < lifetime * 3 / 4 => Step::Use,
            None if age < lifetime => Step::UseAndRenew,
            None => Step::Fetch,
            Some(_) if age < lifetime => Step::Use,
            Some(_) if age < lifetime + self.limits.max_stale => Step::UseStale,
            Some(retry_after) => Step::Refuse { retry_after },
        }
    }

    /// Whether the keys are usable after a failed fetch.
    pub(crate) fn is_usable(&self, now: Instant) -> bool {
        self.confirmed
            .is_some_and(|(at, lifetime)| now.saturating_duration_since(at) < lifetime + self.limits.max_stale)
    }

    /// Whether an unknown `kid` may cause a fetch now; if so, the fetch is counted.
    pub(crate) fn may_reload(&mut self, now: Instant) -> bool {
        let is_cool = |at: Instant| now.saturating_duration_since(at) >= self.limits.cool_down;
        let may = self.pause_left(now).is_none() && self.reloaded_at.is_none_or(is_cool);
        if may {
            self.reloaded_at = Some(now);
        }
        may
    }

    /// Records a key set from the issuer.
    pub(crate) fn confirm(&mut self, freshness: Option<Freshness>, now: Instant) {
        self.confirm_for(freshness, self.limits.default_lifetime, now);
    }

    /// Records that the keys have not changed. Without headers their lifetime stays the same.
    pub(crate) fn confirm_unchanged(&mut self, freshness: Option<Freshness>, now: Instant) {
        let fallback = self.confirmed.map_or(self.limits.default_lifetime, |(_, lifetime)| lifetime);
        self.confirm_for(freshness, fallback, now);
    }

    fn confirm_for(&mut self, freshness: Option<Freshness>, fallback: Duration, now: Instant) {
        self.confirmed = Some((now, freshness.map_or(fallback, |freshness| self.limits.lifetime(freshness))));
        self.failures = 0;
        self.paused_until = None;
    }

    /// Records a failed fetch. `jitter`, from 0 to 255, spreads the next attempts of many verifiers over half the
    /// pause.
    pub(crate) fn fail(&mut self, jitter: u8, now: Instant) {
        let doubled = self.limits.first_pause * 2_u32.saturating_pow(self.failures.min(16));
        let pause = doubled.min(self.limits.max_pause);
        self.failures = self.failures.saturating_add(1);
        self.paused_until = Some(now + pause / 2 + pause / 2 * u32::from(jitter) / 255);
    }

    /// The time until the next attempt; `None` if it is due.
    pub(crate) fn pause_left(&self, now: Instant) -> Option<Duration> {
        self.paused_until.map(|until| until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn confirmed(max_age: u32) -> (Schedule, Instant) {
        let mut schedule = Schedule::new(Limits::DEFAULT);
        let now = Instant::now();
        schedule.confirm(Some(fresh(max_age)), now);
        (schedule, now)
    }

    fn fresh(seconds: u32) -> Freshness {
        Freshness { left: seconds * SECOND, is_from_cache: false }
    }

    #[test]
    fn keys_are_fetched_then_renewed_early_then_expire() {
        let (schedule, now) = confirmed(100);
        assert_eq!(Schedule::new(Limits::DEFAULT).step(now), Step::Fetch);
        for (age, step) in
            [(0, Step::Use), (74, Step::Use), (75, Step::UseAndRenew), (99, Step::UseAndRenew), (100, Step::Fetch)]
        {
            assert_eq!(schedule.step(now + age * SECOND), step, "{age}");
        }
    }

    #[test]
    fn keys_stay_valid_for_a_limited_time_during_an_outage() {
        let (mut schedule, now) = confirmed(100);
        let at = |age: u32| now + age * SECOND;
        schedule.fail(255, at(80));
        assert_eq!(schedule.step(at(80)), Step::Use);
        schedule.fail(255, at(101));
        assert_eq!(schedule.step(at(101)), Step::UseStale);
        for _ in 0..10 {
            schedule.fail(255, at(100 + 3599));
        }
        assert_eq!(schedule.step(at(100 + 3599)), Step::UseStale);
        assert!(schedule.is_usable(at(100 + 3599)) && !schedule.is_usable(at(100 + 3600)));
        assert_eq!(schedule.step(at(100 + 3600)), Step::Refuse { retry_after: 59 * SECOND });
        assert_eq!(schedule.step(at(100 + 3660)), Step::Fetch);
    }

    #[test]
    fn pauses_after_failures_double_up_to_a_minute_with_jitter() {
        let mut schedule = Schedule::new(Limits::DEFAULT);
        let now = Instant::now();
        let mut pauses = Vec::new();
        for _ in 0..8 {
            schedule.fail(255, now);
            pauses.push(schedule.pause_left(now).unwrap().as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        schedule.fail(0, now);
        assert_eq!(schedule.pause_left(now), Some(30 * SECOND));
        assert_eq!(schedule.step(now), Step::Refuse { retry_after: 30 * SECOND });
        schedule.confirm(None, now);
        assert_eq!(schedule.step(now), Step::Use);
    }

    #[test]
    fn an_unknown_kid_causes_one_fetch_in_a_cool_down_and_none_during_a_pause() {
        let (mut schedule, now) = confirmed(100);
        assert!(schedule.may_reload(now));
        assert!(!schedule.may_reload(now + 29 * SECOND));
        assert!(schedule.may_reload(now + 30 * SECOND));
        schedule.fail(255, now + 60 * SECOND);
        assert!(!schedule.may_reload(now + 60 * SECOND));
        assert!(schedule.may_reload(now + 61 * SECOND));
    }

    #[test]
    fn keys_are_fresh_for_the_max_age_within_30_seconds_and_an_hour_and_for_five_minutes_without_one() {
        for (freshness, seconds) in [
            (None, 300),
            (Some(fresh(0)), 30),
            (Some(fresh(15)), 30),
            (Some(fresh(600)), 600),
            (Some(fresh(3600)), 3600),
            (Some(fresh(31_536_000)), 3600),
        ] {
            let (mut schedule, now) = (Schedule::new(Limits::DEFAULT), Instant::now());
            schedule.confirm(freshness, now);
            assert!(is_fresh_for(&schedule, now, seconds), "{freshness:?}");
        }
    }

    #[test]
    fn the_last_seconds_of_a_cached_copy_are_not_extended() {
        for (left, seconds) in [(15, 15), (0, 30), (120, 120)] {
            let (mut schedule, now) = (Schedule::new(Limits::DEFAULT), Instant::now());
            schedule.confirm(Some(Freshness { is_from_cache: true, ..fresh(left) }), now);
            assert!(is_fresh_for(&schedule, now, seconds), "{left}");
        }
    }

    #[test]
    fn unchanged_keys_without_headers_keep_their_freshness() {
        let (mut schedule, now) = confirmed(120);
        schedule.confirm_unchanged(None, now);
        assert!(is_fresh_for(&schedule, now, 120));
        schedule.confirm_unchanged(Some(fresh(600)), now);
        assert!(is_fresh_for(&schedule, now, 600));
    }

    fn is_fresh_for(schedule: &Schedule, now: Instant, seconds: u32) -> bool {
        schedule.step(now + seconds * SECOND - Duration::from_millis(1)) == Step::UseAndRenew
            && schedule.step(now + seconds * SECOND) == Step::Fetch
    }
}
