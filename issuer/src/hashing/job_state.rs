//! Whether a thread begins a job or the client cancels it: exactly one of the two happens.

use std::sync::atomic::{AtomicU8, Ordering};

/// The state of a queued job. It is an atomic and not a lock: a hashing thread at idle priority must not block another thread.
#[derive(Debug, Default)]
pub(super) struct JobState(AtomicU8);

const QUEUED: u8 = 0;
const BEGUN: u8 = 1;
const CANCELED: u8 = 2;

impl JobState {
    /// Marks the job as begun. False if it is canceled.
    pub(super) fn begin(&self) -> bool {
        self.change_to(BEGUN)
    }

    /// Marks the job as canceled. False if a thread has begun it, or it is canceled already.
    pub(super) fn cancel(&self) -> bool {
        self.change_to(CANCELED)
    }

    pub(super) fn is_canceled(&self) -> bool {
        self.0.load(Ordering::Acquire) == CANCELED
    }

    fn change_to(&self, state: u8) -> bool {
        self.0.compare_exchange(QUEUED, state, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}
