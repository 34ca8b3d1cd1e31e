//! The store of the model: every version of its one record. A crash keeps at least the durable versions.

use crate::session::Session;

/// All versions since the sign-in, in order.
pub(super) struct Disk {
    versions: Vec<Version>,
    /// The number of durable versions.
    durable: usize,
}

/// One version of the record.
pub(super) struct Version {
    pub(super) session: Session,
    /// The index of its current token in the family tree.
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

    /// Group commit: all versions become durable.
    pub(super) fn sync(&mut self) {
        self.durable = self.versions.len();
    }

    /// Loses the non-durable versions except the first `kept` of them, since a disk may have written more than it
    /// acknowledged.
    pub(super) fn crash(&mut self, kept: usize) -> usize {
        let before = self.versions.len();
        let kept = kept % (before - self.durable + 1);
        self.versions.truncate(self.durable + kept);
        self.sync();
        before - self.versions.len()
    }
}
