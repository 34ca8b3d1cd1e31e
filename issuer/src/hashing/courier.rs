//! The thread between those who bring jobs and those who hash.
//!
//! The threads that hash step back behind all others, so that answers that need no hash never wait for them. But then
//! whoever waits for a lock that such a thread holds waits for it to have a turn. So they share nothing but a place each
//! with the courier, a thread that does not step back: it has the queue's jobs hashed and hands out what comes of them.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, mpsc},
    thread::{self, JoinHandle, Thread},
    time::Duration,
};

use super::{
    HashingSetupError, Settings, Workbench,
    job::Job,
    place::{Done, Place},
    priority::step_back,
    queue::{Next, Queue, Waits as _},
    workers::Shared,
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
                let mut bench = Workbench::new(parameters);
                drop(ready.send(bench.warm_up()));
                drop(ready);
                // Not before: nobody is answered yet, and on a machine whose cores are busy the start would take for ever.
                step_back();
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
        let waited = state.queue.done(self.shared.now(), worker);
        for took in times.iter().flatten() {
            state.queue.measured(*took);
        }
        drop(state);
        match times {
            Some(times) => {
                for took in times {
                    self.shared.metrics.hashed(took);
                }
                if let Some(waited) = waited {
                    self.shared.metrics.waited(waited);
                }
            }
            None => self.shared.metrics.dropped(Dropped::ClientGone),
        }
        job.finish();
    }

    /// Gives each thread that has nothing to do a job, and then the others one to go on with: a thread that had to wait for
    /// the courier after each hash would leave its core idle meanwhile, and would then often share another one.
    fn share_out(&self) {
        for (worker, place) in self.places.iter().enumerate() {
            let should_be_relieved = self.shared.state().queue.should_be_relieved(self.shared.now(), worker);
            // No place is asked under the queue's lock, for which everybody waits.
            if should_be_relieved && let Some(job) = place.take_back() {
                self.shared.state().queue.put_back(worker, job);
            }
        }
        while let Some((worker, job)) = self.next() {
            if let (Some(place), Some(thread)) = (self.places.get(worker), self.threads.get(worker)) {
                place.put(job);
                thread.thread().unpark();
            }
        }
    }

    /// The next job that is to be hashed, and where: for somebody who waits, before anything for which nobody does.
    fn next(&self) -> Option<(usize, Job)> {
        let worker = self.shared.state().queue.soonest(self.shared.now())?;
        let job = self.choose(worker, Queue::next).or_else(|| self.choose(worker, Queue::next_spare))?;
        Some((worker, job))
    }

    fn choose(&self, worker: usize, next: fn(&mut Queue<Job>, Duration, usize) -> Next<Job>) -> Option<Job> {
        loop {
            let mut state = self.shared.state();
            let next = next(&mut state.queue, self.shared.now(), worker);
            self.shared.count(&state);
            drop(state);
            match next {
                Next::Do(job) => return Some(job),
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
