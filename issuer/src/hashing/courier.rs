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
    HashingSetupError, Settings, Workbench, job::Job, place::Place, priority::step_back, queue::Next, workers::Shared,
};
use crate::metrics::Dropped;

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
        if place.is_free()
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
