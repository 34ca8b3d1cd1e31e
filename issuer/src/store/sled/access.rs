//! Reads and changes of records: through sled, and then through the committer, so that every answer waits for the disk.

use std::panic::{self, AssertUnwindSafe};

use super::SledStore;
use crate::{
    id::{SessionId, UserId},
    store::{StoreError, commit::Urgency},
    user::Username,
};

/// Identifies a record in the committer.
#[derive(Hash)]
pub(super) enum Key<'s> {
    User(UserId),
    /// Any user's record.
    Users,
    Name(&'s Username),
    Session(SessionId),
    SessionsOf(UserId),
    Ring,
}

impl SledStore {
    /// Reads the records with these keys, and waits until the read data is durable.
    pub(super) async fn read<'k, T>(
        &self,
        keys: impl AsRef<[Key<'k>]>,
        read: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let found = self.guard(read);
        self.committer.durable_now(self.committer.last_change(keys.as_ref())).await?;
        found
    }

    /// Reads any records, and waits until the read data is durable.
    pub(super) async fn scan<T>(&self, read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let found = self.guard(read);
        self.committer.durable_now(self.committer.last_write()).await?;
        found
    }

    /// Changes the records with these keys in one step for all other writers, and waits until the change is durable.
    /// The writes reach the disk in their order: a crash keeps the first of them, or all.
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

    /// Calls sled, which panics where other libraries return an error. Its memory is undefined after a panic, so that
    /// the store fails until it is opened again.
    pub(super) fn guard<T>(&self, call: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        panic::catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
            let error = StoreError::Engine("sled panicked".to_owned());
            self.committer.fail(error.clone());
            Err(error)
        })
    }
}
