//! The queue under its lock: requests add jobs on one side, the dispatcher takes them on the other.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{Lane, job::Job, queue::Queue};
use crate::{clock::Stopwatch, metrics::HashingMetrics};

/// What the dispatcher shares with the requests.
pub(super) struct SharedQueue {
    state: Mutex<QueueState>,
    since_start: Stopwatch,
    pub(super) metrics: HashingMetrics,
}

pub(super) struct QueueState {
    pub(super) queue: Queue<Job>,
    pub(super) is_closing: bool,
}

impl SharedQueue {
    pub(super) fn new(queue: Queue<Job>, metrics: HashingMetrics) -> Self {
        let state = Mutex::new(QueueState { queue, is_closing: false });
        Self { state, since_start: Stopwatch::start(), metrics }
    }

    /// Reports the lengths of the lanes to the metrics.
    pub(super) fn report_lengths(&self, state: &QueueState) {
        self.metrics.queued(state.queue.length(Lane::Known), state.queue.length(Lane::Unknown));
    }

    pub(super) fn now(&self) -> Duration {
        self.since_start.elapsed()
    }

    /// The steps of the queue do not panic. If one did, the next caller would still find a consistent queue.
    pub(super) fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
