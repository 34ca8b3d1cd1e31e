//! How records are read and changed: through sled, and then through the committer, so that no answer comes before the disk.

use std::panic::{self, AssertUnwindSafe};

use super::SledStore;
use crate::{
    id::{SessionId, UserId},
    store::{StoreError, commit::Urgency},
    user::Username,
};

/// Names a record to those who must wait until it is durable.
#[derive(Hash)]
pub(super) enum Key<'s> {
    User(UserId),
    /// Each user's record is one of these.
    Users,
    Name(&'s Username),
    Session(SessionId),
    SessionsOf(UserId),
    Ring,
}

impl SledStore {
    /// Reads the records with these keys, and waits until what was read is durable.
    pub(super) async fn read<'k, T>(
        &self,
        keys: impl AsRef<[Key<'k>]>,
        read: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let found = self.guard(read);
        self.committer.durable_now(self.committer.last_change(keys.as_ref())).await?;
        found
    }

    /// Reads whatever records, and waits until what was read is durable.
    pub(super) async fn scan<T>(&self, read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let found = self.guard(read);
        self.committer.durable_now(self.committer.last_write()).await?;
        found
    }

    /// Changes the records with these keys, as one step for every other writer, and waits until that is durable. The changes
    /// reach the disk in their order: a crash leaves the first of them, or all.
    pub(super) async fn write<T, const N: usize>(
        &self,
        keys: [Key<'_>; N],
        change: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.write_when(Urgency::Now, keys, change).await
    }

    /// [`write`](Self::write)s with this urgency.
    pub(super) async fn write_when<T, const N: usize>(
        &self,
        urgency: Urgency,
        keys: [Key<'_>; N],
        change: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (outcome, position) = self.committer.write(&keys, urgency, || self.guard(change));
        self.committer.durable(position).await?;
        outcome
    }

    /// Calls sled, which panics where other libraries return an error. What it holds in memory after a panic is anyone's
    /// guess: the store answers nothing more until it is opened again.
    pub(super) fn guard<T>(&self, call: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        panic::catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
            let error = StoreError::Engine("sled panicked".to_owned());
            self.committer.fail(error.clone());
            Err(error)
        })
    }
}
