//! The rules of guessing, as pure functions: when an attempt is admitted, and what it leaves behind.

use std::mem;

use super::table::Entry;
use crate::clock::Moment;

/// Failures in a row that an account bears at all (NIST SP 800-63B §3.2.2).
pub(crate) const MOST_FAILURES: u16 = 100;

/// As many as a record can say: [`MOST_FAILURES`].
const ALL: u8 = 100;

/// Counts in the user's record are kept in steps, ahead of what happened, so that few failures need a write. The first step
/// ends before the first failure that costs something: after a restart, who had mistyped once may do so once more.
const STEP: u16 = 10;

/// What a sign-in on a known device forgives the strangers. Not all: else who guesses at an account whose owner signs in
/// every day could go on for ever. And some: else the owner could never again sign in on a new device.
const FORGIVEN: u16 = 10;

/// How failures in a row slow down what follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Failures that cost nothing.
    free: u16,
    /// The longest delay, in milliseconds. The first is a second, and each is twice the one before.
    longest: u64,
}

/// Strangers at one account. Five: people mistype, and try an older password. A quarter of an hour: four guesses an hour
/// are useless, and a person waits so long if they must.
pub(super) const ACCOUNT: Rule = Rule { free: 5, longest: 15 * 60 * 1000 };

/// One known device at its account, and one session that asks for a new password: it is most likely the owner.
pub(super) const OWN: Rule = Rule { free: 10, longest: 15 * 60 * 1000 };

/// One address, whatever the names. Sixty: an office or a school behind one address mistypes together in the morning.
/// Five minutes: an address has many people, so that none of them should wait long.
const ADDRESS: Rule = Rule { free: 60, longest: 5 * 60 * 1000 };

/// An address is forgiven one failure each minute: who tries common passwords at many names from one address gets 60 an
/// hour.
const FORGIVES_ONE: u64 = 60 * 1000;

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
    /// Never again, until something else happens.
    Exhausted,
}

/// Failures in a row, of an account, a device or a session. Attempts that are under way count as failures, so that a thousand
/// at once do not all pass before the first is counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row {
    failures: u16,
    under_way: u16,
    /// What the user's record says as far as is known here, or is just told to say. This and the next are of an account alone.
    known: u16,
    /// By how much the record may be lowered, since somebody succeeded.
    lowers: u8,
    told: Told,
    free_at: Moment,
}

/// When the next attempt was admitted before one was, and when it is since.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delay {
    before: Moment,
    since: Moment,
}

/// What of a row the audit log was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    #[default]
    Nothing,
    /// Attempts are delayed.
    Delayed,
    /// There were as many failures as there may be.
    Exhausted,
}

impl Row {
    /// A row that goes on after a restart, or after the entry gave way to another.
    pub(super) fn recorded(failures: u16) -> Self {
        Self { failures: failures.min(MOST_FAILURES), known: failures, ..Self::default() }
    }

    /// A row that gave way while an attempt was under way which was admitted to it as it was `then`. Others that are under way
    /// are counted when they end.
    pub(super) fn brought_back(then: Self) -> Self {
        Self { failures: then.settled() + 1, under_way: 1, known: then.known, ..Self::default() }
    }

    fn settled(&self) -> u16 {
        self.failures.saturating_sub(self.under_way)
    }

    /// The count for the user's record. What is under way is not in it: who was not answered has learnt nothing, and where it
    /// is the owner a restart must not count it.
    pub(super) fn due(&self) -> u16 {
        match self.settled() {
            0 => 0,
            settled if settled < ACCOUNT.free => ACCOUNT.free - 1,
            settled => settled.next_multiple_of(STEP).min(MOST_FAILURES),
        }
    }

    /// What the user's record should say instead of `recorded`: no less than what is due, and no less than what other issuers
    /// have counted, unless somebody has succeeded here.
    pub(super) fn aim(&self, recorded: u16) -> u16 {
        self.due().max(recorded.saturating_sub(self.lowers.into()))
    }

    pub(super) fn known(&self) -> u16 {
        self.known
    }

    pub(super) fn know(&mut self, recorded: u16) {
        self.known = recorded;
    }

    pub(super) fn lowers(&self) -> u8 {
        self.lowers
    }

    /// The record says what it should: what it will say more is not for the successes until now.
    pub(super) fn noted(&mut self) {
        self.lowers = 0;
    }

    /// The record is lowered by as much as it might be, but for successes since.
    pub(super) fn has_lowered(&mut self, lowered: u8) {
        self.lowers = self.lowers.saturating_sub(lowered);
    }

    pub(super) fn verdict(&self, now: Moment) -> Verdict {
        if self.failures >= MOST_FAILURES {
            return Verdict::Exhausted;
        }
        match self.free_at.millis_since(now) {
            0 => Verdict::Admitted,
            wait => Verdict::Wait(wait),
        }
    }

    /// Counts an attempt that is admitted.
    pub(super) fn admit(&mut self, rule: Rule, now: Moment) -> Delay {
        self.failures += 1;
        self.under_way += 1;
        let before = mem::replace(&mut self.free_at, now.plus_millis(rule.delay(self.failures)));
        Delay { before, since: self.free_at }
    }

    /// An attempt failed. It is counted already, but where the row gave way and was brought back without it.
    pub(super) fn fail(&mut self) {
        match self.under_way.checked_sub(1) {
            Some(under_way) => self.under_way = under_way,
            None => self.failures = self.failures.saturating_add(1),
        }
    }

    /// An attempt succeeded: the row ends, but for what else is under way, and so does what other issuers have counted.
    pub(super) fn succeed(&mut self) {
        let under_way = self.under_way.saturating_sub(1);
        let lowers = self.lowers.saturating_add(ALL);
        *self = Self { failures: under_way, under_way, known: self.known, lowers, ..Self::default() };
    }

    /// An attempt was not tried, which is not its client's fault: nobody waits for it, unless another one has come since.
    pub(super) fn withdraw(&mut self, delay: Delay) {
        if self.uncount() && self.free_at == delay.since {
            self.free_at = delay.before;
        }
    }

    /// An attempt that was admitted `then` came to nothing, and so taught nobody anything; but the next waits all the same.
    pub(super) fn take_back(&mut self, rule: Rule, then: Moment, delay: Delay) {
        if self.uncount() && self.free_at == delay.since {
            self.free_at = then.plus_millis(rule.delay(self.failures));
        }
    }

    /// Counts an attempt no longer; one of a row that was brought back without it is not there.
    fn uncount(&mut self) -> bool {
        let Some(under_way) = self.under_way.checked_sub(1) else { return false };
        self.under_way = under_way;
        self.failures = self.failures.saturating_sub(1);
        true
    }

    /// The owner signed in elsewhere, on a known device, at an attempt admitted `then`. Of what other issuers have counted no
    /// more is forgiven than of what is counted here.
    pub(super) fn forgive(&mut self, rule: Rule, then: Moment) {
        let due = self.due();
        self.failures -= FORGIVEN.min(self.settled());
        self.free_at = self.free_at.min(then.plus_millis(rule.delay(self.failures)));
        self.told = if self.failures == 0 { Told::Nothing } else { self.told.min(Told::Delayed) };
        let lowered = FORGIVEN.max(due.saturating_sub(self.due()));
        self.lowers = self.lowers.saturating_add(lowered.try_into().unwrap_or(ALL));
    }

    /// What the audit log should be told now, once each.
    pub(super) fn news(&mut self) -> Option<Told> {
        let state = if self.failures >= MOST_FAILURES { Told::Exhausted } else { Told::Delayed };
        (self.told < state).then(|| {
            self.told = state;
            state
        })
    }
}

impl Entry for Row {
    fn weight(&self) -> (u16, Moment) {
        (self.failures, self.free_at)
    }
}

/// The failures of an address, of which time takes one after the other.
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
    pub(super) fn charge(&mut self, now: Moment) -> Delay {
        self.cleared_at = self.cleared_at.max(now).plus_millis(FORGIVES_ONE);
        let since = now.plus_millis(ADDRESS.delay(self.failures(now)));
        Delay { before: mem::replace(&mut self.free_at, since), since }
    }

    /// An attempt that was charged `then` was no failure: nobody waits for it, unless another one has come since.
    pub(super) fn refund(&mut self, then: Moment, delay: Delay) {
        self.cleared_at = self.cleared_at.minus_millis(FORGIVES_ONE);
        let by_count = self.free_at.min(then.plus_millis(ADDRESS.delay(self.failures(then))));
        self.free_at = if self.free_at == delay.since { delay.before } else { by_count };
    }

    /// How many failures are not forgiven yet, begun minutes counted whole.
    fn failures(&self, now: Moment) -> u16 {
        self.cleared_at.millis_since(now).div_ceil(FORGIVES_ONE).try_into().unwrap_or(u16::MAX)
    }
}

impl Entry for Debt {
    fn weight(&self) -> (u16, Moment) {
        (0, self.cleared_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1000)
    }

    /// The delays after each failure of a row, in seconds.
    fn delays(rule: Rule) -> Vec<u64> {
        (1..=MOST_FAILURES).map(|failures| rule.delay(failures) / 1000).collect()
    }

    #[test]
    fn delays_grow_from_a_second_to_a_quarter_of_an_hour() {
        let account = [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
        assert_eq!(delays(ACCOUNT)[..16], account);
        assert_eq!(delays(OWN)[8..12], [0, 1, 2, 4]);
        assert_eq!(delays(ADDRESS)[58..70], [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(ACCOUNT.delay(u16::MAX), 900_000);
    }

    #[test]
    fn what_came_to_nothing_leaves_nothing_behind() {
        let mut row = Row::recorded(9);
        let delay = row.admit(ACCOUNT, at(0));
        assert_eq!(row.verdict(at(0)), Verdict::Wait(32_000));
        row.take_back(ACCOUNT, at(0), delay);
        assert_eq!((row.failures, row.under_way, row.verdict(at(16))), (9, 0, Verdict::Admitted));
        let delay = row.admit(ACCOUNT, at(100));
        row.withdraw(delay);
        assert_eq!((row.failures, row.under_way, row.verdict(at(100))), (9, 0, Verdict::Admitted));
        // One that has come meanwhile keeps its delay.
        let delay = row.admit(ACCOUNT, at(200));
        row.admit(ACCOUNT, at(232));
        row.withdraw(delay);
        assert_eq!((row.failures, row.verdict(at(233))), (10, Verdict::Wait(63_000)));
        let mut debt = Debt::default();
        for _ in 0..59 {
            debt.charge(at(0));
        }
        let delay = debt.charge(at(0));
        assert_eq!(debt.verdict(at(0)), Verdict::Wait(1000));
        debt.refund(at(0), delay);
        assert_eq!((debt.failures(at(0)), debt.verdict(at(0))), (59, Verdict::Admitted));
    }

    #[test]
    fn a_success_ends_a_row_but_for_what_is_under_way() {
        let mut row = Row::recorded(3);
        for _ in 0..2 {
            row.admit(ACCOUNT, at(0));
        }
        row.succeed();
        assert_eq!(row.failures, 1);
        row.fail();
        assert_eq!((row.failures, row.verdict(at(0))), (1, Verdict::Admitted));
    }

    #[test]
    fn an_address_is_forgiven_one_each_minute() {
        let mut debt = Debt::default();
        for _ in 0..50 {
            debt.charge(at(0));
        }
        assert_eq!([0, 59, 60, 61, 49 * 60, 50 * 60].map(|time| debt.failures(at(time))), [50, 50, 49, 49, 1, 0]);
        debt.charge(at(4000));
        assert_eq!(debt.failures(at(4000)), 1);
    }

    #[test]
    fn the_audit_log_is_told_once() {
        let mut row = Row::recorded(20);
        assert_eq!([row.news(), row.news()], [Some(Told::Delayed), None]);
        row.failures = MOST_FAILURES;
        assert_eq!([row.news(), row.news()], [Some(Told::Exhausted), None]);
        row.forgive(ACCOUNT, at(0));
        assert_eq!((row.failures, row.news()), (90, None));
        row.failures = MOST_FAILURES;
        assert_eq!([row.news(), row.news()], [Some(Told::Exhausted), None]);
        row.succeed();
        assert_eq!(row.news(), Some(Told::Delayed));
    }

    #[test]
    fn the_record_is_ahead_of_the_count() {
        let counts = [0, 1, 4, 5, 10, 11, 99, 100];
        assert_eq!(counts.map(|count| Row::recorded(count).due()), [0, 4, 4, 10, 10, 20, 100, 100]);
    }

    #[test]
    fn what_is_under_way_is_not_for_the_record() {
        let mut row = Row::recorded(0);
        let delays = [(); 3].map(|()| row.admit(ACCOUNT, at(0)));
        assert_eq!(row.due(), 0);
        row.fail();
        assert_eq!(row.due(), 4);
        row.withdraw(delays[1]);
        row.take_back(ACCOUNT, at(0), delays[2]);
        assert_eq!((row.failures, row.due()), (1, 4));
        row.admit(ACCOUNT, at(0));
        row.admit(ACCOUNT, at(0));
        row.succeed();
        assert_eq!((row.failures, row.due()), (1, 0));
        // Of one that gave way, the attempt that brings it back is still under way.
        let back = Row::brought_back(row);
        assert_eq!((back.failures, back.due()), (1, 0));
    }
}
