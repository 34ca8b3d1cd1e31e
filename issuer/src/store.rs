//! The store of users, sessions and the key ring: a handful of named operations, and changes by compare-and-swap.

use std::{future::Future, pin::Pin};

use serde::{Deserialize, Serialize};

use crate::{
    id::{SessionId, UserId},
    session::{self, Session},
    user::{self, User, Username},
};

mod commit;
#[cfg(test)]
pub(crate) mod conformance;
pub(crate) mod postgres;
#[cfg(test)]
mod scale;
pub(crate) mod sled;
pub(crate) mod socket;
mod update;

pub(crate) use update::{Contended, Decision, MAX_ATTEMPTS, UpdateError, update_session, update_user};

/// The result of a store operation. It is a boxed future, so that all engines fit behind one trait object.
pub(crate) type StoreFuture<'s, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 's>>;

/// Completes when a store can no longer keep its promises.
pub(crate) type StoreFailure = Pin<Box<dyn Future<Output = StoreError> + Send>>;

/// The maximum size of a record and its key. It is the same in every store, so that records can move between stores.
/// sled writes a page of more than 128 KiB to a separate file, which it never syncs (`blobs/`). It splits a page of
/// more than 16 records, so that a page of ours has at most half that size.
const MAX_RECORD_BYTES: usize = 4096;

/// The users and sessions of an issuer.
///
/// Every implementation promises:
///
/// - **Linearizable.** Each operation takes effect at one moment between its call and its answer, in an order that all
///   callers agree on. No read is stale.
/// - **Durable.** A write is answered once it would survive a crash of the process and a loss of power. A read is
///   answered once the data that it read would survive them. No answer rests on data that a crash can undo.
/// - **Atomic.** A write that is answered with an error took effect completely or not at all.
pub(crate) trait Store: Send + Sync {
    /// Completes when the store can no longer keep its promises and must be opened again. It does not complete before.
    fn failed(&self) -> StoreFailure;

    /// The user with that id.
    fn user(&self, id: UserId) -> StoreFuture<'_, Option<User>>;

    /// The user with that name.
    fn user_named<'s>(&'s self, username: &'s Username) -> StoreFuture<'s, Option<User>>;

    /// The user with that name, or a decoy if no user has it: the first user after `position` in the order of ids, or
    /// the first of all. `None` in a store without users. Both cases cost the same work: one lookup by name, one by
    /// position, and one record read.
    fn user_or_decoy<'s>(&'s self, username: &'s Username, position: UserId) -> StoreFuture<'s, Option<Candidate>>;

    /// Adds a user, unless the name is taken. Of two concurrent calls with one name, one succeeds.
    fn add_user<'s>(&'s self, user: &'s User) -> StoreFuture<'s, Added>;

    /// Replaces `old` with `new`, if the store still holds exactly `old`. Both have the same id and name.
    fn swap_user<'s>(&'s self, old: &'s User, new: &'s User) -> StoreFuture<'s, Swapped>;

    /// Removes a user and frees the name, if the store still holds exactly `user`. The user's sessions stay until they
    /// are removed; they are invalid without their user. The record is removed before the name. A crash between the two
    /// leaves a name without a user, which [`add_user`](Self::add_user) assigns again, and never a user whom no name
    /// finds.
    fn remove_user<'s>(&'s self, user: &'s User) -> StoreFuture<'s, Swapped>;

    /// The next users in the order of their ids, at most `limit`: those after `after`, or from the first. An empty page
    /// is the end. A user who exists during the whole call is included, in the state of one moment of the call.
    fn users_after(&self, after: Option<UserId>, limit: usize) -> StoreFuture<'_, Vec<User>>;

    /// The session with that id, even if it has ended or expired.
    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<Session>>;

    /// The existing sessions among these ids, in the order of their ids, including ended and expired ones, by one
    /// request. Each is in the state of one moment of the call.
    fn sessions_by_id<'s>(&'s self, ids: &'s [SessionId]) -> StoreFuture<'s, Vec<Session>>;

    /// The sessions of a user in the order of their ids, including ended and expired ones until they are removed. A
    /// session that exists during the whole call is included, in the state of one moment of the call.
    fn sessions_of(&self, user: UserId) -> StoreFuture<'_, Vec<Session>>;

    /// The next sessions in the order of their ids, at most `limit`: those after `after`, or from the first, including
    /// ended and expired ones. An empty page is the end. A page is as consistent as [`sessions_of`](Self::sessions_of).
    fn sessions_after(&self, after: Option<SessionId>, limit: usize) -> StoreFuture<'_, Vec<Session>>;

    /// Adds a session under its fresh random id. The entry in the user's list of sessions is written before the record.
    /// A crash between the two leaves an entry without a session, and never a session that its user cannot list and
    /// end. Under load the store may delay the write by some milliseconds, so that several sessions share a sync.
    fn add_session<'s>(&'s self, session: &'s Session) -> StoreFuture<'s, ()>;

    /// Replaces `old` with `new`, if the store still holds exactly `old`. Both have the same id and user.
    fn swap_session<'s>(&'s self, old: &'s Session, new: &'s Session) -> StoreFuture<'s, Swapped>;

    /// Removes a session and its entry in the user's list, if the store still holds exactly `session`. A concurrent
    /// rotation is never lost.
    fn remove_session<'s>(&'s self, session: &'s Session) -> StoreFuture<'s, Swapped>;

    /// The key ring as last written; `None` in a store without one.
    fn key_ring(&self) -> StoreFuture<'_, Option<KeyRingRecord>>;

    /// Replaces `old` with `new`, if the store still holds exactly `old`; with `old` of `None`, if the store has no key
    /// ring. A store has one key ring, so that all its issuers agree.
    fn swap_key_ring<'s>(&'s self, old: Option<&'s KeyRingRecord>, new: &'s KeyRingRecord) -> StoreFuture<'s, Swapped>;
}

/// The issuer's keys as a store keeps them: sealed, so that a copy of the store reveals no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyRingRecord(pub(crate) Vec<u8>);

/// The user that a submitted name may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    /// The user with that name.
    Named(User),
    /// Another user, since no user has that name.
    Decoy(User),
}

impl Candidate {
    /// The user with that name.
    pub(crate) fn named(&self) -> Option<&User> {
        if let Self::Named(user) = self { Some(user) } else { None }
    }

    pub(crate) fn user(&self) -> &User {
        let (Self::Named(user) | Self::Decoy(user)) = self;
        user
    }
}

/// The outcome of adding a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Added {
    Yes,
    UsernameTaken,
}

/// The outcome of a compare-and-swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Swapped {
    Yes,
    /// Another writer changed or removed the record since it was read. The caller reads and decides again.
    Conflict,
}

/// Why a store operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub(crate) enum StoreError {
    /// The engine failed, for example because the disk is full.
    #[error("the store failed: {0}")]
    Engine(String),
    /// The engine is temporarily unavailable: the database cannot be reached, or has no primary.
    #[error("the store is unavailable: {0}")]
    Away(String),
    /// A record is invalid.
    #[error("the store has an invalid record: {0}")]
    Record(String),
    /// The record is too large. Nothing was written.
    #[error("a record has {bytes} bytes; the store takes at most {max}")]
    TooLarge { bytes: usize, max: usize },
    /// The process that holds the store ended. Nothing was changed.
    #[error("the running hallpass, which holds the store, has ended")]
    Gone,
    /// The process that holds the store ended before it answered a write.
    #[error(
        "the running hallpass, which holds the store, ended before it answered: the change may be written or not; check it"
    )]
    Unanswered,
}

fn fits(key: &[u8], record: &[u8]) -> Result<(), StoreError> {
    let bytes = key.len() + record.len();
    let max = MAX_RECORD_BYTES;
    if bytes <= max { Ok(()) } else { Err(StoreError::TooLarge { bytes, max }) }
}

fn decode_user(id: UserId, record: &[u8]) -> Result<User, StoreError> {
    user::record::decode(id, record).map_err(|error| unreadable(format!("user {id}: {error}")))
}

fn decode_session(id: SessionId, record: &[u8]) -> Result<Session, StoreError> {
    session::record::decode(id, record).map_err(|error| unreadable(format!("session {id}: {error}")))
}

fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Record(error.to_string())
}
