//! The threads that hash, and the queue before them.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    HashingError, HashingSetupError, Lane, Settings, Workbench,
    queue::{Next, Queue, Refused, Waits},
};
use crate::{
    clock::Stopwatch,
    entropy::random_id,
    metrics::{Dropped, HashingMetrics},
    password::Password,
};

/// How much less of a core than the others the threads that hash get while both want it: answers that need no hash are
/// quick and must not wait. Measured in a flood at five times the capacity on two cores: with 19 the p99 of `/me` and
/// `/refresh` was half of that with 0, 5 or 10, and no fewer were hashed for.
const NICENESS: i32 = 19;

/// Something to hash, with whoever waits for it.
pub(super) type Job = Box<dyn Work>;

/// What a worker does with a job.
pub(super) trait Work: Waits + Send {
    fn run(self: Box<Self>, bench: &mut Workbench);

    fn refuse(self: Box<Self>, refused: Refused);
}

/// The threads. Dropping this drops what waits, and ends each thread after what it does.
pub(super) struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    since_start: Stopwatch,
    metrics: HashingMetrics,
}

struct State {
    queue: Queue<Job>,
    is_closing: bool,
}

/// A piece of work and the one who waits for what comes of it.
pub(super) struct Task<T, W> {
    hashes: u32,
    reply: oneshot::Sender<Result<T, HashingError>>,
    work: W,
}

impl Workers {
    /// Starts the threads, and waits until each has touched its memory and knows how long a hash takes.
    pub(super) fn start(settings: &Settings, metrics: HashingMetrics) -> Result<Self, HashingSetupError> {
        let queue = Queue::new(settings.workers.get(), settings.deadline, Duration::ZERO);
        let state = Mutex::new(State { queue, is_closing: false });
        let shared = Arc::new(Shared { state, changed: Condvar::new(), since_start: Stopwatch::start(), metrics });
        let mut workers = Self { shared: Arc::clone(&shared), threads: Vec::new() };
        let (ready, are_ready) = mpsc::channel();
        for index in 0..settings.workers.get() {
            let (shared, ready, parameters) = (Arc::clone(&shared), ready.clone(), settings.parameters);
            let thread = thread::Builder::new().name(format!("hash {index}")).spawn(move || {
                step_back();
                let measured = Arc::clone(&shared);
                let mut bench = Workbench::new(parameters, Arc::new(move |took| measured.hashed(took)));
                drop(ready.send(shared.warm_up(&mut bench)));
                drop(ready);
                shared.work_until_closed(index, &mut bench);
            });
            workers.threads.push(thread.map_err(HashingSetupError::Thread)?);
        }
        drop(ready);
        while let Ok(warmed_up) = are_ready.recv() {
            warmed_up?;
        }
        Ok(workers)
    }

    /// Lets a job wait in a lane, or says when there may be room.
    pub(super) fn admit(&self, lane: Lane, job: Job) -> Result<(), HashingError> {
        let mut state = self.shared.state();
        let admitted = state.queue.admit(self.shared.now(), lane, job);
        self.shared.count(&state);
        drop(state);
        match admitted {
            Ok(()) => {
                self.shared.changed.notify_one();
                Ok(())
            }
            Err((_, Refused { retry_after })) => {
                self.shared.metrics.dropped(Dropped::Full);
                Err(HashingError::Overloaded { retry_after })
            }
        }
    }

    /// Lets a job wait for which nobody waits; drops it if there are too many.
    pub(super) fn admit_spare(&self, job: Job) {
        let admitted = self.shared.state().queue.admit_spare(job);
        match admitted {
            Ok(()) => self.shared.changed.notify_one(),
            Err(_) => self.shared.metrics.dropped(Dropped::Spare),
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.state().is_closing = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a hashing thread panicked");
            }
        }
    }
}

impl Shared {
    fn work_until_closed(&self, worker: usize, bench: &mut Workbench) {
        while let Some(next) = self.wait_for_next(worker) {
            match next {
                Next::Do(job, waited) => {
                    self.metrics.waited(waited);
                    // A job that panics answers nobody; the thread and the others' jobs go on.
                    drop(panic::catch_unwind(AssertUnwindSafe(|| job.run(bench))));
                    self.state().queue.done(worker);
                }
                Next::Late(job, refused) => {
                    self.metrics.dropped(Dropped::Late);
                    job.refuse(refused);
                }
                Next::Gone(_) => self.metrics.dropped(Dropped::ClientGone),
                Next::Nothing => (),
            }
        }
    }

    /// Waits for something to do; `None` once the threads should end.
    fn wait_for_next(&self, worker: usize) -> Option<Next<Job>> {
        let mut state = self.state();
        loop {
            if state.is_closing {
                return None;
            }
            let next = state.queue.next(self.now(), worker);
            self.count(&state);
            match next {
                Next::Nothing => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                next => return Some(next),
            }
        }
    }

    /// Hashes twice: once to touch the memory, once more to know the time.
    fn warm_up(&self, bench: &mut Workbench) -> Result<(), HashingSetupError> {
        let nobodys = Password::parse(random_id().map_err(HashingError::from)?.to_string())?.normalised();
        bench.create(&nobodys)?;
        self.state().queue.forget_measurements();
        bench.create(&nobodys)?;
        Ok(())
    }

    fn hashed(&self, took: Duration) {
        self.state().queue.measured(took);
        self.metrics.hashed(took);
    }

    fn count(&self, state: &State) {
        self.metrics.queued(state.queue.length(Lane::Known), state.queue.length(Lane::Unknown));
    }

    fn now(&self) -> Duration {
        self.since_start.elapsed()
    }

    /// The queue's steps do not panic; if one did, the others still have their places.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, W> Task<T, W>
where
    T: Send + 'static,
    W: FnOnce(&mut Workbench) -> Result<T, HashingError> + Send + 'static,
{
    pub(super) fn job(hashes: u32, reply: oneshot::Sender<Result<T, HashingError>>, work: W) -> Job {
        Box::new(Self { hashes, reply, work })
    }
}

impl<T, W> Waits for Task<T, W> {
    fn hashes(&self) -> u32 {
        self.hashes
    }

    fn is_gone(&self) -> bool {
        self.reply.is_closed()
    }
}

impl<T, W> Work for Task<T, W>
where
    T: Send,
    W: FnOnce(&mut Workbench) -> Result<T, HashingError> + Send,
{
    fn run(self: Box<Self>, bench: &mut Workbench) {
        let Self { reply, work, .. } = *self;
        // Where nobody waits any more, nobody misses it.
        drop(reply.send(work(bench)));
    }

    fn refuse(self: Box<Self>, refused: Refused) {
        drop(self.reply.send(Err(HashingError::Overloaded { retry_after: refused.retry_after })));
    }
}

impl Waits for Job {
    fn hashes(&self) -> u32 {
        (**self).hashes()
    }

    fn is_gone(&self) -> bool {
        (**self).is_gone()
    }
}

/// Lets the other threads of the process go first. On Linux a thread has a niceness of its own.
fn step_back() {
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "the hashing threads run with the priority of the others");
    }
}
