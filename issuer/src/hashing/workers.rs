//! The threads that hash, and the one that stands between them and everybody else.
//!
//! The threads that hash step back behind all others, so that answers that need no hash never wait for them. But then
//! whoever waits for a lock that such a thread holds waits for it to have a turn. So they share nothing but a place each
//! with the courier, a thread that does not step back: it has the queue's jobs hashed and hands out what comes of them.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, JoinHandle, Thread},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    HashingError, HashingSetupError, Lane, Settings, Workbench,
    place::Place,
    priority::step_back,
    queue::{Next, Queue, Refused, Waits},
};
use crate::{
    clock::Stopwatch,
    metrics::{Dropped, HashingMetrics},
};

/// Something to hash, with whoever waits for it.
pub(super) type Job = Box<dyn Work>;

/// What is done with a job.
pub(super) trait Work: Waits + Send {
    /// Hashes, on a thread that steps back, and keeps what comes of it.
    fn run(&mut self, bench: &mut Workbench);

    /// Tells whoever waits.
    fn finish(self: Box<Self>);

    fn refuse(self: Box<Self>, refused: Refused);
}

/// How a hash is made over a subject, which is only looked at: to free what another thread allocated takes a lock too.
pub(super) type HashFn<S, T> = fn(&mut Workbench, &S) -> Result<T, HashingError>;

/// Where a subject goes, with what came of it.
pub(super) type Reply<S, T> = oneshot::Sender<Result<(S, T), HashingError>>;

/// A piece of work, what came of it, and the one who waits for that.
pub(super) struct Task<S, T> {
    hashes: u32,
    subject: S,
    work: HashFn<S, T>,
    outcome: Option<Result<T, HashingError>>,
    reply: Reply<S, T>,
}

/// The threads. Dropping this drops what waits, and ends each thread after what it does.
pub(super) struct Workers {
    shared: Arc<Shared>,
    courier: Option<JoinHandle<()>>,
}

/// What the courier shares with those who bring jobs.
struct Shared {
    state: Mutex<State>,
    since_start: Stopwatch,
    metrics: HashingMetrics,
}

struct State {
    queue: Queue<Job>,
    is_closing: bool,
}

impl Workers {
    /// Starts the threads, and waits until each has touched its memory and it is known how long a hash takes.
    pub(super) fn start(settings: &Settings, metrics: HashingMetrics) -> Result<Self, HashingSetupError> {
        let queue = Queue::new(settings.workers.get(), settings.deadline, Duration::ZERO);
        let state = Mutex::new(State { queue, is_closing: false });
        let shared = Arc::new(Shared { state, since_start: Stopwatch::start(), metrics });
        let (ready, is_ready) = mpsc::channel();
        let courier = thread::Builder::new().name("hash courier".to_owned()).spawn({
            let (shared, settings) = (Arc::clone(&shared), settings.clone());
            move || match Courier::start(shared, &settings) {
                Ok(courier) => {
                    drop(ready.send(Ok(())));
                    courier.run();
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        });
        let workers = Self { shared, courier: Some(courier.map_err(HashingSetupError::Thread)?) };
        is_ready.recv().unwrap_or(Err(HashingSetupError::Hashing(HashingError::Ended)))?;
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
                self.call_courier();
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
            Ok(()) => self.call_courier(),
            Err(_) => self.shared.metrics.dropped(Dropped::Spare),
        }
    }

    fn call_courier(&self) {
        if let Some(courier) = &self.courier {
            courier.thread().unpark();
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.state().is_closing = true;
        self.call_courier();
        if self.courier.take().is_some_and(|courier| courier.join().is_err()) {
            tracing::error!("the thread between the hashing threads and the others panicked");
        }
    }
}

impl Shared {
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

/// The thread between those who bring jobs and those who hash.
struct Courier {
    shared: Arc<Shared>,
    places: Vec<Arc<Place>>,
    threads: Vec<JoinHandle<()>>,
}

impl Courier {
    /// Starts the threads that hash. Each hashes before it is ready, so that its memory is there and its time known.
    fn start(shared: Arc<Shared>, settings: &Settings) -> Result<Self, HashingSetupError> {
        let mut courier = Self { shared, places: Vec::new(), threads: Vec::new() };
        let (ready, are_ready) = mpsc::channel();
        for index in 0..settings.workers.get() {
            let (place, ready, parameters) = (Arc::new(Place::default()), ready.clone(), settings.parameters);
            courier.places.push(Arc::clone(&place));
            let (caller, builder) = (thread::current(), thread::Builder::new().name(format!("hash {index}")));
            let thread = builder.spawn(move || {
                step_back();
                let mut bench = Workbench::new(parameters);
                drop(ready.send(bench.warm_up()));
                drop(ready);
                hash_until_closed(&place, &mut bench, &caller);
            });
            courier.threads.push(thread.map_err(HashingSetupError::Thread)?);
        }
        drop(ready);
        while let Ok(warmed_up) = are_ready.recv() {
            courier.shared.state().queue.measured(warmed_up?);
        }
        Ok(courier)
    }

    /// Tends all places whenever it is called, until the end.
    fn run(self) {
        while !self.shared.state().is_closing {
            for (worker, place) in self.places.iter().enumerate() {
                self.tend(worker, place);
            }
            thread::park();
        }
    }

    /// Hands out what is done in a place, and puts the next job there.
    fn tend(&self, worker: usize, place: &Place) {
        if let Some((job, times)) = place.take_done() {
            let mut state = self.shared.state();
            state.queue.done(worker);
            for took in times {
                state.queue.measured(took);
                self.shared.metrics.hashed(took);
            }
            drop(state);
            job.finish();
        }
        while place.is_free()
            && let Some(job) = self.next(worker)
        {
            place.put(job);
            if let Some(thread) = self.threads.get(worker) {
                thread.thread().unpark();
            }
        }
    }

    /// The next job that is to be hashed.
    fn next(&self, worker: usize) -> Option<Job> {
        loop {
            let mut state = self.shared.state();
            let next = state.queue.next(self.shared.now(), worker);
            self.shared.count(&state);
            drop(state);
            match next {
                Next::Do(job, waited) => {
                    self.shared.metrics.waited(waited);
                    return Some(job);
                }
                Next::Late(job, refused) => {
                    self.shared.metrics.dropped(Dropped::Late);
                    job.refuse(refused);
                }
                Next::Gone(_) => self.shared.metrics.dropped(Dropped::ClientGone),
                Next::Nothing => return None,
            }
        }
    }
}

impl Drop for Courier {
    /// What is being hashed is finished and told.
    fn drop(&mut self) {
        for (place, thread) in self.places.iter().zip(self.threads.drain(..)) {
            place.close();
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("a hashing thread panicked");
            }
            if let Some((job, _)) = place.take_done() {
                job.finish();
            }
        }
    }
}

/// Hashes whatever comes to the place, and calls the courier after each.
fn hash_until_closed(place: &Place, bench: &mut Workbench, courier: &Thread) {
    while let Some(mut job) = place.wait() {
        // A job that panics has no outcome and answers nobody; the thread and the others' jobs go on.
        drop(panic::catch_unwind(AssertUnwindSafe(|| job.run(bench))));
        place.done(job, bench.take_times());
        courier.unpark();
    }
}

impl<S: Send + 'static, T: Send + 'static> Task<S, T> {
    pub(super) fn job(hashes: u32, subject: S, work: HashFn<S, T>, reply: Reply<S, T>) -> Job {
        Box::new(Self { hashes, subject, work, outcome: None, reply })
    }
}

impl<S, T> Waits for Task<S, T> {
    fn hashes(&self) -> u32 {
        self.hashes
    }

    fn is_gone(&self) -> bool {
        self.reply.is_closed()
    }
}

impl<S: Send, T: Send> Work for Task<S, T> {
    fn run(&mut self, bench: &mut Workbench) {
        self.outcome = Some((self.work)(bench, &self.subject));
    }

    fn finish(self: Box<Self>) {
        let Self { subject, outcome, reply, .. } = *self;
        if let Some(outcome) = outcome {
            // Where nobody waits any more, nobody misses it.
            drop(reply.send(outcome.map(|outcome| (subject, outcome))));
        }
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
