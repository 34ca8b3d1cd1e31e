//! An attempt that was admitted. It counts as a failure until it is settled, and is settled however it ends.

use std::sync::Arc;

use super::{ACCOUNT, Delay, Guessing, Key, OWN, Row};
use crate::clock::Moment;

/// One attempt at a password that was admitted. Dropped without an outcome, its client has gone and learnt nothing: it
/// counts no longer against account, device or session, but against its address, since it may have cost a hash.
pub(crate) struct Attempt {
    guessing: Arc<Guessing>,
    held: Held,
    admitted_at: Moment,
    outcome: Outcome,
}

/// Where an attempt is counted, and the failures there with it.
#[derive(Clone, Copy)]
pub(super) enum Held {
    Stranger { account: Key, at_account: Counted, address: Key, at_address: Delay },
    Device { device: Key, at_device: Counted, account: Key, recorded: u16 },
    Session { session: Key, at_session: Counted, account: Key },
}

/// A row as it was before an attempt, and how long that delays the next.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    pub(super) row: Row,
    pub(super) delay: Delay,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Succeeded,
    Failed,
    /// The issuer could not try it.
    Withdrawn,
    Abandoned,
}

impl Attempt {
    pub(super) fn new(guessing: Arc<Guessing>, held: Held, admitted_at: Moment) -> Self {
        Self { guessing, held, admitted_at, outcome: Outcome::Abandoned }
    }

    /// Whether it comes from a known device, which most likely is the owner's.
    pub(crate) fn is_known(&self) -> bool {
        matches!(self.held, Held::Device { .. })
    }

    /// The password was right.
    pub(crate) fn succeeded(mut self) {
        self.outcome = Outcome::Succeeded;
    }

    /// The password was wrong, or there is no such user.
    pub(crate) fn failed(mut self) {
        self.outcome = Outcome::Failed;
    }

    /// Nothing was tried, and that is not the client's fault.
    pub(crate) fn withdrawn(mut self) {
        self.outcome = Outcome::Withdrawn;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let (outcome, then) = (self.outcome, self.admitted_at);
        let mut tables = self.guessing.lock();
        // A row that gave way to another meanwhile goes on with what it had.
        let (row, rule, counted) = match self.held {
            Held::Stranger { account, at_account, address, at_address } => {
                if matches!(outcome, Outcome::Succeeded | Outcome::Withdrawn)
                    && let Some(debt) = tables.addresses.find(address)
                {
                    debt.refund(then, at_address);
                }
                let row = tables.accounts.find_or_insert(account, Row::brought_back(at_account.row));
                (row, ACCOUNT, at_account)
            }
            Held::Device { device, at_device, account, recorded } => {
                tables.leave_owner(account);
                if outcome == Outcome::Succeeded && (recorded > 0 || tables.accounts.find(account).is_some()) {
                    tables.accounts.find_or_insert(account, Row::recorded(recorded)).forgive(ACCOUNT, then);
                }
                (tables.own.find_or_insert(device, Row::brought_back(at_device.row)), OWN, at_device)
            }
            Held::Session { session, at_session, account } => {
                tables.leave_owner(account);
                (tables.own.find_or_insert(session, Row::brought_back(at_session.row)), OWN, at_session)
            }
        };
        match outcome {
            Outcome::Succeeded => row.succeed(),
            Outcome::Failed => row.fail(),
            Outcome::Withdrawn => row.withdraw(counted.delay),
            Outcome::Abandoned => row.take_back(rule, then, counted.delay),
        }
    }
}
