//! The rules of the delays, as pure functions: when an attempt is admitted, and the delay that it causes.

use std::mem;

use super::table::Entry;
use crate::clock::Moment;

/// Failures in a row of one known device or session. A thief of two device tokens leaves ten of `MAX_KNOWN` to the owner's other
/// devices.
const MAX_STREAK: u16 = 15;

/// How failures delay later attempts, and how time forgives them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Failures without a delay.
    pub(super) free: u16,
    /// The longest delay, in milliseconds. The first is a second, and each is twice the one before.
    longest: u64,
    /// The time after which one failure is forgiven, in milliseconds.
    forgives_one: u64,
}

/// Unknown devices at one name, whether a user has it or not. Five: users mistype, and try an older password. A quarter of an hour:
/// four guesses an hour are useless, and it is a tolerable wait for the user.
pub(super) const NAME: Rule = Rule { free: 5, longest: 15 * 60 * 1000, forgives_one: 15 * 60 * 1000 };

/// One known device at its account, or one session that changes the password: most likely the owner's. Only a success forgives.
const STREAK: Rule = Rule { free: 10, longest: 15 * 60 * 1000, forgives_one: u64::MAX };

/// One address, with any names. Sixty: the users of an office or a school behind one address mistype together in the morning. Five
/// minutes: an address has many users, and none of them should wait long. An attacker that tries common passwords at many names
/// from one address gets 60 attempts an hour.
pub(super) const ADDRESS: Rule = Rule { free: 60, longest: 5 * 60 * 1000, forgives_one: 60 * 1000 };

impl Rule {
    /// The delay of the next attempt after that many failures, in milliseconds.
    fn delay(self, failures: u16) -> u64 {
        match failures.checked_sub(self.free) {
            None => 0,
            Some(over) => (1000 << over.min(20)).min(self.longest),
        }
    }

    /// When the next attempt is admitted after that many failures, the last of them `now`. Without a delay it is admitted at any
    /// moment: concurrent attempts read the clock before they are admitted, so the next one may be admitted with an earlier time.
    fn free_at(self, failures: u16, now: Moment) -> Moment {
        match self.delay(failures) {
            0 => Moment::default(),
            delay => now.plus_millis(delay),
        }
    }
}

/// Whether an attempt is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Admitted,
    /// The wait in milliseconds.
    Wait(u64),
    /// Time does not help: only a success does.
    Exhausted,
}

/// The time from which the next attempt is admitted, before an attempt and after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delay {
    before: Moment,
    after: Moment,
}

/// The failures of a name or an address, which time forgives one by one. They depend only on attempts of unknown devices, so that an
/// attacker does not learn what a user does, or whether the user exists.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Debt {
    /// When all failures are forgiven.
    cleared_at: Moment,
    free_at: Moment,
}

impl Debt {
    pub(super) fn verdict(&self, now: Moment) -> Verdict {
        match self.free_at.millis_since(now) {
            0 => Verdict::Admitted,
            wait => Verdict::Wait(wait),
        }
    }

    /// Counts a failure, or an attempt that may fail.
    pub(super) fn charge(&mut self, rule: Rule, now: Moment) -> Delay {
        self.cleared_at = self.cleared_at.max(now).plus_millis(rule.forgives_one);
        let after = rule.free_at(self.failures(rule, now), now);
        Delay { before: mem::replace(&mut self.free_at, after), after }
    }

    /// Takes back the charge of an attempt that did not fail. Its delay ends, unless another attempt came since.
    pub(super) fn refund(&mut self, rule: Rule, then: Moment, delay: Delay) {
        self.cleared_at = self.cleared_at.minus_millis(rule.forgives_one);
        let by_count = self.free_at.min(rule.free_at(self.failures(rule, then), then));
        self.free_at = if self.free_at == delay.after { delay.before } else { by_count };
    }

    /// The failures that are not forgiven yet, rounded up.
    fn failures(&self, rule: Rule, now: Moment) -> u16 {
        self.cleared_at.millis_since(now).div_ceil(rule.forgives_one).try_into().unwrap_or(u16::MAX)
    }
}

impl Delay {
    /// Whether this is the first delay, of one second.
    pub(super) fn begins(&self, now: Moment) -> bool {
        self.after.millis_since(now) == 1000
    }
}

impl Entry for Debt {
    fn weight(&self) -> (u16, Moment) {
        (0, self.cleared_at)
    }
}

/// Failures in a row of a known device or a session. A running attempt counts as a failure: otherwise a thousand at once would be
/// admitted before the first one fails.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Streak {
    failures: u16,
    running: u16,
    free_at: Moment,
}

impl Streak {
    /// An evicted streak, restored for a running attempt that was admitted to it as it was `then`. Its other running attempts are
    /// counted when they end.
    pub(super) fn restored(then: Self) -> Self {
        Self { failures: then.failures.saturating_sub(then.running) + 1, running: 1, ..Self::default() }
    }

    pub(super) fn verdict(&self, now: Moment) -> Verdict {
        if self.failures >= MAX_STREAK {
            return Verdict::Exhausted;
        }
        match self.free_at.millis_since(now) {
            0 => Verdict::Admitted,
            wait => Verdict::Wait(wait),
        }
    }

    /// Counts an admitted attempt.
    pub(super) fn admit(&mut self, now: Moment) -> Delay {
        self.failures += 1;
        self.running += 1;
        let after = STREAK.free_at(self.failures, now);
        Delay { before: mem::replace(&mut self.free_at, after), after }
    }

    /// Settles a failed attempt. It is counted already, except in a streak that was restored without it.
    pub(super) fn fail(&mut self) {
        match self.running.checked_sub(1) {
            Some(running) => self.running = running,
            None => self.failures = self.failures.saturating_add(1),
        }
    }

    /// Settles a successful attempt: the streak ends. Other running attempts stay counted.
    pub(super) fn succeed(&mut self) {
        let running = self.running.saturating_sub(1);
        *self = Self { failures: running, running, ..Self::default() };
    }

    /// Settles an attempt that the issuer did not try. Its delay ends, unless another attempt came since.
    pub(super) fn withdraw(&mut self, delay: Delay) {
        if self.remove() && self.free_at == delay.after {
            self.free_at = delay.before;
        }
    }

    /// Settles an abandoned attempt that was admitted `then`. Its client learned nothing, but the next attempt is delayed.
    pub(super) fn abandon(&mut self, then: Moment, delay: Delay) {
        if self.remove() && self.free_at == delay.after {
            self.free_at = STREAK.free_at(self.failures, then);
        }
    }

    /// Removes an attempt from the count. False in a streak that was restored without it.
    fn remove(&mut self) -> bool {
        let Some(running) = self.running.checked_sub(1) else { return false };
        self.running = running;
        self.failures = self.failures.saturating_sub(1);
        true
    }
}

impl Entry for Streak {
    fn weight(&self) -> (u16, Moment) {
        (self.failures, self.free_at)
    }
}

#[cfg(test)]
mod tests;
