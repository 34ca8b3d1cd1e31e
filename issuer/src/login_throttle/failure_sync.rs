//! Synchronizing a user's record with the count of failures: one synchronization at a time for each account, so that no write
//! overtakes another.

use std::sync::Arc;

use super::{FailureCounts, table::Key};
use crate::user::Failures;

#[cfg(test)]
mod tests;

/// Writes an account's count into its user's record. Attempts continue meanwhile; the next write includes them. If a write fails,
/// the next attempt begins another synchronization.
pub(crate) struct FailureSync {
    counts: Arc<FailureCounts>,
    account: Key,
    /// The last known failures in the record. For a name without a user, those that a record would hold.
    recorded: Failures,
    write: Option<Write>,
    is_over: bool,
}

/// A write to the record, and the reductions that it uses.
struct Write {
    target: Failures,
    reductions: [u8; 2],
}

impl FailureSync {
    pub(super) fn new(counts: Arc<FailureCounts>, account: Key, recorded: Failures) -> Self {
        Self { counts, account, recorded, write: None, is_over: false }
    }

    /// The failures to write instead of `recorded`, which the record holds now. `None` if they are the same, which ends this
    /// synchronization.
    pub(crate) fn next_write(&mut self, recorded: Option<Failures>) -> Option<Failures> {
        let mut tables = self.counts.lock();
        let recorded = recorded.unwrap_or(self.recorded);
        self.recorded = recorded;
        if let Some(tallies) = tables.accounts.find(self.account) {
            let target = tallies.target(recorded);
            tallies.set_recorded(target);
            if target != recorded {
                self.write = Some(Write { target, reductions: tallies.reductions_for(target, recorded) });
                return Some(target);
            }
            tallies.synchronized();
        }
        tables.syncing.remove(&self.account);
        self.is_over = true;
        None
    }

    /// Records that the last write is in the record.
    pub(crate) fn written(&mut self) {
        let Some(Write { target, reductions }) = self.write.take() else { return };
        self.recorded = target;
        if let Some(tallies) = self.counts.lock().accounts.find(self.account) {
            tallies.use_reductions(reductions);
        }
    }
}

impl Drop for FailureSync {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut tables = self.counts.lock();
        if let Some(tallies) = tables.accounts.find(self.account) {
            tallies.set_recorded(self.recorded);
        }
        tables.syncing.remove(&self.account);
    }
}
