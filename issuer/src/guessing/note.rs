//! Bringing what a user's record says of failures up to date: one at a time for each account, so that none overtakes another.

use std::{mem, sync::Arc};

use super::{Guessing, Key};

/// Whoever writes an account's count into its user's record. Meanwhile attempts go on, which it sees at its next look.
pub(crate) struct Note {
    guessing: Arc<Guessing>,
    account: Key,
    /// Whether an attempt has succeeded, and the record was not lowered since.
    lowers: bool,
    is_over: bool,
}

impl Note {
    pub(super) fn new(guessing: Arc<Guessing>, account: Key) -> Self {
        Self { guessing, account, lowers: false, is_over: false }
    }

    /// What the record should say instead of `recorded`, which was just read. `None` where it may stay, which ends this: an
    /// attempt from now on begins another. For a name that nobody has, the record is what this said it should be.
    pub(crate) fn due(&mut self, recorded: Option<u16>) -> Option<u16> {
        let mut tables = self.guessing.lock();
        self.lowers |= tables.notes.get_mut(&self.account).is_some_and(mem::take);
        if let Some(row) = tables.accounts.find(self.account) {
            let (due, recorded) = (row.due(), recorded.unwrap_or(row.known()));
            if due > recorded || (due < recorded && self.lowers) {
                row.know(due);
                return Some(due);
            }
            row.know(recorded);
        }
        tables.notes.remove(&self.account);
        self.is_over = true;
        None
    }

    /// The record says so now. What it says from here on was not there when somebody succeeded.
    pub(crate) fn written(&mut self) {
        self.lowers = false;
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        if !self.is_over {
            self.guessing.lock().notes.remove(&self.account);
        }
    }
}
