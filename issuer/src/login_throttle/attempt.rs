//! An admitted attempt. It counts as a failure until it is settled.

use std::{net::IpAddr, sync::Arc};

use super::{
    FailureCounts, LoginDelays, TooMany,
    delays::Admission,
    failure_counts::{Account, Counted, Devices},
};
use crate::{audit, clock::Moment, metrics::Limit, user::Failures};

/// An admitted attempt at a password.
///
/// It ends by [`settle`](Self::settle). An attempt that is dropped before was abandoned: its client closed the connection and
/// learned nothing. It still counts against name and address, because it may have cost a hash, but not against the device, the
/// session and the account.
pub(crate) struct Attempt {
    delays: Arc<LoginDelays>,
    counts: Arc<FailureCounts>,
    admission: Admission,
    admitted_at: Moment,
    /// Its count at the account. `None` before the store is read, and for an account at its limit.
    counted: Option<Counted>,
    is_void: bool,
    /// The account of which it holds a slot.
    owner: Option<Account>,
    /// The address that this attempt delays, for the audit log.
    pub(super) delayed_address: Option<IpAddr>,
    is_settled: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The password was right.
    Succeeded,
    /// The password was wrong, or no user has the name.
    Failed,
    /// The issuer did not compare the password, for a reason of its own.
    Untried,
    /// The client closed the connection.
    Abandoned,
}

impl Attempt {
    pub(super) fn new(
        delays: &Arc<LoginDelays>,
        counts: &Arc<FailureCounts>,
        admission: Admission,
        admitted_at: Moment,
    ) -> Self {
        Self {
            delays: Arc::clone(delays),
            counts: Arc::clone(counts),
            admission,
            admitted_at,
            counted: None,
            is_void: false,
            owner: None,
            delayed_address: None,
            is_settled: false,
        }
    }

    /// Reports the first delay of the address to the audit log, once the attempt has failed or was abandoned.
    pub(super) fn reporting(mut self, address: IpAddr) -> Self {
        self.delayed_address = self.admission.begins_delay_of_address(self.admitted_at).then_some(address);
        self
    }

    /// Counts the attempt at the account that the store returned. `recorded` are the failures in the user's record.
    pub(crate) fn count_at(&mut self, account: Account, recorded: Failures) {
        let devices = if self.is_unknown() { Devices::Unknown } else { Devices::Known };
        self.counted = self.counts.count(account, devices, recorded, self.admitted_at);
        self.is_void = self.counted.is_none();
    }

    /// Takes a slot of the account, or is refused. Only after the store showed that the device or session is of that account: a
    /// device token of an earlier password must not block the owner.
    pub(crate) fn take_owner_slot(mut self, account: Account) -> Result<Self, TooMany> {
        if self.counts.take_owner_slot(account) {
            self.owner = Some(account);
            return Ok(self);
        }
        let limit = if self.is_known() { Limit::Device } else { Limit::Session };
        self.settle(Outcome::Untried);
        Err(TooMany { seconds: 1, limit })
    }

    /// Whether a known device made it, most likely the owner's.
    pub(crate) fn is_known(&self) -> bool {
        matches!(self.admission, Admission::Device(_))
    }

    fn is_unknown(&self) -> bool {
        matches!(self.admission, Admission::Unknown { .. })
    }

    /// Whether it fails with any password, because the account is at its limit of failures.
    pub(crate) fn is_void(&self) -> bool {
        self.is_void
    }

    /// Ends the attempt.
    pub(crate) fn settle(mut self, outcome: Outcome) {
        self.is_settled = true;
        self.end(outcome);
    }

    fn end(&self, outcome: Outcome) {
        if let Some(account) = self.owner {
            self.counts.release_owner_slot(account);
        }
        self.delays.settle(&self.admission, self.admitted_at, outcome);
        if let Some(counted) = &self.counted {
            self.counts.settle(counted, outcome);
        }
        if let (Some(address), Outcome::Failed | Outcome::Abandoned) = (self.delayed_address, outcome) {
            audit::address_limited(address);
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
