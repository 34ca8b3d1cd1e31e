//! An attempt that was admitted. It counts as a failure until it is settled, and is settled however it ends.

use std::{net::IpAddr, sync::Arc};

use super::{
    ADDRESS, Account, Key, LoginThrottle, NAME, Row, Tables, Tallies, TooMany,
    rules::Delay,
    tally::{MAX_KNOWN, MAX_UNKNOWN, Tally},
};
use crate::{audit, clock::Moment, metrics::Limit, user::Failures};

/// An attempt at a password that was admitted.
///
/// It ends by [`settle`](Self::settle). One that is dropped before that was abandoned: its client hung up and learned nothing.
/// It no longer counts in the record, nor against device or session, but against name and address, since it may have cost a
/// hash.
pub(crate) struct Attempt {
    login_throttle: Arc<LoginThrottle>,
    held: Held,
    /// The account where it counts, once the store was read, and what was counted there before. None where there were as many
    /// failures as there may be.
    counted: Option<(Key, Tallies)>,
    /// The account of which it takes a position.
    owner: Option<Key>,
    /// The address that is delayed after it, for the audit log.
    pub(super) delays: Option<IpAddr>,
    is_void: bool,
    admitted_at: Moment,
    is_settled: bool,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The password was right.
    Succeeded,
    /// The password was wrong, or there is no such user.
    Failed,
    /// The issuer did not compare the password, for a reason of its own.
    Untried,
    /// The client hung up.
    Abandoned,
}

/// Where an attempt was admitted.
#[derive(Clone, Copy)]
pub(super) enum Held {
    Unknown { name: Key, at_name: Delay, address: Key, at_address: Delay },
    Device(InRow),
    Session(InRow),
}

/// The row of a device or a session as it was before an attempt, and how long that delays the next.
#[derive(Clone, Copy)]
pub(super) struct InRow {
    pub(super) key: Key,
    pub(super) row: Row,
    pub(super) delay: Delay,
}

impl Attempt {
    pub(super) fn new(login_throttle: Arc<LoginThrottle>, held: Held, admitted_at: Moment) -> Self {
        let (counted, owner, delays) = (None, None, None);
        Self { login_throttle, held, counted, owner, delays, is_void: false, admitted_at, is_settled: false }
    }

    /// Has the audit log say that the address is delayed, where it is after this attempt: one that turns out to be right, or
    /// that is not tried, delays nothing.
    pub(super) fn telling_of(mut self, address: IpAddr) -> Self {
        let begins = matches!(self.held, Held::Unknown { at_address, .. } if at_address.begins(self.admitted_at));
        self.delays = begins.then_some(address);
        self
    }

    /// Counts the attempt at the account that the store says is meant, whose user's record says what was counted before this
    /// issuer began.
    pub(crate) fn count_at(&mut self, account: Account, recorded: Failures) {
        let mut tables = self.login_throttle.lock();
        let tallies = tables.tallies(account, recorded, self.admitted_at);
        let before = *tallies;
        let (tally, max) = self.held.side(tallies);
        self.is_void = tally.is_exhausted(max, if self.is_unknown() { recorded.unknown } else { recorded.known });
        if !self.is_void {
            tally.admit();
            self.counted = Some((account.0, before));
        }
    }

    /// Takes a position of the account whose known device or session it turned out to be of, or says that there is none. Not
    /// before: a device token of an earlier password would keep the owner out.
    pub(crate) fn of_owner(mut self, Account(account): Account) -> Result<Self, TooMany> {
        if self.login_throttle.lock().enter_owner(account) {
            self.owner = Some(account);
            return Ok(self);
        }
        let limit = if self.is_known() { Limit::Device } else { Limit::Session };
        self.settle(Outcome::Untried);
        Err(TooMany { seconds: 1, limit })
    }

    /// Whether it comes from a known device, which most likely is the owner's.
    pub(crate) fn is_known(&self) -> bool {
        matches!(self.held, Held::Device(_))
    }

    fn is_unknown(&self) -> bool {
        matches!(self.held, Held::Unknown { .. })
    }

    /// Whether it must fail whatever the password, since there were as many failures as there may be.
    pub(crate) fn is_void(&self) -> bool {
        self.is_void
    }

    /// Ends the attempt, with what came of it.
    pub(crate) fn settle(mut self, outcome: Outcome) {
        self.is_settled = true;
        self.end(outcome);
    }

    fn end(&self, outcome: Outcome) {
        let mut tables = self.login_throttle.lock();
        if let Some(account) = self.owner {
            tables.leave_owner(account);
        }
        self.settle_admission(&mut tables, outcome);
        self.settle_count(&mut tables, outcome);
        drop(tables);
        if let (Some(address), Outcome::Failed | Outcome::Abandoned) = (self.delays, outcome) {
            audit::address_limited(address);
        }
    }

    /// Settles where it was admitted. A row that gave way to another meanwhile goes on with what it had.
    fn settle_admission(&self, tables: &mut Tables, outcome: Outcome) {
        let then = self.admitted_at;
        let at = match self.held {
            Held::Unknown { name, at_name, address, at_address } => {
                if matches!(outcome, Outcome::Succeeded | Outcome::Untried) {
                    if let Some(debt) = tables.names.find(name) {
                        debt.refund(NAME, then, at_name);
                    }
                    if let Some(debt) = tables.addresses.find(address) {
                        debt.refund(ADDRESS, then, at_address);
                    }
                }
                return;
            }
            Held::Device(at) | Held::Session(at) => at,
        };
        let row = tables.own.find_or_insert(at.key, Row::brought_back(at.row));
        match outcome {
            Outcome::Succeeded => row.succeed(),
            Outcome::Failed => row.fail(),
            Outcome::Untried => row.withdraw(at.delay),
            Outcome::Abandoned => row.take_back(then, at.delay),
        }
    }

    fn settle_count(&self, tables: &mut Tables, outcome: Outcome) {
        let Some((account, before)) = self.counted else { return };
        let mut brought_back = before;
        let (tally, _) = self.held.side(&mut brought_back);
        *tally = Tally::brought_back(*tally);
        let tallies = tables.accounts.find_or_insert(account, brought_back);
        let (tally, _) = self.held.side(tallies);
        match outcome {
            Outcome::Failed => tally.fail(),
            Outcome::Succeeded | Outcome::Untried | Outcome::Abandoned => tally.uncount(),
        }
        if outcome == Outcome::Succeeded {
            if self.is_unknown() {
                tallies.unknown.end();
            } else {
                tallies.unknown.forgive(MAX_UNKNOWN);
            }
            // Not all: with the tokens of many devices an attacker would have as many guesses at each sign-in of the owner.
            tallies.known.forgive(MAX_KNOWN);
        }
    }
}

impl Held {
    /// The count to which it belongs, and how many failures that may have.
    fn side(self, tallies: &mut Tallies) -> (&mut Tally, u16) {
        match self {
            Self::Unknown { .. } => (&mut tallies.unknown, MAX_UNKNOWN),
            Self::Device(_) | Self::Session(_) => (&mut tallies.known, MAX_KNOWN),
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.is_settled {
            self.end(Outcome::Abandoned);
        }
    }
}
