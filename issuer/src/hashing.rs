//! Password hashing, the one expensive step of an issuer. A fixed set of threads hashes within a memory budget; requests wait in
//! a bounded queue. A client that would wait too long is refused with the time for a retry.

use std::{future, num::NonZero, sync::Arc, time::Duration};

use tokio::{sync::oneshot, time};

use crate::{
    entropy::random_id,
    metrics::HashingMetrics,
    password::{CostLimit, Credential, HashingFailed, InvalidPassword, NormalisedPassword, Parameters, Password},
};

mod budget;
mod connection;
mod dispatcher;
mod error;
mod job;
mod job_state;
mod priority;
mod queue;
mod shared_queue;
#[cfg(test)]
mod tests;
mod thread;
mod workbench;
mod worker_slot;
mod workers;

pub(crate) use budget::{Budget, BudgetError, Machine};
pub(crate) use connection::{ConnectionGuard, ConnectionWatch};
pub(crate) use error::{HashingError, HashingSetupError};
use job::{HashFn, Task};
use job_state::JobState;
use queue::Refused;
pub(crate) use workbench::Workbench;
use workbench::equivalent_hashes;
use workers::{Waiter, Workers};

/// The operator's settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) parameters: Parameters,
    pub(crate) workers: NonZero<usize>,
    /// The cost limit of one imported hash.
    pub(crate) limit: CostLimit,
    /// The longest wait until a thread begins a job.
    pub(crate) deadline: Duration,
}

/// The queue's lane of a client. Known devices come first, and unknown devices keep a share while both wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// A device on which the user has signed in.
    Known,
    /// Any other client.
    Unknown,
}

impl Lane {
    fn other(self) -> Self {
        match self {
            Self::Known => Self::Unknown,
            Self::Unknown => Self::Known,
        }
    }
}

/// The client for which a password is hashed.
#[derive(Clone, Debug)]
pub(crate) struct HashRequester {
    pub(crate) lane: Lane,
    pub(crate) connection: ConnectionWatch,
}

/// The result of a verification. It returns the password, for a hash with better parameters.
pub(crate) struct Verified {
    pub(crate) is_match: bool,
    pub(crate) password: Password,
}

/// Hashes and verifies passwords. Dropping it ends its threads.
pub(crate) struct Hashing {
    workers: Workers,
    parameters: Parameters,
    limit: CostLimit,
    deadline: Duration,
    /// A credential of a random password, for a store without users.
    decoy: Credential,
}

impl Hashing {
    /// Starts the threads. Each has touched its memory when this returns.
    pub(crate) fn start(settings: &Settings, metrics: HashingMetrics) -> Result<Self, HashingSetupError> {
        let workers = Workers::start(settings, metrics)?;
        let random = Password::parse(random_id().map_err(HashingError::from)?.to_string())?;
        let decoy = hash_at_once(&random.normalised(), settings.parameters)?;
        Ok(Self {
            workers,
            parameters: settings.parameters,
            limit: settings.limit.clone(),
            deadline: settings.deadline,
            decoy,
        })
    }

    /// Refuses a client if its lane is full, before the store is read for it.
    pub(crate) fn check_room(&self, lane: Lane) -> Result<(), HashingError> {
        self.workers.check_room(lane)
    }

    /// Whether the password matches the credential. Without a credential it does not, after the same work as for `decoy`, another
    /// user's credential.
    pub(crate) async fn verify(
        &self,
        requester: &HashRequester,
        password: Password,
        credential: Option<&Credential>,
        decoy: Option<&Credential>,
    ) -> Result<Verified, HashingError> {
        let affordable = credential.filter(|credential| self.is_affordable(credential));
        let is_real = affordable.is_some();
        let decoy = decoy.filter(|decoy| decoy.hash.check_cost(&self.limit).is_ok()).unwrap_or(&self.decoy);
        let checked = affordable.unwrap_or(decoy).clone();
        let hashes = self.hashes(&checked);
        let subject = (password, checked);
        let ((password, _), matches) = self
            .run(requester, hashes, subject, |bench, (password, credential)| bench.verify(password, credential))
            .await?;
        Ok(Verified { is_match: matches && is_real, password })
    }

    /// Hashes the password of a new user.
    pub(crate) async fn create(
        &self,
        requester: &HashRequester,
        new: NormalisedPassword,
    ) -> Result<Credential, HashingError> {
        let (_, created) = self.run(requester, 1, new, Workbench::create).await?;
        Ok(created)
    }

    /// Hashes a new password if the current one matches its credential.
    pub(crate) async fn replace(
        &self,
        requester: &HashRequester,
        current: Password,
        credential: &Credential,
        new: NormalisedPassword,
    ) -> Result<Option<Credential>, HashingError> {
        if !self.is_affordable(credential) {
            return Ok(None);
        }
        let hashes = self.hashes(credential) + 1;
        let subject = (current, credential.clone(), new);
        let (_, replaced) = self
            .run(requester, hashes, subject, |bench, (current, credential, new)| {
                if bench.verify(current, credential)? { bench.create(new).map(Some) } else { Ok(None) }
            })
            .await?;
        Ok(replaced)
    }

    /// Hashes a verified password again, because its hash is outdated. The job runs when no client waits.
    ///
    /// `None` if too many such jobs are queued, or the issuer stops first. Also `None` if clients wait and the hash would only be
    /// marked as the issuer's own: the write can happen at a later sign-in.
    pub(crate) async fn rehash(
        &self,
        outdated: &Credential,
        password: Password,
    ) -> Option<Result<Credential, HashingError>> {
        if let Some(same) = outdated.as_created(&password, self.parameters) {
            return (!self.workers.have_waiters()).then_some(Ok(same));
        }
        let (reply, answer) = oneshot::channel();
        self.workers.admit_spare(Task::job(1, Arc::default(), password.normalised(), Workbench::create, reply));
        answer.await.ok().map(|answered| answered.map(|(_, created)| created))
    }

    /// Whether a password should be hashed again at the next sign-in.
    pub(crate) fn is_outdated(&self, credential: &Credential) -> bool {
        !credential.is_made_with(self.parameters)
    }

    /// Whether a hash is within the cost limit. The import refuses hashes beyond it. A hash from a time with a higher limit must not
    /// block other users.
    fn is_affordable(&self, credential: &Credential) -> bool {
        let cost = credential.hash.check_cost(&self.limit);
        if let Err(error) = &cost {
            tracing::error!(%error, "refused a hash beyond the cost limit: its user cannot sign in");
        }
        cost.is_ok()
    }

    /// The work of a verification, in hashes of our own.
    fn hashes(&self, credential: &Credential) -> u32 {
        equivalent_hashes(credential.hash.work(), self.parameters)
    }

    /// Runs a job over a subject, and returns the subject with the result.
    async fn run<S: Send + 'static, T: Send + 'static>(
        &self,
        requester: &HashRequester,
        hashes: u32,
        subject: S,
        work: HashFn<S, T>,
    ) -> Result<(S, T), HashingError> {
        let (reply, answer) = oneshot::channel();
        let state = Arc::<JobState>::default();
        let job = Task::job(hashes, Arc::clone(&state), subject, work, reply);
        let waiter = self.workers.admit(requester.lane, job, state)?;
        tokio::select! {
            answered = answer => answered.unwrap_or(Err(HashingError::Ended)),
            () = canceled(&waiter, &requester.connection) => Err(HashingError::ClientGone),
            refused = self.expired(&waiter) => Err(refused.into()),
        }
    }

    /// Completes at the deadline, unless a thread has begun the job.
    async fn expired(&self, waiter: &Waiter<'_>) -> Refused {
        time::sleep(self.deadline).await;
        match waiter.expire() {
            Some(refused) => refused,
            None => future::pending().await,
        }
    }
}

/// Completes when the client closes its connection, unless a thread has begun the job. The result of a begun job is counted, so
/// that closing the connection evades no limit.
async fn canceled(waiter: &Waiter<'_>, connection: &ConnectionWatch) {
    connection.closed().await;
    if !waiter.cancel() {
        future::pending::<()>().await;
    }
}

/// The number of cores that this process may use.
pub(crate) fn cores() -> NonZero<usize> {
    std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

/// Hashes a password with a fresh salt on the calling thread, for commands.
pub(crate) fn hash_at_once(password: &NormalisedPassword, parameters: Parameters) -> Result<Credential, HashingError> {
    Workbench::new(parameters).create(password)
}
