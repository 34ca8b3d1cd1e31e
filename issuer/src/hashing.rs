//! Hashing as a resource that is scheduled. It is the one heavy step of an issuer: a fixed set of threads does it, within
//! a budget of memory, for those who wait in a bounded queue; who would wait for too long is told when to come back.

use std::{future, num::NonZero, sync::Arc, time::Duration};

use tokio::{sync::oneshot, time};

use crate::{
    entropy::{NoEntropy, random_id},
    metrics::HashingMetrics,
    password::{CostLimit, Credential, HashingFailed, InvalidPassword, NormalisedPassword, Parameters, Password},
};

mod budget;
mod connection;
mod dispatcher;
mod job;
mod priority;
mod queue;
#[cfg(test)]
mod tests;
mod thread;
mod turn;
mod workbench;
mod worker_slot;
mod workers;

pub(crate) use budget::{Budget, BudgetError, Machine};
pub(crate) use connection::{ConnectionGuard, ConnectionWatch};
use job::{HashFn, Task};
use queue::Refused;
use turn::Turn;
pub(crate) use workbench::Workbench;
use workbench::hashes_worth;
use workers::{Waiter, Workers};

/// What the person who runs the issuer chose.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) parameters: Parameters,
    pub(crate) workers: NonZero<usize>,
    /// What one foreign hash may take of a worker.
    pub(crate) limit: CostLimit,
    /// How long a client waits at most for a thread to begin.
    pub(crate) deadline: Duration,
}

/// Where a client waits. Known devices are served first, and unknown devices keep a share while both wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// A client that has signed in before.
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

/// For whom something is hashed.
#[derive(Clone, Debug)]
pub(crate) struct HashRequester {
    pub(crate) lane: Lane,
    pub(crate) connection: ConnectionWatch,
}

/// Why a password could not be hashed or checked now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashingError {
    /// The wait would be too long, or was.
    #[error("too many passwords wait to be hashed; try again in {retry_after:?}")]
    Overloaded { retry_after: Duration },
    #[error("the client closed the connection")]
    ClientGone,
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    #[error(transparent)]
    Failed(#[from] HashingFailed),
    #[error("hashing ended without a result")]
    Ended,
}

impl From<Refused> for HashingError {
    fn from(Refused { retry_after }: Refused) -> Self {
        Self::Overloaded { retry_after }
    }
}

/// Why hashing could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashingSetupError {
    #[error("a hashing thread cannot be started: {0}")]
    Thread(std::io::Error),
    #[error("Argon2 gives a wrong hash on this machine, so that no password could be checked: please report it")]
    WrongHash,
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
    deadline: Duration,
    /// One of our own that no password fits.
    decoy: Credential,
}

impl Hashing {
    /// Starts the threads; each has touched its memory before this returns.
    pub(crate) fn start(settings: &Settings, metrics: HashingMetrics) -> Result<Self, HashingSetupError> {
        let workers = Workers::start(settings, metrics)?;
        let nobodys = Password::parse(random_id().map_err(HashingError::from)?.to_string())?;
        let decoy = hash_at_once(&nobodys.normalised(), settings.parameters)?;
        Ok(Self {
            workers,
            parameters: settings.parameters,
            limit: settings.limit.clone(),
            deadline: settings.deadline,
            decoy,
        })
    }

    /// Refuses a client, as the hash itself would, for which there is no room: before anything is done for it.
    pub(crate) fn check_room(&self, lane: Lane) -> Result<(), HashingError> {
        self.workers.check_room(lane)
    }

    /// Whether the password is the one that was hashed. Without a credential the answer is no, after the same work as
    /// for `decoy`, the one of somebody else.
    pub(crate) async fn verify(
        &self,
        requester: &HashRequester,
        password: Password,
        credential: Option<&Credential>,
        decoy: Option<&Credential>,
    ) -> Result<Checked, HashingError> {
        let affordable = credential.filter(|credential| self.is_affordable(credential));
        let is_real = affordable.is_some();
        let decoy = decoy.filter(|decoy| decoy.hash.check_cost(&self.limit).is_ok()).unwrap_or(&self.decoy);
        let checked = affordable.unwrap_or(decoy).clone();
        let hashes = self.hashes(&checked);
        let subject = (password, checked);
        let ((password, _), fits) = self
            .run(requester, hashes, subject, |bench, (password, credential)| bench.verify(password, credential))
            .await?;
        Ok(Checked { fits: fits && is_real, password })
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

    /// Hashes a new password, where the current one fits its hash.
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
        let (hashes, subject) = (self.hashes(credential) + 1, (current, credential.clone(), new));
        let (_, replaced) = self
            .run(requester, hashes, subject, |bench, (current, credential, new)| {
                if bench.verify(current, credential)? { bench.create(new).map(Some) } else { Ok(None) }
            })
            .await?;
        Ok(replaced)
    }

    /// Makes an outdated hash of a password that fits anew. Nobody waits for it: it is hashed as soon as nobody waits at all.
    /// `None` where too many such wait already, or the issuer stops before its turn, or it would be only marked while others
    /// wait: that is a write, too, and can be done at a later sign-in.
    pub(crate) async fn rewrite(
        &self,
        outdated: &Credential,
        password: Password,
    ) -> Option<Result<Credential, HashingError>> {
        if let Some(same) = outdated.as_created(&password, self.parameters) {
            return (!self.is_in_demand()).then_some(Ok(same));
        }
        let (reply, answer) = oneshot::channel();
        self.workers.admit_spare(Task::job(1, Arc::default(), password.normalised(), Workbench::create, reply));
        answer.await.ok().map(|answered| answered.map(|(_, created)| created))
    }

    /// Whether somebody waits for a thread to be free.
    pub(crate) fn is_in_demand(&self) -> bool {
        self.workers.have_queue()
    }

    /// Whether a hash should be made anew at the next chance.
    pub(crate) fn is_outdated(&self, credential: &Credential) -> bool {
        !credential.is_made_with(self.parameters)
    }

    /// Whether a hash can be checked here. The import refuses those that cannot; one that is there all the same, since the
    /// budget was larger, must not stop the others.
    fn is_affordable(&self, credential: &Credential) -> bool {
        let cost = credential.hash.check_cost(&self.limit);
        if let Err(error) = &cost {
            tracing::error!(%error, "a user cannot sign in: their hash is too costly to check");
        }
        cost.is_ok()
    }

    /// What a check of a hash is worth, in hashes of our own.
    fn hashes(&self, credential: &Credential) -> u32 {
        hashes_worth(credential.hash.work(), self.parameters)
    }

    /// Has the subject hashed, and gives it back with what came of it.
    async fn run<S: Send + 'static, T: Send + 'static>(
        &self,
        requester: &HashRequester,
        hashes: u32,
        subject: S,
        work: HashFn<S, T>,
    ) -> Result<(S, T), HashingError> {
        let (reply, answer) = oneshot::channel();
        let turn = Arc::<Turn>::default();
        let job = Task::job(hashes, Arc::clone(&turn), subject, work, reply);
        let waiter = self.workers.admit(requester.lane, job, turn)?;
        tokio::select! {
            answered = answer => answered.unwrap_or(Err(HashingError::Ended)),
            () = departed(&waiter, &requester.connection) => Err(HashingError::ClientGone),
            refused = self.expired(&waiter) => Err(refused.into()),
        }
    }

    /// Completes at the deadline, unless a thread has begun by then.
    async fn expired(&self, waiter: &Waiter<'_>) -> Refused {
        time::sleep(self.deadline).await;
        match waiter.expire() {
            Some(refused) => refused,
            None => future::pending().await,
        }
    }
}

/// Completes when a client has gone, unless a thread has begun by then: what that makes is taken on, so that who hangs up
/// meanwhile is counted as any other.
async fn departed(waiter: &Waiter<'_>, connection: &ConnectionWatch) {
    connection.closed().await;
    if !waiter.depart() {
        future::pending::<()>().await;
    }
}

/// The cores that this process may use.
pub(crate) fn cores() -> NonZero<usize> {
    std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

/// Hashes a password with a fresh salt, here and now: for commands, which have nobody else to care for.
pub(crate) fn hash_at_once(password: &NormalisedPassword, parameters: Parameters) -> Result<Credential, HashingError> {
    Workbench::new(parameters).create(password)
}
