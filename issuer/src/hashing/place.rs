//! Where the courier and one hashing thread hand each other a job.

use std::{
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use super::job::Job;

/// One job at most.
#[derive(Default)]
pub(super) struct Place {
    content: Mutex<Content>,
    is_closed: AtomicBool,
}

#[derive(Default)]
enum Content {
    #[default]
    Nothing,
    ToDo(Job),
    UnderWay,
    /// With the time that each hash took.
    Done(Job, Vec<Duration>),
}

impl Place {
    /// Whether a job can be put here.
    pub(super) fn is_free(&self) -> bool {
        matches!(*self.content(), Content::Nothing)
    }

    /// Puts a job into a place that is free; its thread has to be called then.
    pub(super) fn put(&self, job: Job) {
        *self.content() = Content::ToDo(job);
    }

    /// A job that was hashed, which leaves the place free.
    pub(super) fn take_done(&self) -> Option<(Job, Vec<Duration>)> {
        let mut content = self.content();
        match mem::take(&mut *content) {
            Content::Done(job, times) => Some((job, times)),
            other => {
                *content = other;
                None
            }
        }
    }

    /// Lets the thread end after what it does; it has to be called then.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    /// Waits for a job; `None` once the place is closed.
    pub(super) fn wait(&self) -> Option<Job> {
        while !self.is_closed.load(Ordering::Acquire) {
            let mut content = self.content();
            match mem::replace(&mut *content, Content::UnderWay) {
                Content::ToDo(job) => return Some(job),
                other => *content = other,
            }
            drop(content);
            thread::park();
        }
        None
    }

    /// Leaves a job that was hashed.
    pub(super) fn done(&self, job: Job, times: Vec<Duration>) {
        *self.content() = Content::Done(job, times);
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
