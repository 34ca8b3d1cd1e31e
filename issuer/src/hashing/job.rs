//! What waits to be hashed, and who waits for it.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{
    HashingError, Workbench,
    queue::{Refused, Waits},
    turn::Turn,
};

/// Something to hash, with whoever waits for it.
pub(super) type Job = Box<dyn Work>;

/// What is done with a job.
pub(super) trait Work: Waits + Send {
    /// Begins, unless nobody waits any more.
    fn begin(&self) -> bool;

    /// Hashes, on a thread that steps back, and keeps what comes of it.
    fn run(&mut self, bench: &mut Workbench);

    /// Tells whoever waits.
    fn finish(self: Box<Self>);

    /// Tells whoever waits that it is too late; no, where nobody waits any more.
    fn refuse(self: Box<Self>, refused: Refused) -> bool;
}

/// How a hash is made over a subject, which is only looked at: to free what another thread allocated takes a lock too.
pub(super) type HashFn<S, T> = fn(&mut Workbench, &S) -> Result<T, HashingError>;

/// Where a subject goes, with what came of it.
pub(super) type Reply<S, T> = oneshot::Sender<Result<(S, T), HashingError>>;

/// A piece of work, what came of it, and the one who waits for that.
pub(super) struct Task<S, T> {
    hashes: u32,
    turn: Arc<Turn>,
    subject: S,
    work: HashFn<S, T>,
    outcome: Option<Result<T, HashingError>>,
    reply: Reply<S, T>,
}

impl<S: Send + 'static, T: Send + 'static> Task<S, T> {
    pub(super) fn job(hashes: u32, turn: Arc<Turn>, subject: S, work: HashFn<S, T>, reply: Reply<S, T>) -> Job {
        Box::new(Self { hashes, turn, subject, work, outcome: None, reply })
    }
}

impl<S, T> Waits for Task<S, T> {
    fn hashes(&self) -> u32 {
        self.hashes
    }

    fn is_gone(&self) -> bool {
        self.turn.has_left()
    }
}

impl<S: Send, T: Send> Work for Task<S, T> {
    fn begin(&self) -> bool {
        self.turn.begin()
    }

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

    fn refuse(self: Box<Self>, refused: Refused) -> bool {
        let has_waited = self.turn.leave();
        drop(self.reply.send(Err(refused.into())));
        has_waited
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
