//! The thread between those who bring jobs and those who hash.
//!
//! The threads that hash step back behind all others, so that answers that need no hash never wait for them. But then
//! whoever waits for a lock that such a thread holds waits for it to have a turn. So they share nothing but a place each
//! with the courier, a thread that does not step back: it has the queue's jobs hashed and hands out what comes of them.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, mpsc},
    thread::{self, JoinHandle, Thread},
};

use super::{
    HashingSetupError, Settings, Workbench,
    job::Job,
    place::{Done, Place},
    priority::step_back,
    queue::{Next, Waits as _},
    workers::Shared,
};
use crate::metrics::Dropped;

/// What a thread hashes, and what it goes on with.
const MOST_AT_ONCE: usize = 2;

/// The thread between those who bring jobs and those who hash.
pub(super) struct Courier {
    shared: Arc<Shared>,
    places: Vec<Arc<Place>>,
    threads: Vec<JoinHandle<()>>,
}

impl Courier {
    /// Starts the threads that hash. Each hashes before it is ready, so that its memory is there and its time known.
    pub(super) fn start(shared: Arc<Shared>, settings: &Settings) -> Result<Self, HashingSetupError> {
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
    pub(super) fn run(self) {
        while !self.shared.state().is_closing {
            for (worker, place) in self.places.iter().enumerate() {
                for done in place.take_done() {
                    self.hand_out(worker, done);
                }
            }
            self.share_out();
            thread::park();
        }
    }

    /// Hands out what came of a job.
    fn hand_out(&self, worker: usize, Done { job, times }: Done) {
        let mut state = self.shared.state();
        let begun = state.queue.done(self.shared.now(), worker);
        for took in times.iter().flatten() {
            state.queue.measured(*took);
            self.shared.metrics.hashed(*took);
        }
        drop(state);
        if let Some(waited) = begun {
            self.shared.metrics.waited(waited);
        }
        if times.is_none() {
            self.shared.metrics.dropped(Dropped::ClientGone);
        }
        job.finish();
    }

    /// Gives each thread that has nothing to do a job, and then the others one to go on with: a thread that had to wait for
    /// the courier after each hash would leave its core idle meanwhile, and would then often share another one.
    fn share_out(&self) {
        for load in 0..MOST_AT_ONCE {
            for worker in 0..self.places.len() {
                if self.shared.state().queue.load(worker) == load
                    && let Some(job) = self.next(worker).or_else(|| self.take_over(worker))
                {
                    self.give(worker, job);
                }
            }
        }
    }

    fn give(&self, worker: usize, job: Job) {
        if let (Some(place), Some(thread)) = (self.places.get(worker), self.threads.get(worker)) {
            place.put(job);
            thread.thread().unpark();
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
                Next::Later(job) => return Some(job),
                Next::Late(job, refused) => {
                    self.shared.metrics.dropped(Dropped::Late);
                    job.refuse(refused);
                }
                Next::Gone(_) => self.shared.metrics.dropped(Dropped::ClientGone),
                Next::Nothing => return None,
            }
        }
    }

    /// The job that another thread was to go on with, for one that has nothing to do.
    fn take_over(&self, worker: usize) -> Option<Job> {
        let mut state = self.shared.state();
        if state.queue.load(worker) > 0 {
            return None;
        }
        let (other, job) = self.places.iter().enumerate().find_map(|(other, place)| {
            let has_another = state.queue.load(other) > 1;
            Some((other, has_another.then(|| place.take_back())??))
        })?;
        let waited = state.queue.moved(self.shared.now(), other, worker);
        drop(state);
        if let Some(waited) = waited {
            self.shared.metrics.waited(waited);
        }
        Some(job)
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
            for Done { job, .. } in place.take_done() {
                job.finish();
            }
        }
    }
}

/// Hashes whatever comes to the place, and calls the courier after each.
fn hash_until_closed(place: &Place, bench: &mut Workbench, courier: &Thread) {
    while let Some(mut job) = place.wait() {
        let times = (!job.is_gone()).then(|| {
            // A job that panics has no outcome and answers nobody; the thread and the others' jobs go on.
            drop(panic::catch_unwind(AssertUnwindSafe(|| job.run(bench))));
            bench.take_times()
        });
        place.leave(Done { job, times });
        courier.unpark();
    }
}
