//! Limits on attempts at passwords, which make guessing useless and lock no owner out.
//!
//! - [`LoginDelays`] decides *when* an attempt is admitted, before the store is read. For unknown devices it depends only on
//!   attempts of unknown devices at that name and from that address, whether a user has the name or not.
//! - [`FailureCounts`] decides *whether* a right password is accepted, by a count of failures in a row that no client sees. Beyond
//!   its limit every attempt of an unknown device is answered as a wrong password. The users' records keep the count.
//!
//! Known devices have limits of their own, which unknown devices cannot change. An attempt counts as a failure from its admission,
//! before any password is hashed.

use std::{net::IpAddr, sync::Arc};

use crate::{
    clock::Moment,
    device_token::DeviceId,
    id::SessionId,
    metrics::Limit,
    user::{User, Username},
};

mod attempt;
mod delays;
mod failure_counts;
mod failure_sync;
mod rules;
mod successes;
mod table;
mod tally;
#[cfg(test)]
mod tests;

pub(crate) use attempt::{Attempt, Outcome};
pub(crate) use delays::LoginDelays;
pub(crate) use failure_counts::{Account, FailureCounts};
pub(crate) use failure_sync::FailureSync;
pub(crate) use successes::{SuccessLimit, TooOften};
pub(crate) use tally::{AlertLevel, MAX_UNKNOWN};

/// The `Retry-After` of a session whose account is at its limit, in seconds. Time alone does not end that: the owner must sign in,
/// or the operator set a password. Within an hour one of these may have happened.
const EXHAUSTED_WAIT: u64 = 60 * 60;

/// Admits attempts by the delays, and counts them at their accounts. The tables take 15 MB, which are allocated at the start. A new
/// entry evicts the least important of eight. An evicted account keeps its count in the user's record.
pub(crate) struct LoginThrottle {
    pub(crate) delays: Arc<LoginDelays>,
    pub(crate) counts: Arc<FailureCounts>,
}

/// A client that wants to sign in, as it is known before the store is read.
#[derive(Clone, Copy)]
pub(crate) struct SignIn<'r> {
    pub(crate) username: &'r Username,
    pub(crate) address: IpAddr,
    /// The device of its device token, if the token is genuine and of that username.
    pub(crate) device: Option<DeviceId>,
}

/// An attempt is refused because too many failed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    /// When an attempt is admitted, unless another one comes first.
    pub(crate) seconds: u64,
    pub(crate) limit: Limit,
}

impl LoginThrottle {
    /// Without failures. The secrets are random bytes that only this process knows.
    pub(crate) fn new([of_delays, of_counts]: [[u8; 32]; 2]) -> Self {
        Self { delays: Arc::new(LoginDelays::new(of_delays)), counts: Arc::new(FailureCounts::new(of_counts)) }
    }

    /// Admits an attempt to sign in, or returns the wait.
    pub(crate) fn attempt(&self, by: &SignIn<'_>, now: Moment) -> Result<Attempt, TooMany> {
        let admission = self.delays.admit(by, now)?;
        Ok(Attempt::new(&self.delays, &self.counts, admission, now).reporting(by.address))
    }

    /// Admits an attempt at the current password in a session, so that a stolen session is no way to guess the password.
    pub(crate) fn attempt_in_session(&self, session: SessionId, user: &User, now: Moment) -> Result<Attempt, TooMany> {
        let admission = self.delays.admit_session(session, now)?;
        let attempt = Attempt::new(&self.delays, &self.counts, admission, now);
        let account = self.counts.account(&user.username, Some(user));
        if self.counts.has_exhausted_devices(account, user.failures, now) {
            attempt.settle(Outcome::Untried);
            return Err(TooMany::exhausted(Limit::Session));
        }
        let mut attempt = attempt.take_owner_slot(account)?;
        attempt.count_at(account, user.failures);
        Ok(attempt)
    }
}

impl TooMany {
    fn after(millis: u64, limit: Limit) -> Self {
        Self { seconds: seconds(millis), limit }
    }

    fn exhausted(limit: Limit) -> Self {
        Self { seconds: EXHAUSTED_WAIT, limit }
    }
}

/// Whole seconds, rounded up: a client that retries then is not too early.
fn seconds(millis: u64) -> u64 {
    millis.div_ceil(1000)
}
