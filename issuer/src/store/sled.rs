//! The embedded store, on sled, for one issuer on one machine.
//!
//! sled's flush does not reach the disk on Linux, since it ends in `sync_file_range`. The committer therefore flushes
//! and calls `fdatasync` on sled's log before a write is answered.

use std::{collections::BTreeSet, fs::File, ops::Bound};

use ::sled::{Db, IVec, Tree};
use uuid::Uuid;

use super::{
    Added, Candidate, KeyRingRecord, Store, StoreError, StoreFailure, StoreFuture, Swapped,
    commit::{Committer, Urgency},
    decode_session, decode_user, fits, unreadable,
};
use crate::{
    id::{SessionId, UserId},
    session::{self, Session},
    user::{self, User, Username},
};

mod access;
mod commits;
mod open;
mod room;
#[cfg(test)]
mod tests;

use access::Key;
pub(crate) use open::{OpenError, is_engines};

/// The key of the key ring, the only record in its tree.
const KEY_RING: &[u8] = b"ring";

/// Users by id, ids by username, sessions by id and by user, in a folder that one process at a time holds.
pub(crate) struct SledStore {
    users: Tree,
    /// The ids of users by name. A name may have no user; every user has a name.
    user_ids: Tree,
    sessions: Tree,
    /// The lists of sessions: each key is a user's id and a session's id, each value is empty. An entry may have no
    /// session; every session has an entry.
    user_sessions: Tree,
    keys: Tree,
    /// See [`sharing_syncs_when`](Self::sharing_syncs_when).
    is_busy: Box<dyn Fn() -> bool + Send + Sync>,
    /// Dropped before the database: the last writes become durable before the folder is unlocked.
    committer: Committer,
    _db: Db,
    /// The folder, locked for this process.
    _lock: File,
}

impl SledStore {
    /// Lets new sessions share syncs while `is_busy` says that more sign-ins are about to complete. At other times each new
    /// session is synced at once: its client would wait for nothing.
    pub(crate) fn sharing_syncs_when(self, is_busy: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { is_busy: Box::new(is_busy), ..self }
    }

    fn urgency_of_a_new_session(&self) -> Urgency {
        if (self.is_busy)() { Urgency::Shareable } else { Urgency::Now }
    }

    fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let record = self.users.get(id.0).map_err(engine)?;
        record.map(|record| decode_user(id, &record)).transpose()
    }

    fn find_user_named(&self, username: &Username) -> Result<Option<User>, StoreError> {
        let Some(id) = self.user_ids.get(username.as_str()).map_err(engine)? else { return Ok(None) };
        self.find_user(UserId(Uuid::from_slice(&id).map_err(unreadable)?))
    }

    /// Looks up both ids and reads one record, whether the name exists or not.
    fn find_candidate(&self, username: &Username, position: UserId) -> Result<Option<Candidate>, StoreError> {
        let named = self.user_ids.get(username.as_str()).map_err(engine)?;
        let after = first_key(after_key(&self.users, Some(position.0)))?;
        let decoy = if after.is_some() { after } else { first_key(after_key(&self.users, None))? };
        let named = named.map(|id| Uuid::from_slice(&id).map_err(unreadable)).transpose()?;
        if let Some(id) = named
            && let Some(user) = self.find_user(UserId(id))?
        {
            return Ok(Some(Candidate::Named(user)));
        }
        let Some(id) = decoy else { return Ok(None) };
        Ok(self.find_user(id)?.map(Candidate::Decoy))
    }

    fn find_key_ring(&self) -> Result<Option<KeyRingRecord>, StoreError> {
        let record = self.keys.get(KEY_RING).map_err(engine)?;
        Ok(record.map(|record| KeyRingRecord(record.to_vec())))
    }

    fn find_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let record = self.sessions.get(id.0).map_err(engine)?;
        record.map(|record| decode_session(id, &record)).transpose()
    }
}

impl Store for SledStore {
    fn failed(&self) -> StoreFailure {
        Box::pin(self.committer.failed())
    }

    fn user(&self, id: UserId) -> StoreFuture<'_, Option<User>> {
        Box::pin(self.read([Key::User(id)], move || self.find_user(id)))
    }

    fn user_named<'s>(&'s self, username: &'s Username) -> StoreFuture<'s, Option<User>> {
        Box::pin(async move {
            let found = self.guard(|| self.find_user_named(username));
            let named = self.committer.last_change(&[Key::Name(username)]);
            let user = found.iter().flatten().map(|user| self.committer.last_change(&[Key::User(user.id)])).max();
            self.committer.durable_now(user.map_or(named, |user| user.max(named))).await?;
            found
        })
    }

    fn user_or_decoy<'s>(&'s self, username: &'s Username, position: UserId) -> StoreFuture<'s, Option<Candidate>> {
        Box::pin(self.read([Key::Name(username), Key::Users], move || self.find_candidate(username, position)))
    }

    fn add_user<'s>(&'s self, user: &'s User) -> StoreFuture<'s, Added> {
        Box::pin(self.write([Key::Name(&user.username), Key::User(user.id), Key::Users], || {
            if self.find_user_named(&user.username)?.is_some() {
                return Ok(Added::UsernameTaken);
            }
            let record = user::record::encode(user).map_err(unreadable)?;
            fits(user.id.0.as_bytes(), &record)?;
            // The name comes first. A crash between the two leaves a name without a user, which can be assigned again.
            // A record without a name could be neither found nor removed.
            put(&self.user_ids, user.username.as_str().as_bytes(), user.id.0.as_bytes())?;
            put(&self.users, user.id.0.as_bytes(), &record)?;
            Ok(Added::Yes)
        }))
    }

    fn swap_user<'s>(&'s self, old: &'s User, new: &'s User) -> StoreFuture<'s, Swapped> {
        Box::pin(self.write([Key::User(old.id), Key::Users], || {
            // This compares users, not bytes: an earlier version may have encoded the record differently.
            if self.find_user(old.id)?.as_ref() != Some(old) {
                return Ok(Swapped::Conflict);
            }
            put(&self.users, old.id.0.as_bytes(), &user::record::encode(new).map_err(unreadable)?)?;
            Ok(Swapped::Yes)
        }))
    }

    fn remove_user<'s>(&'s self, user: &'s User) -> StoreFuture<'s, Swapped> {
        Box::pin(self.write([Key::Name(&user.username), Key::User(user.id), Key::Users], || {
            if self.find_user(user.id)?.as_ref() != Some(user) {
                return Ok(Swapped::Conflict);
            }
            self.users.remove(user.id.0).map_err(engine)?;
            self.user_ids.remove(user.username.as_str()).map_err(engine)?;
            Ok(Swapped::Yes)
        }))
    }

    fn users_after(&self, after: Option<UserId>, limit: usize) -> StoreFuture<'_, Vec<User>> {
        Box::pin(self.read([Key::Users], move || {
            let users = after_key(&self.users, after.map(|id| id.0)).take(limit).map(|record| {
                let (id, record) = record?;
                decode_user(UserId(id), &record)
            });
            users.collect()
        }))
    }

    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<Session>> {
        Box::pin(self.read([Key::Session(id)], move || self.find_session(id)))
    }

    fn sessions_by_id<'s>(&'s self, ids: &'s [SessionId]) -> StoreFuture<'s, Vec<Session>> {
        let keys: Vec<_> = ids.iter().copied().map(Key::Session).collect();
        Box::pin(self.read(keys, || {
            let ids: BTreeSet<_> = ids.iter().map(|id| id.0).collect();
            ids.into_iter().filter_map(|id| self.find_session(SessionId(id)).transpose()).collect()
        }))
    }

    fn sessions_of(&self, user: UserId) -> StoreFuture<'_, Vec<Session>> {
        Box::pin(self.read([Key::SessionsOf(user)], move || {
            let entries = self.user_sessions.scan_prefix(user.0).keys();
            let sessions = entries.filter_map(|entry| {
                let id = entry.map_err(engine).and_then(|entry| session_of_entry(&entry));
                id.and_then(|id| self.find_session(id)).transpose()
            });
            sessions.collect()
        }))
    }

    fn sessions_after(&self, after: Option<SessionId>, limit: usize) -> StoreFuture<'_, Vec<Session>> {
        Box::pin(self.scan(move || {
            let sessions = after_key(&self.sessions, after.map(|id| id.0)).take(limit).map(|record| {
                let (id, record) = record?;
                decode_session(SessionId(id), &record)
            });
            sessions.collect()
        }))
    }

    fn add_session<'s>(&'s self, session: &'s Session) -> StoreFuture<'s, ()> {
        let keys = [Key::Session(session.id), Key::SessionsOf(session.user)];
        Box::pin(self.write_when(self.urgency_of_a_new_session(), keys, || {
            if self.sessions.contains_key(session.id.0).map_err(engine)? {
                return Err(StoreError::Engine("a random session id is already in use; sign in again".to_owned()));
            }
            put(&self.user_sessions, &entry_of(session), &[])?;
            put(&self.sessions, session.id.0.as_bytes(), &session::record::encode(session))
        }))
    }

    fn swap_session<'s>(&'s self, old: &'s Session, new: &'s Session) -> StoreFuture<'s, Swapped> {
        Box::pin(self.write([Key::Session(old.id), Key::SessionsOf(old.user)], || {
            if self.find_session(old.id)?.as_ref() != Some(old) {
                return Ok(Swapped::Conflict);
            }
            put(&self.sessions, old.id.0.as_bytes(), &session::record::encode(new))?;
            Ok(Swapped::Yes)
        }))
    }

    fn remove_session<'s>(&'s self, session: &'s Session) -> StoreFuture<'s, Swapped> {
        Box::pin(self.write([Key::Session(session.id), Key::SessionsOf(session.user)], || {
            if self.find_session(session.id)?.as_ref() != Some(session) {
                return Ok(Swapped::Conflict);
            }
            self.sessions.remove(session.id.0).map_err(engine)?;
            self.user_sessions.remove(entry_of(session)).map_err(engine)?;
            Ok(Swapped::Yes)
        }))
    }

    fn key_ring(&self) -> StoreFuture<'_, Option<KeyRingRecord>> {
        Box::pin(self.read([Key::Ring], || self.find_key_ring()))
    }

    fn swap_key_ring<'s>(&'s self, old: Option<&'s KeyRingRecord>, new: &'s KeyRingRecord) -> StoreFuture<'s, Swapped> {
        Box::pin(self.write([Key::Ring], move || {
            if self.find_key_ring()?.as_ref() != old {
                return Ok(Swapped::Conflict);
            }
            put(&self.keys, KEY_RING, &new.0)?;
            Ok(Swapped::Yes)
        }))
    }
}

/// Writes one record.
fn put(tree: &Tree, key: &[u8], record: &[u8]) -> Result<(), StoreError> {
    fits(key, record)?;
    tree.insert(key, record).map(drop).map_err(engine)
}

/// The records of a tree after `after`, in the order of their ids.
fn after_key(tree: &Tree, after: Option<Uuid>) -> impl Iterator<Item = Result<(Uuid, IVec), StoreError>> {
    let start = after.map_or(Bound::Unbounded, |id| Bound::Excluded(*id.as_bytes()));
    tree.range((start, Bound::Unbounded)).map(|record| {
        let (key, record) = record.map_err(engine)?;
        Ok((Uuid::from_slice(&key).map_err(unreadable)?, record))
    })
}

fn first_key(
    mut records: impl Iterator<Item = Result<(Uuid, IVec), StoreError>>,
) -> Result<Option<UserId>, StoreError> {
    Ok(records.next().transpose()?.map(|(id, _)| UserId(id)))
}

/// The key of a session's entry in its user's list.
fn entry_of(session: &Session) -> [u8; 32] {
    let mut entry = [0; 32];
    entry[..16].copy_from_slice(session.user.0.as_bytes());
    entry[16..].copy_from_slice(session.id.0.as_bytes());
    entry
}

fn session_of_entry(entry: &IVec) -> Result<SessionId, StoreError> {
    let id = entry.get(16..).map(Uuid::from_slice);
    id.and_then(Result::ok)
        .map(SessionId)
        .ok_or_else(|| unreadable("an entry in a user's list of sessions has no valid id"))
}

fn engine(error: ::sled::Error) -> StoreError {
    StoreError::Engine(error.to_string())
}
