//! Hashing as a resource that is scheduled. It is the one heavy step of an issuer: a fixed set of threads does it, within
//! a budget of memory, for those who wait in a bounded queue; who would wait for too long is told when to come back.

use std::{num::NonZero, thread, time::Duration};

use tokio::sync::oneshot;

use crate::{
    entropy::{NoEntropy, random_id},
    metrics::HashingMetrics,
    password::{CostLimit, HashingFailed, InvalidPassword, Parameters, Password, PasswordHash},
};

mod budget;
mod presence;
mod queue;
#[cfg(test)]
mod tests;
mod workbench;
mod workers;

pub(crate) use budget::{Budget, BudgetError, Machine};
pub(crate) use presence::{Here, Presence};
pub(crate) use workbench::Workbench;
use workers::{Job, Task, Workers};

/// What the person who runs the issuer chose.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) parameters: Parameters,
    pub(crate) workers: NonZero<usize>,
    /// What one foreign hash may take of a worker.
    pub(crate) limit: CostLimit,
    /// How long a client may wait until its password is hashed.
    pub(crate) deadline: Duration,
}

/// Who is served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// A client that has signed in before.
    Known,
    /// Anybody else.
    Unknown,
}

/// For whom something is hashed.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) lane: Lane,
    pub(crate) presence: Presence,
}

/// Why a password could not be hashed or checked now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashingError {
    /// The wait would be too long, or was.
    #[error("too many passwords wait to be hashed: there may be room in {retry_after:?}")]
    Overloaded { retry_after: Duration },
    #[error("the client has gone")]
    ClientGone,
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    #[error(transparent)]
    Failed(#[from] HashingFailed),
    #[error("hashing ended without a result")]
    Ended,
}

/// Why hashing could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashingSetupError {
    #[error("a hashing thread cannot be started: {0}")]
    Thread(std::io::Error),
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error(transparent)]
    Password(#[from] InvalidPassword),
}

/// What came of a check. The password comes back, for a hash with better parameters.
pub(crate) struct Checked {
    pub(crate) fits: bool,
    pub(crate) password: Password,
}

/// Hashes passwords and checks them. Dropping it ends its threads.
pub(crate) struct Hashing {
    workers: Workers,
    parameters: Parameters,
    limit: CostLimit,
    /// A hash of our own that no password fits.
    decoy: PasswordHash,
}

impl Hashing {
    /// Starts the threads; each has touched its memory before this returns.
    pub(crate) fn start(settings: &Settings, metrics: HashingMetrics) -> Result<Self, HashingSetupError> {
        let workers = Workers::start(settings, metrics)?;
        let nobodys = Password::parse(random_id().map_err(HashingError::from)?.to_string())?;
        let decoy = hash_at_once(&nobodys, settings.parameters)?;
        Ok(Self { workers, parameters: settings.parameters, limit: settings.limit.clone(), decoy })
    }

    /// Whether the password is the one that was hashed. Without a hash the answer is no, after the same work as for
    /// `decoy`, the hash of somebody else.
    pub(crate) async fn verify(
        &self,
        asker: &Asker,
        password: Password,
        hash: Option<&PasswordHash>,
        decoy: Option<&PasswordHash>,
    ) -> Result<Checked, HashingError> {
        let affordable = hash.filter(|hash| self.is_affordable(hash));
        let is_real = affordable.is_some();
        let decoy = decoy.filter(|decoy| decoy.check_cost(&self.limit).is_ok()).unwrap_or(&self.decoy);
        let hash = affordable.unwrap_or(decoy).clone();
        self.run(asker, 1, move |bench| {
            let fits = bench.verify(&password, &hash)? && is_real;
            Ok(Checked { fits, password })
        })
        .await
    }

    /// Hashes a new password, where the current one fits its hash.
    pub(crate) async fn replace(
        &self,
        asker: &Asker,
        current: Password,
        hash: &PasswordHash,
        new: Password,
    ) -> Result<Option<PasswordHash>, HashingError> {
        if !self.is_affordable(hash) {
            return Ok(None);
        }
        let hash = hash.clone();
        self.run(
            asker,
            2,
            move |bench| {
                if bench.verify(&current, &hash)? { bench.create(&new).map(Some) } else { Ok(None) }
            },
        )
        .await
    }

    /// Hashes a password that nobody waits for, as soon as nobody waits at all. `None` where too many such wait already,
    /// or the issuer stops before its turn.
    pub(crate) async fn rewrite(&self, password: Password) -> Option<Result<PasswordHash, HashingError>> {
        let (reply, answer) = oneshot::channel();
        self.workers.admit_spare(Task::job(1, reply, move |bench: &mut Workbench| bench.create(&password)));
        answer.await.ok()
    }

    /// Whether a hash should be made anew at the next chance.
    pub(crate) fn is_outdated(&self, hash: &PasswordHash) -> bool {
        !hash.is_made_with(self.parameters)
    }

    /// Whether a hash can be checked here. The import refuses those that cannot; one that is there all the same, since the
    /// budget was larger, must not stop the others.
    fn is_affordable(&self, hash: &PasswordHash) -> bool {
        let cost = hash.check_cost(&self.limit);
        if let Err(error) = &cost {
            tracing::error!(%error, "a user cannot sign in: their hash is too costly to check");
        }
        cost.is_ok()
    }

    async fn run<T: Send + 'static>(
        &self,
        asker: &Asker,
        hashes: u32,
        work: impl FnOnce(&mut Workbench) -> Result<T, HashingError> + Send + 'static,
    ) -> Result<T, HashingError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Task::job(hashes, reply, work);
        self.workers.admit(asker.lane, job)?;
        // Dropping `answer` tells the queue that nobody waits any more.
        tokio::select! {
            answered = answer => answered.unwrap_or(Err(HashingError::Ended)),
            () = asker.presence.gone() => Err(HashingError::ClientGone),
        }
    }
}

/// The cores that this process may use.
pub(crate) fn cores() -> NonZero<usize> {
    thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

/// Hashes a password with a fresh salt, here and now: for commands, which have nobody else to care for.
pub(crate) fn hash_at_once(password: &Password, parameters: Parameters) -> Result<PasswordHash, HashingError> {
    Workbench::alone(parameters).create(password)
}
