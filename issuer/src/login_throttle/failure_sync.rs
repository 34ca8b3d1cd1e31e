//! Bringing what a user's record says of failures up to date: one at a time for each account, so that none overtakes another.

use std::sync::Arc;

use super::{Key, LoginThrottle};
use crate::user::Failures;

/// Writes an account's counts into its user's record. Meanwhile attempts go on, which it sees at its next look. Where it gives
/// up, the next attempt begins another.
pub(crate) struct FailureSync {
    login_throttle: Arc<LoginThrottle>,
    account: Key,
    /// What the record says as far as is known. For a name that no user has, what would be in it.
    recorded: Failures,
    writing: Option<Writing>,
    is_over: bool,
}

/// What the record is told to say, and by how much it might be lowered for that.
struct Writing {
    aim: Failures,
    lowers: [u8; 2],
}

impl FailureSync {
    pub(super) fn new(login_throttle: Arc<LoginThrottle>, account: Key, recorded: Failures) -> Self {
        Self { login_throttle, account, recorded, writing: None, is_over: false }
    }

    /// What to write instead of `recorded`, which the record was just seen to say. `None` where it may stay, which ends this.
    pub(crate) fn look(&mut self, recorded: Option<Failures>) -> Option<Failures> {
        let mut tables = self.login_throttle.lock();
        let recorded = recorded.unwrap_or(self.recorded);
        self.recorded = recorded;
        if let Some(row) = tables.accounts.find(self.account) {
            let aim = row.aim(recorded);
            row.know(aim);
            if aim != recorded {
                self.writing = Some(Writing { aim, lowers: row.lowering(aim, recorded) });
                return Some(aim);
            }
            row.noted();
        }
        tables.noting.remove(&self.account);
        self.is_over = true;
        None
    }

    /// The record says so now.
    pub(crate) fn written(&mut self) {
        let Some(Writing { aim, lowers }) = self.writing.take() else { return };
        self.recorded = aim;
        if let Some(row) = self.login_throttle.lock().accounts.find(self.account) {
            row.has_lowered(lowers);
        }
    }
}

impl Drop for FailureSync {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut tables = self.login_throttle.lock();
        if let Some(row) = tables.accounts.find(self.account) {
            row.know(self.recorded);
        }
        tables.noting.remove(&self.account);
    }
}
