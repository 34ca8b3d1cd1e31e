//! The queue's one door: jobs are brought here, and the threads behind it start and end with it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    HashingError, HashingSetupError, Lane, Settings,
    dispatcher::Dispatcher,
    job::Job,
    queue::{Queue, Refused, Waits as _},
    turn::Turn,
};
use crate::{
    clock::Stopwatch,
    metrics::{Dropped, HashingMetrics},
};

/// The threads. Dropping this drops what waits, and ends each thread after what it does.
pub(super) struct Workers {
    shared: Arc<Shared>,
    dispatcher: Option<JoinHandle<()>>,
}

/// What the dispatcher shares with those who bring jobs.
pub(super) struct Shared {
    state: Mutex<State>,
    since_start: Stopwatch,
    pub(super) metrics: HashingMetrics,
}

/// A client that waits for its turn. Dropped before a thread begins its job, it leaves the queue.
pub(super) struct Waiter<'w> {
    shared: &'w Shared,
    lane: Lane,
    hashes: u32,
    turn: Arc<Turn>,
}

pub(super) struct State {
    pub(super) queue: Queue<Job>,
    pub(super) is_closing: bool,
}

impl Workers {
    /// Starts the threads, and waits until each has touched its memory and it is known how long a hash takes.
    pub(super) fn start(settings: &Settings, metrics: HashingMetrics) -> Result<Self, HashingSetupError> {
        let queue = Queue::new(settings.workers.get(), settings.deadline, Duration::ZERO);
        let state = Mutex::new(State { queue, is_closing: false });
        let shared = Arc::new(Shared { state, since_start: Stopwatch::start(), metrics });
        let (ready, is_ready) = mpsc::channel();
        let dispatcher = thread::Builder::new().name("hash dispatcher".to_owned()).spawn({
            let (shared, settings) = (Arc::clone(&shared), settings.clone());
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

    /// Whether one more job may wait in a lane, or when there may be room.
    pub(super) fn check_room(&self, lane: Lane) -> Result<(), HashingError> {
        let checked = self.shared.state().queue.check_room(self.shared.now(), lane);
        checked.map_err(|refused| self.refuse(refused))
    }

    /// Lets a job wait in a lane, or says when there may be room. `turn` is the job's own.
    pub(super) fn admit(&self, lane: Lane, job: Job, turn: Arc<Turn>) -> Result<Waiter<'_>, HashingError> {
        let hashes = job.hashes();
        let mut state = self.shared.state();
        let admitted = state.queue.admit(self.shared.now(), lane, job);
        self.shared.count(&state);
        drop(state);
        match admitted {
            Ok(()) => {
                self.call_dispatcher();
                Ok(Waiter { shared: &self.shared, lane, hashes, turn })
            }
            Err((_, refused)) => Err(self.refuse(refused)),
        }
    }

    fn refuse(&self, refused: Refused) -> HashingError {
        self.shared.metrics.dropped(Dropped::Full);
        refused.into()
    }

    /// Lets a job wait for which nobody waits; drops it if there are too many.
    pub(super) fn admit_spare(&self, job: Job) {
        let admitted = self.shared.state().queue.admit_spare(job);
        match admitted {
            Ok(()) => self.call_dispatcher(),
            Err(_) => self.shared.metrics.dropped(Dropped::Spare),
        }
    }

    /// Whether a client waits for its turn.
    pub(super) fn have_queue(&self) -> bool {
        let state = self.shared.state();
        [Lane::Known, Lane::Unknown].into_iter().any(|lane| state.queue.length(lane) > 0)
    }

    fn call_dispatcher(&self) {
        if let Some(dispatcher) = &self.dispatcher {
            dispatcher.thread().unpark();
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.state().is_closing = true;
        self.call_dispatcher();
        if self.dispatcher.take().is_some_and(|dispatcher| dispatcher.join().is_err()) {
            tracing::error!("the thread between the hashing threads and the others panicked");
        }
    }
}

impl Waiter<'_> {
    /// Leaves the queue at the deadline, however busy the threads are. `None` where one has begun: what it makes is answered.
    pub(super) fn expire(&self) -> Option<Refused> {
        self.turn.leave().then(|| {
            self.shared.metrics.dropped(Dropped::Late);
            let mut state = self.shared.state();
            let refused = state.queue.expire(self.shared.now(), self.lane, self.hashes);
            self.shared.count(&state);
            refused
        })
    }

    /// Leaves the queue since nobody is there any more; no, where a thread has begun, or it has left already.
    pub(super) fn depart(&self) -> bool {
        let departs = self.turn.leave();
        if departs {
            self.shared.metrics.dropped(Dropped::ClientGone);
            let mut state = self.shared.state();
            state.queue.forget_gone();
            self.shared.count(&state);
        }
        departs
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.depart();
    }
}

impl Shared {
    pub(super) fn count(&self, state: &State) {
        self.metrics.queued(state.queue.length(Lane::Known), state.queue.length(Lane::Unknown));
    }

    pub(super) fn now(&self) -> Duration {
        self.since_start.elapsed()
    }

    /// The queue's steps do not panic; if one did, the others still have their slots.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
