//! When keys are fetched: a pure function of what has happened and of the time.

use std::time::Duration;

use tokio::time::Instant;

/// The periods that govern a key set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long a set is good where the issuer does not say: so long may a withdrawn key live on.
    pub(crate) default_max_age: Duration,
    /// Below this an issuer would be asked at every request.
    pub(crate) least_max_age: Duration,
    /// Beyond this a withdrawn key would live too long, whatever the issuer says.
    pub(crate) most_max_age: Duration,
    /// How long known keys serve on while the issuer cannot be reached.
    pub(crate) max_stale: Duration,
    /// From one fetch for an unknown `kid` to the next.
    pub(crate) cool_down: Duration,
    /// From the first failure to the next try; it doubles with each failure.
    pub(crate) first_pause: Duration,
    /// The longest pause after failures.
    pub(crate) longest_pause: Duration,
}

impl Limits {
    pub(crate) const DEFAULT: Self = Self {
        default_max_age: Duration::from_mins(5),
        least_max_age: Duration::from_secs(30),
        most_max_age: Duration::from_hours(24),
        max_stale: Duration::from_hours(1),
        cool_down: Duration::from_secs(30),
        first_pause: Duration::from_secs(1),
        longest_pause: Duration::from_mins(1),
    };
}

/// What to do before a token is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The keys are good.
    Use,
    /// The keys are good for a while yet: renew them without waiting.
    UseAndRenew,
    /// The keys are too old, or there are none: wait for a fetch.
    Fetch,
    /// They are too old, but the issuer could not be reached a moment ago: they serve on.
    UseStale,
    /// There are no keys that may be used, and it is too early to try again.
    Refuse { retry_after: Duration },
}

/// What has happened so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    limits: Limits,
    /// When the keys that are there were last confirmed, and how long that holds.
    confirmed: Option<(Instant, Duration)>,
    /// Failures in a row, and when it may be tried again.
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
        let Some((at, max_age)) = self.confirmed else {
            return pause.map_or(Step::Fetch, |retry_after| Step::Refuse { retry_after });
        };
        let age = now.saturating_duration_since(at);
        match pause {
            _ if age < max_age * 3 / 4 => Step::Use,
            None if age < max_age => Step::UseAndRenew,
            None => Step::Fetch,
            Some(_) if age < max_age => Step::Use,
            Some(_) if age < max_age + self.limits.max_stale => Step::UseStale,
            Some(retry_after) => Step::Refuse { retry_after },
        }
    }

    /// Whether there are keys that may be used now that a fetch has failed.
    pub(crate) fn is_usable(&self, now: Instant) -> bool {
        self.confirmed.is_some_and(|(at, max_age)| now.saturating_duration_since(at) < max_age + self.limits.max_stale)
    }

    /// Whether an unknown `kid` may cause a fetch now; it is then counted as one.
    pub(crate) fn may_reload(&mut self, now: Instant) -> bool {
        let is_cool = |at: Instant| now.saturating_duration_since(at) >= self.limits.cool_down;
        let may = self.pause_left(now).is_none() && self.reloaded_at.is_none_or(is_cool);
        if may {
            self.reloaded_at = Some(now);
        }
        may
    }

    /// The issuer answered with keys, the same or others, that are good for `max_age` where it said so.
    pub(crate) fn confirm(&mut self, max_age: Option<Duration>, now: Instant) {
        let Limits { default_max_age, least_max_age, most_max_age, .. } = self.limits;
        let max_age = max_age.map_or(default_max_age, |given| given.clamp(least_max_age, most_max_age));
        self.confirmed = Some((now, max_age));
        self.failures = 0;
        self.paused_until = None;
    }

    /// A fetch failed. `jitter`, from 0 to 255, spreads the next tries of many verifiers over half the pause.
    pub(crate) fn fail(&mut self, jitter: u8, now: Instant) {
        let doubled = self.limits.first_pause * 2_u32.saturating_pow(self.failures.min(16));
        let pause = doubled.min(self.limits.longest_pause);
        self.failures = self.failures.saturating_add(1);
        self.paused_until = Some(now + pause / 2 + pause / 2 * u32::from(jitter) / 255);
    }

    /// How long it is until the next try; nothing where it may be tried now.
    pub(crate) fn pause_left(&self, now: Instant) -> Option<Duration> {
        self.paused_until.map(|until| until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn confirmed(max_age: u32) -> (Schedule, Instant) {
        let (mut schedule, now) = (Schedule::new(Limits::DEFAULT), Instant::now());
        schedule.confirm(Some(max_age * SECOND), now);
        (schedule, now)
    }

    #[test]
    fn keys_are_fetched_first_renewed_ahead_and_waited_for_when_too_old() {
        let (schedule, now) = confirmed(100);
        assert_eq!(Schedule::new(Limits::DEFAULT).step(now), Step::Fetch);
        for (age, step) in
            [(0, Step::Use), (74, Step::Use), (75, Step::UseAndRenew), (99, Step::UseAndRenew), (100, Step::Fetch)]
        {
            assert_eq!(schedule.step(now + age * SECOND), step, "{age}");
        }
    }

    #[test]
    fn keys_of_an_issuer_that_is_down_serve_on_for_a_bounded_time() {
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
    fn failures_are_repeated_ever_more_rarely_and_not_all_at_once() {
        let (mut schedule, now) = (Schedule::new(Limits::DEFAULT), Instant::now());
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
    fn what_the_issuer_says_of_the_age_is_believed_within_bounds() {
        let age_is = |given: Option<Duration>, seconds: u32| {
            let (mut schedule, now) = (Schedule::new(Limits::DEFAULT), Instant::now());
            schedule.confirm(given, now);
            schedule.step(now + seconds * SECOND - Duration::from_millis(1)) == Step::UseAndRenew
                && schedule.step(now + seconds * SECOND) == Step::Fetch
        };
        assert!(age_is(None, 300));
        assert!(age_is(Some(Duration::ZERO), 30));
        assert!(age_is(Some(600 * SECOND), 600));
        assert!(age_is(Some(Duration::from_hours(1000)), 86_400));
    }
}
