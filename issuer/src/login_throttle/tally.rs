//! The rules of the failure counts, as pure functions: failures in a row at an account, which no client sees.

use super::{rules::NAME, table::Entry};
use crate::{clock::Moment, user::Failures};

/// The limit of failures in a row of unknown devices at one account. With [`MAX_KNOWN`] it makes the hundred in a row of NIST SP
/// 800-63B §3.2.2. Beyond it every attempt is answered as a wrong password.
pub(crate) const MAX_UNKNOWN: u16 = 60;

/// The limit of failures in a row of all known devices and sessions of one account together.
pub(crate) const MAX_KNOWN: u16 = 40;

/// The highest count of a record.
const ALL: u8 = 100;

/// The user's record counts in steps ahead of the failures, so that few of them need a write.
const STEP: u16 = 10;

/// The first step: after a restart a user who mistyped once has attempts left.
const FIRST_STEP: u16 = 4;

/// The failures that a sign-in on a known device forgives, of either count. Not all: an attacker at an account whose owner signs in
/// daily would never reach the limit. Not none: the owner could never again sign in on a new device.
const FORGIVEN: u16 = 10;

/// The two counts of an account. The user's record keeps them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tallies {
    pub(super) unknown: Tally,
    pub(super) known: Tally,
    used_at: Moment,
}

/// Failures in a row, of an account's unknown devices or of its known ones. Running attempts count as failures.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    failures: u16,
    running: u16,
    /// The last known count in the user's record, or the one that is being written.
    recorded: u16,
    /// How far the record may be reduced, because attempts succeeded.
    reduction: u8,
    /// The last alert in the audit log.
    reported: AlertLevel,
}

/// The alert of a count in the audit log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AlertLevel {
    #[default]
    Nothing,
    /// Attempts are delayed.
    Delayed,
    /// The count reached its limit.
    Exhausted,
}

impl Tallies {
    /// Counts that resume from the user's record, after a restart or an eviction.
    pub(super) fn from_record(recorded: Failures) -> Self {
        Self {
            unknown: Tally::from_record(recorded.unknown, MAX_UNKNOWN),
            known: Tally::from_record(recorded.known, MAX_KNOWN),
            used_at: Moment::default(),
        }
    }

    pub(super) fn used(&mut self, now: Moment) {
        self.used_at = now;
    }

    /// The failures that the user's record should hold instead of `recorded`.
    pub(super) fn target(&self, recorded: Failures) -> Failures {
        Failures {
            unknown: self.unknown.target(MAX_UNKNOWN, recorded.unknown),
            known: self.known.target(MAX_KNOWN, recorded.known),
        }
    }

    /// The last known failures in the record.
    pub(super) fn recorded(&self) -> Failures {
        Failures { unknown: self.unknown.recorded, known: self.known.recorded }
    }

    pub(super) fn set_recorded(&mut self, recorded: Failures) {
        self.unknown.recorded = recorded.unknown;
        self.known.recorded = recorded.known;
    }

    /// The record holds its target: past successes reduce it no further.
    pub(super) fn synchronized(&mut self) {
        self.unknown.reduction = 0;
        self.known.reduction = 0;
    }

    /// The reductions that a write of `target` instead of `recorded` uses.
    pub(super) fn reductions_for(&self, target: Failures, recorded: Failures) -> [u8; 2] {
        let used = |reduction, target, recorded| if target < recorded { reduction } else { 0 };
        [
            used(self.unknown.reduction, target.unknown, recorded.unknown),
            used(self.known.reduction, target.known, recorded.known),
        ]
    }

    /// Subtracts the reductions of a completed write. Those of later successes stay.
    pub(super) fn use_reductions(&mut self, [unknown, known]: [u8; 2]) {
        self.unknown.reduction = self.unknown.reduction.saturating_sub(unknown);
        self.known.reduction = self.known.reduction.saturating_sub(known);
    }

    #[cfg(test)]
    pub(super) fn counted(&self) -> Failures {
        Failures { unknown: self.unknown.failures, known: self.known.failures }
    }

    /// The new alert about unknown devices. Each level is returned once.
    pub(super) fn new_alert(&mut self) -> Option<AlertLevel> {
        self.unknown.new_alert()
    }
}

impl Tally {
    fn from_record(failures: u16, max: u16) -> Self {
        Self { failures: failures.min(max), recorded: failures, ..Self::default() }
    }

    /// An evicted count, restored for a running attempt that was admitted to it as it was `then`.
    pub(super) fn restored(then: Self) -> Self {
        Self { failures: then.settled() + 1, running: 1, recorded: then.recorded, ..Self::default() }
    }

    fn settled(self) -> u16 {
        self.failures.saturating_sub(self.running)
    }

    /// Whether the count is at its limit, here or in the record of all issuers.
    pub(super) fn is_exhausted(self, max: u16, recorded: u16) -> bool {
        self.failures.max(recorded.saturating_sub(self.reduction.into())) >= max
    }

    /// Counts an attempt.
    pub(super) fn admit(&mut self) {
        self.failures += 1;
        self.running += 1;
    }

    /// The count for the user's record, without running attempts: their clients have learned nothing, and a restart must not count
    /// the owner's.
    fn due(self, max: u16) -> u16 {
        match self.settled() {
            0 => 0,
            settled if settled <= FIRST_STEP => FIRST_STEP,
            // Other issuers read the record: near the limit it is exact.
            settled if settled + STEP > max => settled.min(max),
            settled => settled.next_multiple_of(STEP),
        }
    }

    /// At least the count here, and at least what other issuers counted, unless an attempt succeeded here.
    fn target(self, max: u16, recorded: u16) -> u16 {
        self.due(max).max(recorded.saturating_sub(self.reduction.into()))
    }

    /// Settles a failed attempt. It is counted already, except in a count that was restored without it.
    pub(super) fn fail(&mut self) {
        match self.running.checked_sub(1) {
            Some(running) => self.running = running,
            None => self.failures = self.failures.saturating_add(1),
        }
    }

    /// Removes an attempt whose client learned nothing, or succeeded.
    pub(super) fn withdraw(&mut self) {
        if let Some(running) = self.running.checked_sub(1) {
            self.running = running;
            self.failures = self.failures.saturating_sub(1);
        }
    }

    /// The user signed in on an unknown device: the count ends, here and in the record. Other running attempts stay counted.
    pub(super) fn end(&mut self) {
        *self = Self {
            failures: self.running,
            running: self.running,
            recorded: self.recorded,
            reduction: self.reduction.saturating_add(ALL),
            reported: AlertLevel::Nothing,
        };
    }

    /// The owner signed in on a known device. The record is reduced by no more than the count here.
    pub(super) fn forgive(&mut self, max: u16) {
        let due = self.due(max);
        self.failures -= FORGIVEN.min(self.settled());
        self.reported = if self.failures == 0 { AlertLevel::Nothing } else { self.reported.min(AlertLevel::Delayed) };
        let forgiven = FORGIVEN.max(due.saturating_sub(self.due(max)));
        self.reduction = self.reduction.saturating_add(forgiven.try_into().unwrap_or(ALL));
    }

    fn new_alert(&mut self) -> Option<AlertLevel> {
        let level = match self.settled() {
            MAX_UNKNOWN.. => AlertLevel::Exhausted,
            failures if failures >= NAME.free => AlertLevel::Delayed,
            _ => AlertLevel::Nothing,
        };
        (self.reported < level).then(|| {
            self.reported = level;
            level
        })
    }
}

impl Entry for Tallies {
    fn weight(&self) -> (u16, Moment) {
        (self.unknown.failures + self.known.failures, self.used_at)
    }
}

#[cfg(test)]
mod tests;
