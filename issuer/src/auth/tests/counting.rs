//! A store that counts its operations on users and sessions, but not those on the key ring, which the clock causes.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{RwLock, RwLockWriteGuard};

use crate::{
    id::{SessionId, UserId},
    session::Session,
    store::{Added, Candidate, KeyRingRecord, Store, StoreFailure, StoreFuture, Swapped, sled::SledStore},
    user::{User, Username},
};

pub(super) struct CountingStore {
    pub(super) store: SledStore,
    pub(super) calls: Arc<Calls>,
}

#[derive(Default)]
pub(super) struct Calls {
    reads: AtomicUsize,
    writes: AtomicUsize,
    changes_of_users: RwLock<()>,
    conflicts: AtomicUsize,
}

impl Calls {
    /// Reads and writes since the last call of this.
    pub(super) fn take(&self) -> (usize, usize) {
        (self.reads.swap(0, Ordering::SeqCst), self.writes.swap(0, Ordering::SeqCst))
    }

    /// Blocks changes of users as long as the guard is held.
    pub(super) async fn hold_changes_of_users(&self) -> RwLockWriteGuard<'_, ()> {
        self.changes_of_users.write().await
    }

    /// Lets so many of the next changes of sessions lose against another writer.
    pub(super) fn conflict(&self, times: usize) {
        self.conflicts.store(times, Ordering::SeqCst);
    }

    fn has_conflict(&self) -> bool {
        self.conflicts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    fn read(&self) {
        self.reads.fetch_add(1, Ordering::SeqCst);
    }

    fn write(&self) {
        self.writes.fetch_add(1, Ordering::SeqCst);
    }
}

impl Store for CountingStore {
    fn failed(&self) -> StoreFailure {
        self.store.failed()
    }

    fn user(&self, id: UserId) -> StoreFuture<'_, Option<User>> {
        self.calls.read();
        self.store.user(id)
    }

    fn user_named<'s>(&'s self, username: &'s Username) -> StoreFuture<'s, Option<User>> {
        self.calls.read();
        self.store.user_named(username)
    }

    fn user_or_decoy<'s>(&'s self, username: &'s Username, position: UserId) -> StoreFuture<'s, Option<Candidate>> {
        self.calls.read();
        self.store.user_or_decoy(username, position)
    }

    fn add_user<'s>(&'s self, user: &'s User) -> StoreFuture<'s, Added> {
        self.calls.write();
        self.store.add_user(user)
    }

    fn swap_user<'s>(&'s self, old: &'s User, new: &'s User) -> StoreFuture<'s, Swapped> {
        self.calls.write();
        Box::pin(async move {
            let _not_held = self.calls.changes_of_users.read().await;
            self.store.swap_user(old, new).await
        })
    }

    fn remove_user<'s>(&'s self, user: &'s User) -> StoreFuture<'s, Swapped> {
        self.calls.write();
        self.store.remove_user(user)
    }

    fn users_after(&self, after: Option<UserId>, limit: usize) -> StoreFuture<'_, Vec<User>> {
        self.calls.read();
        self.store.users_after(after, limit)
    }

    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<Session>> {
        self.calls.read();
        self.store.session(id)
    }

    fn sessions_by_id<'s>(&'s self, ids: &'s [SessionId]) -> StoreFuture<'s, Vec<Session>> {
        self.calls.read();
        self.store.sessions_by_id(ids)
    }

    fn sessions_of(&self, user: UserId) -> StoreFuture<'_, Vec<Session>> {
        self.calls.read();
        self.store.sessions_of(user)
    }

    fn sessions_after(&self, after: Option<SessionId>, limit: usize) -> StoreFuture<'_, Vec<Session>> {
        self.calls.read();
        self.store.sessions_after(after, limit)
    }

    fn add_session<'s>(&'s self, session: &'s Session) -> StoreFuture<'s, ()> {
        self.calls.write();
        self.store.add_session(session)
    }

    fn swap_session<'s>(&'s self, old: &'s Session, new: &'s Session) -> StoreFuture<'s, Swapped> {
        self.calls.write();
        if self.calls.has_conflict() {
            return Box::pin(async { Ok(Swapped::Conflict) });
        }
        self.store.swap_session(old, new)
    }

    fn remove_session<'s>(&'s self, session: &'s Session) -> StoreFuture<'s, Swapped> {
        self.calls.write();
        self.store.remove_session(session)
    }

    fn key_ring(&self) -> StoreFuture<'_, Option<KeyRingRecord>> {
        self.store.key_ring()
    }

    fn swap_key_ring<'s>(&'s self, old: Option<&'s KeyRingRecord>, new: &'s KeyRingRecord) -> StoreFuture<'s, Swapped> {
        self.store.swap_key_ring(old, new)
    }
}
