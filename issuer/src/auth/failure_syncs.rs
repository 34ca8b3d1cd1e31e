//! Counts of failures on their way into users' records, which no answer waits for, but the end of the issuer does.

use std::{
    future::{self, Future},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::task::JoinSet;

/// The failure counts that are being written.
#[derive(Default)]
pub(super) struct FailureSyncs(Mutex<JoinSet<()>>);

impl FailureSyncs {
    pub(super) fn begin(&self, write: impl Future<Output = ()> + Send + 'static) {
        let mut writes = self.lock();
        while writes.try_join_next().is_some() {}
        writes.spawn(write);
    }

    /// Completes when nothing is under way. For one caller at a time; one that no longer waits leaves all writes under way.
    pub(super) async fn finished(&self) {
        while future::poll_fn(|context| self.lock().poll_join_next(context)).await.is_some() {}
    }

    fn lock(&self) -> MutexGuard<'_, JoinSet<()>> {
        // A set is whole at any moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
