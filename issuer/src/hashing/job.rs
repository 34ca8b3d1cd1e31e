//! A job for the hashing threads, and the reply to its requester.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{
    HashingError, Workbench,
    job_state::JobState,
    queue::{QueuedJob, Refused},
};

/// Work to hash, with the channel of its reply.
pub(super) type Job = Box<dyn Work>;

/// The life of a job.
pub(super) trait Work: QueuedJob + Send {
    /// Begins the job. False if it is canceled.
    fn begin(&self) -> bool;

    /// Hashes, on a thread at idle priority, and keeps the result.
    fn run(&mut self, bench: &mut Workbench);

    /// Sends the result to the requester.
    fn finish(self: Box<Self>);

    /// Tells the requester that its deadline passed. False if the job is canceled.
    fn refuse(self: Box<Self>, refused: Refused) -> bool;
}

/// How a subject is hashed. The hashing thread only borrows the subject: freeing another thread's allocation takes a lock.
pub(super) type HashFn<S, T> = fn(&mut Workbench, &S) -> Result<T, HashingError>;

/// The channel that returns the subject and the result.
pub(super) type Reply<S, T> = oneshot::Sender<Result<(S, T), HashingError>>;

/// A subject, how it is hashed, the result, and the channel of the reply.
pub(super) struct Task<S, T> {
    hashes: u32,
    state: Arc<JobState>,
    subject: S,
    work: HashFn<S, T>,
    outcome: Option<Result<T, HashingError>>,
    reply: Reply<S, T>,
}

impl<S: Send + 'static, T: Send + 'static> Task<S, T> {
    pub(super) fn job(hashes: u32, state: Arc<JobState>, subject: S, work: HashFn<S, T>, reply: Reply<S, T>) -> Job {
        Box::new(Self { hashes, state, subject, work, outcome: None, reply })
    }
}

impl<S, T> QueuedJob for Task<S, T> {
    fn hashes(&self) -> u32 {
        self.hashes
    }

    fn is_canceled(&self) -> bool {
        self.state.is_canceled()
    }
}

impl<S: Send, T: Send> Work for Task<S, T> {
    fn begin(&self) -> bool {
        self.state.begin()
    }

    fn run(&mut self, bench: &mut Workbench) {
        self.outcome = Some((self.work)(bench, &self.subject));
    }

    fn finish(self: Box<Self>) {
        let Self { subject, outcome, reply, .. } = *self;
        if let Some(outcome) = outcome {
            // The send fails if the requester no longer waits.
            drop(reply.send(outcome.map(|outcome| (subject, outcome))));
        }
    }

    fn refuse(self: Box<Self>, refused: Refused) -> bool {
        let was_queued = self.state.cancel();
        drop(self.reply.send(Err(refused.into())));
        was_queued
    }
}

impl QueuedJob for Job {
    fn hashes(&self) -> u32 {
        (**self).hashes()
    }

    fn is_canceled(&self) -> bool {
        (**self).is_canceled()
    }
}
