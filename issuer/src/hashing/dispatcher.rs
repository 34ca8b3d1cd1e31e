//! The thread between the requests and the hashing threads.
//!
//! The hashing threads run at idle priority, so that answers without a hash never wait for them. A thread that waits for a lock
//! which a hashing thread holds would wait until that one gets a core. So the hashing threads share only one slot each with the
//! dispatcher, which runs at normal priority: it assigns the queue's jobs to them and sends the results.

use std::{
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    HashingSetupError, Parameters, Settings, Workbench,
    job::Job,
    queue::{Next, Queue},
    shared_queue::SharedQueue,
    thread::{Rank, hash},
    worker_slot::{Done, WorkerSlot},
};
use crate::metrics::Dropped;

/// Assigns jobs to the hashing threads, and sends their results.
pub(super) struct Dispatcher {
    shared: Arc<SharedQueue>,
    slots: Vec<Arc<WorkerSlot>>,
    /// `None` where a thread starved and its replacement could not be started yet.
    threads: Vec<Option<JoinHandle<()>>>,
    parameters: Parameters,
}

impl Dispatcher {
    /// Starts the hashing threads. Each hashes before it is ready, so that its memory is touched and the time is measured.
    pub(super) fn start(shared: Arc<SharedQueue>, settings: &Settings) -> Result<Self, HashingSetupError> {
        let parameters = settings.parameters;
        let mut dispatcher = Self { shared, slots: Vec::new(), threads: Vec::new(), parameters };
        let (ready, are_ready) = mpsc::channel();
        for index in 0..settings.workers.get() {
            let slot = Arc::new(WorkerSlot::default());
            dispatcher.slots.push(Arc::clone(&slot));
            let ready = ready.clone();
            let caller = thread::current();
            let thread = thread::Builder::new().name(format!("hash {index}")).spawn(move || {
                let mut bench = Workbench::new(parameters);
                drop(ready.send(bench.warm_up()));
                drop(ready);
                // Idle priority begins here: before, no request waits.
                hash(&slot, bench, Rank::Idle, &caller);
            });
            dispatcher.threads.push(Some(thread.map_err(HashingSetupError::Thread)?));
        }
        drop(ready);
        while let Ok(warmed_up) = are_ready.recv() {
            dispatcher.shared.state().queue.measured(warmed_up?);
        }
        Ok(dispatcher)
    }

    /// Serves all slots each time it is woken, until the queue closes.
    pub(super) fn run(mut self) {
        while !self.shared.state().is_closing {
            for worker in 0..self.slots.len() {
                for done in self.slots[worker].take_done() {
                    if let Some(bench) = self.deliver(worker, done) {
                        self.threads[worker] = self.start_replacement(worker, bench);
                    }
                }
                if self.threads[worker].is_none() {
                    self.threads[worker] = self.start_replacement(worker, Workbench::new(self.parameters));
                }
            }
            self.reclaim_delayed();
            self.assign();
            thread::park();
        }
    }

    /// Starts a thread in the slot of one that starved.
    fn start_replacement(&self, worker: usize, bench: Workbench) -> Option<JoinHandle<()>> {
        let slot = Arc::clone(&self.slots[worker]);
        let caller = thread::current();
        let builder = thread::Builder::new().name(format!("hash {worker}"));
        match builder.spawn(move || hash(&slot, bench, Rank::REPLACEMENT, &caller)) {
            Ok(thread) => {
                tracing::warn!("CPU contention: a hashing thread left idle priority");
                Some(thread)
            }
            Err(error) => {
                tracing::error!(%error, "a hashing thread could not be started");
                None
            }
        }
    }

    /// Sends the result of a job. Returns the workbench of a thread that starved.
    fn deliver(&self, worker: usize, Done { job, times, bench }: Done) -> Option<Workbench> {
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

    /// Returns jobs to their lanes that another thread may begin sooner.
    fn reclaim_delayed(&self) {
        for (worker, slot) in self.slots.iter().enumerate() {
            let should_reclaim = self.shared.state().queue.should_reclaim(self.shared.now(), worker);
            // The slot's lock is not taken under the queue's lock, for which all requests wait.
            if should_reclaim && let Some(job) = slot.take_back() {
                self.shared.state().queue.put_back(worker, job);
            }
        }
    }

    /// Assigns a job to each thread that has none, and then a second one to each thread. Without the second a thread would leave
    /// its core idle until the dispatcher runs, and would then often share a core with another thread.
    fn assign(&self) {
        while let Some((worker, job)) = self.next() {
            self.slots[worker].put(job);
            if let Some(thread) = &self.threads[worker] {
                thread.thread().unpark();
            }
        }
    }

    /// The next job and its worker. Jobs with a waiting client come before spare ones.
    fn next(&self) -> Option<(usize, Job)> {
        let worker = self.shared.state().queue.next_worker(self.shared.now())?;
        let job = self.take(worker, Queue::next).or_else(|| self.take(worker, Queue::next_spare))?;
        Some((worker, job))
    }

    fn take(&self, worker: usize, next: fn(&mut Queue<Job>, Duration, usize) -> Next<Job>) -> Option<Job> {
        loop {
            let mut state = self.shared.state();
            let next = next(&mut state.queue, self.shared.now(), worker);
            self.shared.report_lengths(&state);
            drop(state);
            match next {
                Next::Run(job) => return Some(job),
                Next::Late(job, refused) => {
                    if job.refuse(refused) {
                        self.shared.metrics.dropped(Dropped::Late);
                    }
                }
                // The waiter counted the cancellation.
                Next::Canceled(_) => {}
                Next::Nothing => return None,
            }
        }
    }
}

impl Drop for Dispatcher {
    /// Finishes the jobs that threads have begun, and sends their results.
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
