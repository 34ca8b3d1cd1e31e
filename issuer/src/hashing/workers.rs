//! The way into the queue: requests submit jobs here. The hashing threads start and end with this type.

use std::{
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    HashingError, HashingSetupError, Lane, Settings,
    dispatcher::Dispatcher,
    job::Job,
    job_state::JobState,
    queue::{Queue, QueuedJob as _, Refused},
    shared_queue::SharedQueue,
};
use crate::metrics::{Dropped, HashingMetrics};

/// The hashing threads. Dropping it drops the queued jobs, and ends each thread after its current job.
pub(super) struct Workers {
    shared: Arc<SharedQueue>,
    dispatcher: Option<JoinHandle<()>>,
}

/// A client in the queue. Dropping it before a thread begins its job cancels the job.
pub(super) struct Waiter<'w> {
    shared: &'w SharedQueue,
    lane: Lane,
    hashes: u32,
    state: Arc<JobState>,
}

impl Workers {
    /// Starts the threads. Returns when each has touched its memory and the time of a hash is measured.
    pub(super) fn start(settings: &Settings, metrics: HashingMetrics) -> Result<Self, HashingSetupError> {
        let queue = Queue::new(settings.workers.get(), settings.deadline, Duration::ZERO);
        let shared = Arc::new(SharedQueue::new(queue, metrics));
        let (ready, is_ready) = mpsc::channel();
        let dispatcher = thread::Builder::new().name("hash dispatcher".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            let settings = settings.clone();
            move || match Dispatcher::start(shared, &settings) {
                Ok(dispatcher) => {
                    drop(ready.send(Ok(())));
                    dispatcher.run();
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        });
        let workers = Self { shared, dispatcher: Some(dispatcher.map_err(HashingSetupError::Thread)?) };
        is_ready.recv().unwrap_or(Err(HashingSetupError::Hashing(HashingError::Ended)))?;
        Ok(workers)
    }

    /// Checks that a lane has room for one more job, or returns when it may have.
    pub(super) fn check_room(&self, lane: Lane) -> Result<(), HashingError> {
        let checked = self.shared.state().queue.check_room(self.shared.now(), lane);
        checked.map_err(|refused| self.refuse(refused))
    }

    /// Adds a job to a lane, or returns when the lane may have room. `state` is the state of that job.
    pub(super) fn admit(&self, lane: Lane, job: Job, state: Arc<JobState>) -> Result<Waiter<'_>, HashingError> {
        let hashes = job.hashes();
        let mut locked = self.shared.state();
        let admitted = locked.queue.admit(self.shared.now(), lane, job);
        self.shared.report_lengths(&locked);
        drop(locked);
        match admitted {
            Ok(()) => {
                self.wake_dispatcher();
                Ok(Waiter { shared: &self.shared, lane, hashes, state })
            }
            Err((_, refused)) => Err(self.refuse(refused)),
        }
    }

    fn refuse(&self, refused: Refused) -> HashingError {
        self.shared.metrics.dropped(Dropped::Full);
        refused.into()
    }

    /// Adds a job for which no request waits, or drops it if there are too many.
    pub(super) fn admit_spare(&self, job: Job) {
        let admitted = self.shared.state().queue.admit_spare(job);
        match admitted {
            Ok(()) => self.wake_dispatcher(),
            Err(_) => self.shared.metrics.dropped(Dropped::Spare),
        }
    }

    /// Whether a client waits in either lane.
    pub(super) fn have_waiters(&self) -> bool {
        let state = self.shared.state();
        [Lane::Known, Lane::Unknown].into_iter().any(|lane| state.queue.length(lane) > 0)
    }

    fn wake_dispatcher(&self) {
        if let Some(dispatcher) = &self.dispatcher {
            dispatcher.thread().unpark();
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.state().is_closing = true;
        self.wake_dispatcher();
        if self.dispatcher.take().is_some_and(|dispatcher| dispatcher.join().is_err()) {
            tracing::error!("the dispatcher of the hashing threads panicked");
        }
    }
}

impl Waiter<'_> {
    /// Leaves the queue at the deadline. `None` if a thread has begun the job: its result is the answer.
    pub(super) fn expire(&self) -> Option<Refused> {
        self.state.cancel().then(|| {
            self.shared.metrics.dropped(Dropped::Late);
            let mut locked = self.shared.state();
            let refused = locked.queue.expire(self.shared.now(), self.lane, self.hashes);
            self.shared.report_lengths(&locked);
            refused
        })
    }

    /// Leaves the queue because the client closed its connection. False if a thread has begun the job, or it is canceled already.
    pub(super) fn cancel(&self) -> bool {
        let is_canceled = self.state.cancel();
        if is_canceled {
            self.shared.metrics.dropped(Dropped::ClientGone);
            let mut locked = self.shared.state();
            locked.queue.remove_canceled();
            self.shared.report_lengths(&locked);
        }
        is_canceled
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.cancel();
    }
}
