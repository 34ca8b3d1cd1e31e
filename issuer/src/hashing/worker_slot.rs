//! Where the dispatcher and one hashing thread hand each other jobs.

use std::{
    collections::VecDeque,
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::{Workbench, job::Job, workbench::HashTime};

/// What one thread has to do, and what it has done.
#[derive(Default)]
pub(super) struct WorkerSlot {
    jobs: Mutex<VecDeque<Job>>,
    done: Mutex<Vec<Done>>,
    is_closed: AtomicBool,
}

/// A job that left its thread.
pub(super) struct Done {
    pub(super) job: Job,
    /// What each hash took; none where nobody waited any more when it was the job's turn.
    pub(super) times: Option<Vec<HashTime>>,
    /// Where its thread starved, and has ended: what the next one hashes with.
    pub(super) bench: Option<Workbench>,
}

impl WorkerSlot {
    /// Puts a job there, after those that are there; its thread has to be called then.
    pub(super) fn put(&self, job: Job) {
        lock(&self.jobs).push_back(job);
    }

    /// Takes the last job back, if its thread has not begun it.
    pub(super) fn take_back(&self) -> Option<Job> {
        lock(&self.jobs).pop_back()
    }

    /// What the thread is done with.
    pub(super) fn take_done(&self) -> Vec<Done> {
        mem::take(&mut lock(&self.done))
    }

    /// Lets the thread end after what it does; it has to be called then.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    /// Waits for a job; `None` once the slot is closed.
    pub(super) fn wait(&self) -> Option<Job> {
        while !self.is_closed.load(Ordering::Acquire) {
            let job = lock(&self.jobs).pop_front();
            if job.is_some() {
                return job;
            }
            thread::park();
        }
        None
    }

    /// Leaves a job that the thread is done with.
    pub(super) fn leave(&self, done: Done) {
        lock(&self.done).push(done);
    }
}

fn lock<T>(content: &Mutex<T>) -> MutexGuard<'_, T> {
    content.lock().unwrap_or_else(PoisonError::into_inner)
}
