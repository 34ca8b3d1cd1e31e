//! The slot through which the dispatcher and one hashing thread exchange jobs.

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

/// The jobs of one thread: assigned ones and completed ones.
#[derive(Default)]
pub(super) struct WorkerSlot {
    jobs: Mutex<VecDeque<Job>>,
    done: Mutex<Vec<Done>>,
    is_closed: AtomicBool,
}

/// A job that its thread has completed.
pub(super) struct Done {
    pub(super) job: Job,
    /// The time of each hash; `None` for a job that was canceled before its thread began it.
    pub(super) times: Option<Vec<HashTime>>,
    /// The workbench of a thread that starved and ended, for its replacement.
    pub(super) bench: Option<Workbench>,
}

impl WorkerSlot {
    /// Assigns a job after those before it. The caller then wakes the thread.
    pub(super) fn put(&self, job: Job) {
        lock(&self.jobs).push_back(job);
    }

    /// Takes the last job back, unless its thread has begun it.
    pub(super) fn take_back(&self) -> Option<Job> {
        lock(&self.jobs).pop_back()
    }

    /// Takes the completed jobs.
    pub(super) fn take_done(&self) -> Vec<Done> {
        mem::take(&mut lock(&self.done))
    }

    /// Ends the thread after its current job. The caller then wakes the thread.
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

    /// Leaves a completed job for the dispatcher.
    pub(super) fn leave(&self, done: Done) {
        lock(&self.done).push(done);
    }
}

fn lock<T>(content: &Mutex<T>) -> MutexGuard<'_, T> {
    content.lock().unwrap_or_else(PoisonError::into_inner)
}
