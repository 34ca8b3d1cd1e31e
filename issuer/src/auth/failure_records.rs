//! Failed attempts are written into users' records after the answer, for the next issuer. No answer waits for the write, but the stop
//! of the issuer does.

use std::{
    future::{self, Future},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::task::JoinSet;

use super::{Auth, Client};
use crate::{
    audit,
    id::UserId,
    login_throttle::{Account, AlertLevel, FailureCounts, FailureSync, MAX_UNKNOWN},
    store::{Candidate, Decision, MAX_ATTEMPTS, Store, UpdateError, update_user},
    user::{User, Username},
};

/// The running writes.
#[derive(Default)]
pub(super) struct FailureSyncs(Mutex<JoinSet<()>>);

impl FailureSyncs {
    fn begin(&self, write: impl Future<Output = ()> + Send + 'static) {
        let mut writes = self.lock();
        while writes.try_join_next().is_some() {}
        writes.spawn(write);
    }

    /// Completes when no write runs. For one caller at a time. A caller that stops waiting cancels no write.
    pub(super) async fn finished(&self) {
        while future::poll_fn(|context| self.lock().poll_join_next(context)).await.is_some() {}
    }

    fn lock(&self) -> MutexGuard<'_, JoinSet<()>> {
        // The set is consistent at any moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Auth {
    /// Writes the account's count into the user's record, and new alerts into the audit log, in the background: an answer must
    /// not take longer for a name that exists. For a name that does not, the decoy's record is written unchanged, so that the
    /// load of the disk does not reveal which names exist.
    pub(super) fn save_failures(&self, username: &Username, candidate: Option<&Candidate>, client: &Client) {
        let Some(candidate) = candidate else { return };
        let id = candidate.user().id;
        let user = candidate.named();
        let counts = Arc::clone(&self.login_throttle.counts);
        let account = counts.account(username, user);
        let sync = counts.sync(account, user.map(|user| user.failures));
        let alert = counts.new_alert(account);
        if sync.is_none() && alert.is_none() {
            return;
        }
        let store = Arc::clone(&self.store);
        let own = user.is_some().then_some(account);
        let address = client.address;
        self.failure_syncs.begin(async move {
            if let (Some(level), true) = (alert, own.is_some()) {
                report(id, level, address);
            }
            let Some(sync) = sync else { return };
            if let Err(error) = synchronize(&*store, &counts, sync, id, own).await {
                tracing::warn!(user = %id, %error, "the failed attempts could not be written into a user's record");
            }
        });
    }
}

fn report(user: UserId, level: AlertLevel, address: IpAddr) {
    match level {
        AlertLevel::Nothing => {}
        AlertLevel::Delayed => audit::attempts_delayed(user, address),
        AlertLevel::Exhausted => audit::attempts_refused(user, MAX_UNKNOWN, address),
    }
}

/// Writes the count into a user's record until both agree, because attempts continue meanwhile. `own` is the account of that user;
/// `None` for a decoy, whose record stays unchanged.
async fn synchronize(
    store: &dyn Store,
    counts: &FailureCounts,
    mut sync: FailureSync,
    id: UserId,
    own: Option<Account>,
) -> Result<(), UpdateError> {
    for _ in 0..MAX_ATTEMPTS {
        let write = |user: Option<User>| {
            // A new password and a pardon begin another count.
            let is_same = |user: &User| own.is_none_or(|own| own == counts.account(&user.username, Some(user)));
            let user = user.filter(is_same);
            let target = user.as_ref().and_then(|user| sync.next_write(own.map(|_| user.failures)));
            future::ready(Ok(match (user, target) {
                (Some(user), Some(target)) if own.is_some() => Decision::Swap(user.with_failures(target), true),
                (Some(user), Some(_)) => Decision::Swap(user, true),
                _ => Decision::Keep(false),
            }))
        };
        let is_written: Result<_, UpdateError> = update_user(store, id, write).await;
        if !is_written? {
            return Ok(());
        }
        sync.written();
    }
    Ok(())
}
