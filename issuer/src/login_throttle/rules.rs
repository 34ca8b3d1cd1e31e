//! The rules of the login throttle, as pure functions: when an attempt is admitted, and what it leaves behind.

use std::mem;

use super::table::Entry;
use crate::clock::Moment;

/// Failures in a row of one known device or session. A thief of two device tokens leaves ten of `MAX_KNOWN` to the owner's
/// other devices.
const MAX_OWN: u16 = 15;

/// How failures slow down what follows, and how time forgives them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Failures that cost nothing.
    pub(super) free: u16,
    /// The longest delay, in milliseconds. The first is a second, and each is twice the one before.
    longest: u64,
    /// The time after which one failure is forgiven, in milliseconds.
    forgives_one: u64,
}

/// Unknown devices at one name, whether a user has it or not. Five: people mistype, and try an older password. A quarter of an
/// hour: four guesses an hour are useless, and a person waits so long if they must.
pub(super) const NAME: Rule = Rule { free: 5, longest: 15 * 60 * 1000, forgives_one: 15 * 60 * 1000 };

/// One known device at its account, and one session that asks for a new password: it is most likely the owner. Only a success
/// forgives.
const OWN: Rule = Rule { free: 10, longest: 15 * 60 * 1000, forgives_one: u64::MAX };

/// One address, whatever the names. Sixty: an office or a school behind one address mistypes together in the morning.
/// Five minutes: an address has many people, so that none of them should wait long. An attacker that tries common passwords
/// at many names from one address gets 60 an hour.
pub(super) const ADDRESS: Rule = Rule { free: 60, longest: 5 * 60 * 1000, forgives_one: 60 * 1000 };

impl Rule {
    /// How long after that many failures the next attempt must wait, in milliseconds.
    fn delay(self, failures: u16) -> u64 {
        match failures.checked_sub(self.free) {
            None => 0,
            Some(over) => (1000 << over.min(20)).min(self.longest),
        }
    }
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Admitted,
    /// Not before this many milliseconds.
    Wait(u64),
    /// Not before something else happens.
    Exhausted,
}

/// When the next attempt was admitted before one was, and when it is since.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delay {
    before: Moment,
    since: Moment,
}

/// The failures of a name or an address, of which time takes one after the other. They depend on the attempts of unknown
/// devices alone: an attacker must not see what a user does, nor whether there is one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Debt {
    /// When all are forgiven.
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

    /// Counts a failure, or an attempt that may become one.
    pub(super) fn charge(&mut self, rule: Rule, now: Moment) -> Delay {
        self.cleared_at = self.cleared_at.max(now).plus_millis(rule.forgives_one);
        let since = now.plus_millis(rule.delay(self.failures(rule, now)));
        Delay { before: mem::replace(&mut self.free_at, since), since }
    }

    /// An attempt that was charged `then` was no failure: the next one need not wait for it, unless another one has come since.
    pub(super) fn refund(&mut self, rule: Rule, then: Moment, delay: Delay) {
        self.cleared_at = self.cleared_at.minus_millis(rule.forgives_one);
        let by_count = self.free_at.min(then.plus_millis(rule.delay(self.failures(rule, then))));
        self.free_at = if self.free_at == delay.since { delay.before } else { by_count };
    }

    /// How many failures are not forgiven yet; a part of the time of one counts as the whole.
    fn failures(&self, rule: Rule, now: Moment) -> u16 {
        self.cleared_at.millis_since(now).div_ceil(rule.forgives_one).try_into().unwrap_or(u16::MAX)
    }
}

impl Delay {
    /// Whether this is the first delay that failures in a row bring about.
    pub(super) fn begins(&self, now: Moment) -> bool {
        self.since.millis_since(now) == 1000
    }
}

impl Entry for Debt {
    fn weight(&self) -> (u16, Moment) {
        (0, self.cleared_at)
    }
}

/// Failures in a row of a known device or a session. Attempts that are under way count as failures, so that a thousand at once
/// do not all pass before the first is counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row {
    failures: u16,
    under_way: u16,
    free_at: Moment,
}

impl Row {
    /// A row that gave way while an attempt was under way which was admitted to it as it was `then`. Others that are under way
    /// are counted when they end.
    pub(super) fn brought_back(then: Self) -> Self {
        Self { failures: then.failures.saturating_sub(then.under_way) + 1, under_way: 1, ..Self::default() }
    }

    pub(super) fn verdict(&self, now: Moment) -> Verdict {
        if self.failures >= MAX_OWN {
            return Verdict::Exhausted;
        }
        match self.free_at.millis_since(now) {
            0 => Verdict::Admitted,
            wait => Verdict::Wait(wait),
        }
    }

    /// Counts an attempt that is admitted.
    pub(super) fn admit(&mut self, now: Moment) -> Delay {
        self.failures += 1;
        self.under_way += 1;
        let since = now.plus_millis(OWN.delay(self.failures));
        Delay { before: mem::replace(&mut self.free_at, since), since }
    }

    /// An attempt failed. It is counted already, but where the row gave way and was brought back without it.
    pub(super) fn fail(&mut self) {
        match self.under_way.checked_sub(1) {
            Some(under_way) => self.under_way = under_way,
            None => self.failures = self.failures.saturating_add(1),
        }
    }

    /// An attempt succeeded: the row ends, but for what else is under way.
    pub(super) fn succeed(&mut self) {
        let under_way = self.under_way.saturating_sub(1);
        *self = Self { failures: under_way, under_way, ..Self::default() };
    }

    /// An attempt was not tried, which is not its client's fault: the next need not wait for it, unless another has come since.
    pub(super) fn withdraw(&mut self, delay: Delay) {
        if self.uncount() && self.free_at == delay.since {
            self.free_at = delay.before;
        }
    }

    /// An attempt that was admitted `then` came to nothing, and so taught its client nothing; but the next waits all the same.
    pub(super) fn take_back(&mut self, then: Moment, delay: Delay) {
        if self.uncount() && self.free_at == delay.since {
            self.free_at = then.plus_millis(OWN.delay(self.failures));
        }
    }

    /// Counts an attempt no longer; one of a row that was brought back without it is not there.
    fn uncount(&mut self) -> bool {
        let Some(under_way) = self.under_way.checked_sub(1) else { return false };
        self.under_way = under_way;
        self.failures = self.failures.saturating_sub(1);
        true
    }
}

impl Entry for Row {
    fn weight(&self) -> (u16, Moment) {
        (self.failures, self.free_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1000)
    }

    /// The delays after each failure, in seconds.
    fn delays(rule: Rule) -> Vec<u64> {
        (1..=100).map(|failures| rule.delay(failures) / 1000).collect()
    }

    #[test]
    fn delays_grow_from_a_second_to_a_quarter_of_an_hour() {
        let name = [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
        assert_eq!(delays(NAME)[..16], name);
        assert_eq!(delays(OWN)[8..12], [0, 1, 2, 4]);
        assert_eq!(delays(ADDRESS)[58..70], [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(NAME.delay(u16::MAX), 900_000);
    }

    #[test]
    fn what_came_to_nothing_leaves_nothing_behind() {
        let mut row = Row { failures: 9, ..Row::default() };
        let delay = row.admit(at(0));
        assert_eq!(row.verdict(at(0)), Verdict::Wait(1000));
        row.withdraw(delay);
        assert_eq!((row.failures, row.under_way, row.verdict(at(0))), (9, 0, Verdict::Admitted));
        let delay = row.admit(at(100));
        row.take_back(at(100), delay);
        assert_eq!((row.failures, row.under_way, row.verdict(at(100))), (9, 0, Verdict::Admitted));
        // One that has come meanwhile keeps its delay.
        let delay = row.admit(at(200));
        row.admit(at(201));
        row.withdraw(delay);
        assert_eq!((row.failures, row.verdict(at(201))), (10, Verdict::Wait(2000)));
        let mut debt = Debt::default();
        for _ in 0..59 {
            debt.charge(ADDRESS, at(0));
        }
        let delay = debt.charge(ADDRESS, at(0));
        assert!(delay.begins(at(0)));
        assert_eq!(debt.verdict(at(0)), Verdict::Wait(1000));
        debt.refund(ADDRESS, at(0), delay);
        assert_eq!((debt.failures(ADDRESS, at(0)), debt.verdict(at(0))), (59, Verdict::Admitted));
    }

    #[test]
    fn time_forgives_an_address_one_each_minute_and_a_name_one_each_quarter_of_an_hour() {
        for (rule, minutes) in [(ADDRESS, 1_u64), (NAME, 15)] {
            let mut debt = Debt::default();
            for _ in 0..50 {
                debt.charge(rule, at(0));
            }
            let at = |seconds| at(minutes * seconds);
            let left = [0, 59, 60, 61, 49 * 60, 50 * 60].map(|time| debt.failures(rule, at(time)));
            assert_eq!(left, [50, 50, 49, 49, 1, 0]);
            debt.charge(rule, at(4000));
            assert_eq!(debt.failures(rule, at(4000)), 1);
        }
    }

    #[test]
    fn a_success_ends_a_row_but_for_what_is_under_way() {
        let mut row = Row::default();
        row.admit(at(0));
        row.admit(at(0));
        row.succeed();
        assert_eq!((row.failures, row.under_way), (1, 1));
    }
}
