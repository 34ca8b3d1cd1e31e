//! The store of the model: every version of the one record that it holds, of which a crash keeps at least the durable
//! ones.

use crate::session::Session;

/// Every version since the sign-in, in their order.
pub(super) struct Disk {
    versions: Vec<Version>,
    /// How many of them are durable.
    durable: usize,
}

/// One version of the record.
pub(super) struct Version {
    pub(super) session: Session,
    /// Which token is its current one, in the family tree.
    pub(super) current: usize,
    /// The true time at which its rotation was decided, in milliseconds.
    pub(super) rotated_at: u64,
}

impl Disk {
    pub(super) fn new(first: Version) -> Self {
        Self { versions: vec![first], durable: 1 }
    }

    pub(super) fn latest(&self) -> usize {
        self.versions.len() - 1
    }

    pub(super) fn version(&self, index: usize) -> &Version {
        &self.versions[index]
    }

    pub(super) fn write(&mut self, version: Version) -> usize {
        self.versions.push(version);
        self.latest()
    }

    /// Group commit: everything that was written becomes durable.
    pub(super) fn sync(&mut self) {
        self.durable = self.versions.len();
    }

    /// Loses what was not durable, but for the first `kept` of it: a disk may have written more than it was told to.
    pub(super) fn crash(&mut self, kept: usize) -> usize {
        let before = self.versions.len();
        let kept = kept % (before - self.durable + 1);
        self.versions.truncate(self.durable + kept);
        self.sync();
        before - self.versions.len()
    }
}
