//! The events in the histories of a run. A run without an event proves nothing about it.

/// The number of each event.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::key_ring::model) struct Coverage {
    pub(super) tokens: u64,
    pub(super) changes: u64,
    pub(super) conflicts: u64,
    pub(super) restarts: u64,
    pub(super) rotations: u64,
    pub(super) refused_rotations: u64,
    pub(super) revocations: u64,
    pub(super) jumps: u64,
}

impl Coverage {
    pub(in crate::key_ring::model) fn and(self, more: Self) -> Self {
        Self {
            tokens: self.tokens + more.tokens,
            changes: self.changes + more.changes,
            conflicts: self.conflicts + more.conflicts,
            restarts: self.restarts + more.restarts,
            rotations: self.rotations + more.rotations,
            refused_rotations: self.refused_rotations + more.refused_rotations,
            revocations: self.revocations + more.revocations,
            jumps: self.jumps + more.jumps,
        }
    }

    pub(in crate::key_ring::model) fn assert_complete(self) {
        let all =
            [self.tokens, self.changes, self.conflicts, self.restarts, self.rotations, self.revocations, self.jumps];
        assert!(all.into_iter().all(|count| count > 0), "{self:?}");
    }
}
