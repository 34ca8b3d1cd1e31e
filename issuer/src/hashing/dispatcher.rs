//! The thread between those who bring jobs and those who hash.
//!
//! The threads that hash step back behind all others, so that answers that need no hash never wait for them. But then
//! whoever waits for a lock that such a thread holds waits for it to have a turn. So they share nothing but a slot each
//! with the dispatcher, a thread that does not step back: it has the queue's jobs hashed and hands out what comes of them.

use std::{
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    HashingSetupError, Parameters, Settings, Workbench,
    job::Job,
    queue::{Next, Queue},
    thread::{Rank, hash},
    worker_slot::{Done, WorkerSlot},
    workers::Shared,
};
use crate::metrics::Dropped;

/// The thread between those who bring jobs and those who hash.
pub(super) struct Dispatcher {
    shared: Arc<Shared>,
    slots: Vec<Arc<WorkerSlot>>,
    /// None where one starved and another one could not be started yet.
    threads: Vec<Option<JoinHandle<()>>>,
    parameters: Parameters,
}

impl Dispatcher {
    /// Starts the threads that hash. Each hashes before it is ready, so that its memory is there and its time known.
    pub(super) fn start(shared: Arc<Shared>, settings: &Settings) -> Result<Self, HashingSetupError> {
        let (slots, threads, parameters) = (Vec::new(), Vec::new(), settings.parameters);
        let mut dispatcher = Self { shared, slots, threads, parameters };
        let (ready, are_ready) = mpsc::channel();
        for index in 0..settings.workers.get() {
            let (slot, ready, parameters) = (Arc::new(WorkerSlot::default()), ready.clone(), settings.parameters);
            dispatcher.slots.push(Arc::clone(&slot));
            let (caller, builder) = (thread::current(), thread::Builder::new().name(format!("hash {index}")));
            let thread = builder.spawn(move || {
                let mut bench = Workbench::new(parameters);
                drop(ready.send(bench.warm_up()));
                drop(ready);
                // Steps back now and not before: nobody is answered yet.
                hash(&slot, bench, Rank::Behind, &caller);
            });
            dispatcher.threads.push(Some(thread.map_err(HashingSetupError::Thread)?));
        }
        drop(ready);
        while let Ok(warmed_up) = are_ready.recv() {
            dispatcher.shared.state().queue.measured(warmed_up?);
        }
        Ok(dispatcher)
    }

    /// Tends all slots whenever it is called, until the end.
    pub(super) fn run(mut self) {
        while !self.shared.state().is_closing {
            for worker in 0..self.slots.len() {
                for done in self.slots[worker].take_done() {
                    if let Some(bench) = self.hand_out(worker, done) {
                        self.threads[worker] = self.succeed(worker, bench);
                    }
                }
                if self.threads[worker].is_none() {
                    self.threads[worker] = self.succeed(worker, Workbench::new(self.parameters));
                }
            }
            self.share_out();
            thread::park();
        }
    }

    /// Starts a thread in the slot of one that starved.
    fn succeed(&self, worker: usize, bench: Workbench) -> Option<JoinHandle<()>> {
        let (slot, caller) = (Arc::clone(&self.slots[worker]), thread::current());
        let builder = thread::Builder::new().name(format!("hash {worker}"));
        match builder.spawn(move || hash(&slot, bench, Rank::SUCCESSOR, &caller)) {
            Ok(thread) => {
                tracing::warn!("something else has the cores: hashing no longer lets everything else go first");
                Some(thread)
            }
            Err(error) => {
                tracing::error!(%error, "a hashing thread cannot be started");
                None
            }
        }
    }

    /// Hands out what came of a job. Where its thread has starved, what it hashed with is left.
    fn hand_out(&self, worker: usize, Done { job, times, bench }: Done) -> Option<Workbench> {
        let mut state = self.shared.state();
        let waited = state.queue.done(self.shared.now(), worker);
        for time in times.iter().flatten() {
            state.queue.measured(time.of_own);
        }
        drop(state);
        for time in times.iter().flatten() {
            self.shared.metrics.hashed(time.took);
        }
        if let Some(waited) = waited.filter(|_| times.is_some()) {
            self.shared.metrics.waited(waited);
        }
        job.finish();
        bench
    }

    /// Gives each thread that has nothing to do a job, and then the others one to go on with: a thread that had to wait for
    /// the dispatcher after each hash would leave its core idle meanwhile, and would then often share another one.
    fn share_out(&self) {
        for (worker, slot) in self.slots.iter().enumerate() {
            let should_be_relieved = self.shared.state().queue.should_be_relieved(self.shared.now(), worker);
            // No slot is asked under the queue's lock, for which everybody waits.
            if should_be_relieved && let Some(job) = slot.take_back() {
                self.shared.state().queue.put_back(worker, job);
            }
        }
        while let Some((worker, job)) = self.next() {
            self.slots[worker].put(job);
            if let Some(thread) = &self.threads[worker] {
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
                    if job.refuse(refused) {
                        self.shared.metrics.dropped(Dropped::Late);
                    }
                }
                // Whoever left was counted then.
                Next::Gone(_) => {}
                Next::Nothing => return None,
            }
        }
    }
}

impl Drop for Dispatcher {
    /// What is being hashed is finished and told.
    fn drop(&mut self) {
        for (slot, thread) in self.slots.iter().zip(self.threads.drain(..)) {
            slot.close();
            if let Some(thread) = thread {
                thread.thread().unpark();
                if thread.join().is_err() {
                    tracing::error!("a hashing thread panicked");
                }
            }
            for Done { job, .. } in slot.take_done() {
                job.finish();
            }
        }
    }
}
