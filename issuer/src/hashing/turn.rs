//! Whether a job begins or its client leaves the queue: one of the two, however close they come.

use std::sync::atomic::{AtomicU8, Ordering};

/// What becomes of a job that waits. It holds no lock: a hashing thread that has to let others go first keeps nobody waiting.
#[derive(Debug, Default)]
pub(super) struct Turn(AtomicU8);

const WAITS: u8 = 0;
const BEGUN: u8 = 1;
const LEFT: u8 = 2;

impl Turn {
    /// A thread begins the job; no, where its client has left.
    pub(super) fn begin(&self) -> bool {
        self.becomes(BEGUN)
    }

    /// The client leaves the queue; no, where a thread has begun, or it has left already.
    pub(super) fn leave(&self) -> bool {
        self.becomes(LEFT)
    }

    pub(super) fn has_left(&self) -> bool {
        self.0.load(Ordering::Acquire) == LEFT
    }

    fn becomes(&self, end: u8) -> bool {
        self.0.compare_exchange(WAITS, end, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}
