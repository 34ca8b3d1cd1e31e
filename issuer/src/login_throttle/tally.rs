//! How many guesses are tried at all: failures in a row at an account, as pure functions. No client sees them.

use super::{rules::NAME, table::Entry};
use crate::{clock::Moment, user::Failures};

/// Failures in a row of unknown devices at one account. With [`MAX_KNOWN`] they are the hundred in a row of NIST SP 800-63B
/// §3.2.2. Attempts beyond them are answered as wrong ones are, whatever the password.
pub(crate) const MAX_UNKNOWN: u16 = 60;

/// Failures in a row of all known devices and sessions of one account together.
pub(crate) const MAX_KNOWN: u16 = 40;

/// The highest count that a record can say.
const ALL: u8 = 100;

/// Counts in the user's record are kept in steps, ahead of what happened, so that few failures need a write.
const STEP: u16 = 10;

/// The first step: after a restart, a user who mistyped once may do so again.
const FIRST_STEP: u16 = 4;

/// What a sign-in on a known device forgives, of either count. Not all: an attacker at an account whose owner signs in every
/// day would never reach the end. And some: the owner could never again sign in on a new device.
const FORGIVEN: u16 = 10;

/// What is hidden from clients: the failures in a row at an account, which end at a success, and of which no more than so many
/// are tried. The user's record keeps them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tallies {
    pub(super) unknown: Tally,
    pub(super) known: Tally,
    used_at: Moment,
}

/// Failures in a row, of an account's unknown devices or of its known ones. Attempts that are under way count as failures.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    failures: u16,
    under_way: u16,
    /// What the user's record says as far as is known here, or is just told to say.
    known: u16,
    /// By how much the record may be lowered, since an attempt succeeded.
    lowers: u8,
    told: AlertLevel,
}

/// What of a count the audit log was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AlertLevel {
    #[default]
    Nothing,
    /// Attempts are delayed.
    Delayed,
    /// There were as many failures as there may be.
    Exhausted,
}

impl Tallies {
    /// Counts that go on after a restart, or after the entry gave way to another.
    pub(super) fn recorded(recorded: Failures) -> Self {
        Self {
            unknown: Tally::recorded(recorded.unknown, MAX_UNKNOWN),
            known: Tally::recorded(recorded.known, MAX_KNOWN),
            used_at: Moment::default(),
        }
    }

    pub(super) fn used(&mut self, now: Moment) {
        self.used_at = now;
    }

    /// What the user's record should say instead of `recorded`.
    pub(super) fn aim(&self, recorded: Failures) -> Failures {
        let (unknown, known) = (self.unknown.due(MAX_UNKNOWN), self.known.due(MAX_KNOWN));
        Failures { unknown: self.unknown.aim(unknown, recorded.unknown), known: self.known.aim(known, recorded.known) }
    }

    pub(super) fn known(&self) -> Failures {
        Failures { unknown: self.unknown.known, known: self.known.known }
    }

    pub(super) fn know(&mut self, recorded: Failures) {
        (self.unknown.known, self.known.known) = (recorded.unknown, recorded.known);
    }

    /// The record says what it should: what it will say more is not for the successes until now.
    pub(super) fn noted(&mut self) {
        (self.unknown.lowers, self.known.lowers) = (0, 0);
    }

    /// By how much writing `aim` instead of `recorded` uses up what may be lowered.
    pub(super) fn lowering(&self, aim: Failures, recorded: Failures) -> [u8; 2] {
        let used = |lowers, aim, recorded| if aim < recorded { lowers } else { 0 };
        [used(self.unknown.lowers, aim.unknown, recorded.unknown), used(self.known.lowers, aim.known, recorded.known)]
    }

    /// The record is lowered by as much as it might be, but for successes since.
    pub(super) fn has_lowered(&mut self, [unknown, known]: [u8; 2]) {
        self.unknown.lowers = self.unknown.lowers.saturating_sub(unknown);
        self.known.lowers = self.known.lowers.saturating_sub(known);
    }

    #[cfg(test)]
    pub(super) fn counted(&self) -> Failures {
        Failures { unknown: self.unknown.failures, known: self.known.failures }
    }

    /// What the audit log should be told of the unknown devices now, once each.
    pub(super) fn news(&mut self) -> Option<AlertLevel> {
        self.unknown.news()
    }
}

impl Tally {
    fn recorded(failures: u16, max: u16) -> Self {
        Self { failures: failures.min(max), known: failures, ..Self::default() }
    }

    /// A count that gave way while an attempt was under way which was admitted to it as it was `then`.
    pub(super) fn brought_back(then: Self) -> Self {
        Self { failures: then.settled() + 1, under_way: 1, known: then.known, ..Self::default() }
    }

    fn settled(self) -> u16 {
        self.failures.saturating_sub(self.under_way)
    }

    /// Whether there were as many failures as there may be, here or at all issuers together.
    pub(super) fn is_exhausted(self, max: u16, recorded: u16) -> bool {
        self.failures.max(recorded.saturating_sub(self.lowers.into())) >= max
    }

    /// Counts an attempt.
    pub(super) fn admit(&mut self) {
        self.failures += 1;
        self.under_way += 1;
    }

    /// The count for the user's record. What is under way is not in it: its client has learned nothing, and where it is the
    /// owner a restart must not count it.
    fn due(self, max: u16) -> u16 {
        match self.settled() {
            0 => 0,
            settled if settled <= FIRST_STEP => FIRST_STEP,
            // Other issuers go by the record: near the end it says no more than what happened.
            settled if settled + STEP > max => settled.min(max),
            settled => settled.next_multiple_of(STEP),
        }
    }

    /// No less than what is due, and no less than what other issuers have counted, unless an attempt has succeeded here.
    fn aim(self, due: u16, recorded: u16) -> u16 {
        due.max(recorded.saturating_sub(self.lowers.into()))
    }

    /// An attempt failed. It is counted already, but where the count gave way and was brought back without it.
    pub(super) fn fail(&mut self) {
        match self.under_way.checked_sub(1) {
            Some(under_way) => self.under_way = under_way,
            None => self.failures = self.failures.saturating_add(1),
        }
    }

    /// An attempt came to nothing: its client learned nothing.
    pub(super) fn uncount(&mut self) {
        if let Some(under_way) = self.under_way.checked_sub(1) {
            self.under_way = under_way;
            self.failures = self.failures.saturating_sub(1);
        }
    }

    /// The user signed in: the count ends, but for what else is under way, and so does what other issuers have counted.
    pub(super) fn end(&mut self) {
        let lowers = self.lowers.saturating_add(ALL);
        *self = Self {
            failures: self.under_way,
            under_way: self.under_way,
            known: self.known,
            lowers,
            told: AlertLevel::Nothing,
        };
    }

    /// The owner signed in on a known device. Of what other issuers have counted no more is forgiven than of what is counted
    /// here.
    pub(super) fn forgive(&mut self, max: u16) {
        let due = self.due(max);
        self.failures -= FORGIVEN.min(self.settled());
        self.told = if self.failures == 0 { AlertLevel::Nothing } else { self.told.min(AlertLevel::Delayed) };
        let lowered = FORGIVEN.max(due.saturating_sub(self.due(max)));
        self.lowers = self.lowers.saturating_add(lowered.try_into().unwrap_or(ALL));
    }

    fn news(&mut self) -> Option<AlertLevel> {
        let state = match self.settled() {
            MAX_UNKNOWN.. => AlertLevel::Exhausted,
            failures if failures >= NAME.free => AlertLevel::Delayed,
            _ => AlertLevel::Nothing,
        };
        (self.told < state).then(|| {
            self.told = state;
            state
        })
    }
}

impl Entry for Tallies {
    fn weight(&self) -> (u16, Moment) {
        (self.unknown.failures + self.known.failures, self.used_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_ends_a_count_but_for_what_is_under_way() {
        let mut tally = Tally::recorded(3, MAX_UNKNOWN);
        tally.admit();
        tally.admit();
        tally.uncount();
        tally.end();
        assert_eq!(tally.failures, 1);
        tally.fail();
        assert_eq!((tally.failures, tally.under_way), (1, 0));
    }

    #[test]
    fn the_audit_log_is_told_once() {
        let mut tally = Tally::recorded(20, MAX_UNKNOWN);
        assert_eq!([tally.news(), tally.news()], [Some(AlertLevel::Delayed), None]);
        tally.failures = MAX_UNKNOWN;
        assert_eq!([tally.news(), tally.news()], [Some(AlertLevel::Exhausted), None]);
        tally.forgive(MAX_UNKNOWN);
        assert_eq!((tally.failures, tally.news()), (50, None));
        tally.failures = MAX_UNKNOWN;
        assert_eq!([tally.news(), tally.news()], [Some(AlertLevel::Exhausted), None]);
        tally.end();
        assert_eq!((tally.failures, tally.news()), (0, None));
    }

    #[test]
    fn the_record_is_ahead_of_the_count() {
        let counts = [0, 1, 4, 5, 10, 11, 50, 51, 60];
        assert_eq!(
            counts.map(|count| Tally::recorded(count, MAX_UNKNOWN).due(MAX_UNKNOWN)),
            [0, 4, 4, 10, 10, 20, 50, 51, 60]
        );
    }

    #[test]
    fn what_is_under_way_is_not_for_the_record() {
        let mut tally = Tally::default();
        (0..3).for_each(|_| tally.admit());
        assert_eq!(tally.due(MAX_UNKNOWN), 0);
        tally.fail();
        assert_eq!(tally.due(MAX_UNKNOWN), 4);
        tally.uncount();
        tally.uncount();
        assert_eq!((tally.failures, tally.due(MAX_UNKNOWN)), (1, 4));
        tally.admit();
        tally.end();
        assert_eq!((tally.failures, tally.due(MAX_UNKNOWN)), (1, 0));
        // Of one that gave way, the attempt that brings it back is still under way.
        let back = Tally::brought_back(tally);
        assert_eq!((back.failures, back.due(MAX_UNKNOWN)), (1, 0));
    }
}
