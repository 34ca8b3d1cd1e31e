//! Where users and sessions are kept: a handful of named operations and one compare-and-swap.

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

/// What a store operation returns: a future, so that stores of different engines fit behind one trait object.
pub(crate) type StoreFuture<'s, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 's>>;

/// Completes when a store can keep its promises no longer.
pub(crate) type StoreFailure = Pin<Box<dyn Future<Output = StoreError> + Send>>;

/// The longest record with its key, in any store, so that what is in one can be moved to another. sled puts pages of more
/// than 128 KiB into files of their own, which nobody syncs (`blobs/`). It splits a page of more than 16 records, so that
/// one of ours has half of that at most.
const MAX_RECORD_BYTES: usize = 4096;

/// The users and sessions of an issuer.
///
/// Every implementation promises:
///
/// - **Linearisable.** Each operation takes effect at one moment between its call and its answer, in an order that all
///   callers agree on. There is no read that may be stale.
/// - **Durable.** A write is answered only after it would survive a crash of the process and a loss of power, and a
///   read only after what it read would: no answer rests on something that can still be undone.
/// - **Nothing by halves.** A write that is answered with an error may have taken effect or not, but never in part.
pub(crate) trait Store: Send + Sync {
    /// Completes when the store can keep its promises no longer and must be opened again, and never otherwise.
    fn failed(&self) -> StoreFailure;

    /// The user with that id.
    fn user(&self, id: UserId) -> StoreFuture<'_, Option<User>>;

    /// The user with that name.
    fn user_named<'s>(&'s self, username: &'s Username) -> StoreFuture<'s, Option<User>>;

    /// The user with that name, or, where there is none, the one that stands in for it: the first after `place` in the order of
    /// ids, or the first of all. None in a store without users. Either takes the same work: a record is looked for by the name,
    /// another by the place, and one is read.
    fn user_or_decoy<'s>(&'s self, username: &'s Username, position: UserId) -> StoreFuture<'s, Option<Candidate>>;

    /// Adds a user, unless their name is taken: of two at once, one gets it.
    fn add_user<'s>(&'s self, user: &'s User) -> StoreFuture<'s, Added>;

    /// Puts `new` in the place of `old`, if the store still holds exactly `old`. Id and name are the same in both.
    fn swap_user<'s>(&'s self, old: &'s User, new: &'s User) -> StoreFuture<'s, Swapped>;

    /// Removes a user, if the store still holds exactly `user`, and gives their name free. Their sessions stay until they
    /// are removed; without their user they are worth nothing. The record goes before the name: a crash between the two
    /// leaves a name that leads nowhere, which [`add_user`](Self::add_user) gives out again, and never a user whom no
    /// name finds.
    fn remove_user<'s>(&'s self, user: &'s User) -> StoreFuture<'s, Swapped>;

    /// The next users in the order of their ids, at most `most`: those after `after`, or from the first. An empty page is
    /// the end. A user who is there during the whole call is among them, as they were at one moment of the call.
    fn users_after(&self, after: Option<UserId>, limit: usize) -> StoreFuture<'_, Vec<User>>;

    /// The session with that id, ended and expired ones too.
    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<Session>>;

    /// Those of these sessions that there are, in the order of their ids, ended and expired ones too: one question for all of
    /// them. Each is as it was at one moment of the call.
    fn sessions_by_id<'s>(&'s self, ids: &'s [SessionId]) -> StoreFuture<'s, Vec<Session>>;

    /// The sessions of a user in the order of their ids, ended and expired ones too until they are removed. A session
    /// that is there during the whole call is among them, as it was at one moment of the call.
    fn sessions_of(&self, user: UserId) -> StoreFuture<'_, Vec<Session>>;

    /// The next sessions in the order of their ids, at most `most`: those after `after`, or from the first. Ended and
    /// expired ones too. An empty page is the end; what is said of [`sessions_of`](Self::sessions_of) holds for a page.
    fn sessions_after(&self, after: Option<SessionId>, limit: usize) -> StoreFuture<'_, Vec<Session>>;

    /// Adds a session under its fresh random id. Its entry among its user's sessions is written before the record: a
    /// crash between the two leaves an entry that leads nowhere, and never a session that its user cannot see and end.
    /// Under load the store may delay the write by some milliseconds, so that several sessions share a sync.
    fn add_session<'s>(&'s self, session: &'s Session) -> StoreFuture<'s, ()>;

    /// Puts `new` in the place of `old`, if the store still holds exactly `old`. Id and user are the same in both.
    fn swap_session<'s>(&'s self, old: &'s Session, new: &'s Session) -> StoreFuture<'s, Swapped>;

    /// Removes a session and its entry among its user's, if the store still holds exactly `session`: a rotation at the
    /// same moment is never lost.
    fn remove_session<'s>(&'s self, session: &'s Session) -> StoreFuture<'s, Swapped>;

    /// The key ring as it was last written; none in a store that never had one.
    fn key_ring(&self) -> StoreFuture<'_, Option<KeyRingRecord>>;

    /// Puts `new` in the place of `old`, if the store still holds exactly `old`: nothing, where `old` is none. A store has
    /// one key ring, so that all its issuers agree.
    fn swap_key_ring<'s>(&'s self, old: Option<&'s KeyRingRecord>, new: &'s KeyRingRecord) -> StoreFuture<'s, Swapped>;
}

/// The issuer's keys as a store keeps them: sealed, so that a copy of the store gives none away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyRingRecord(pub(crate) Vec<u8>);

/// The user that a submitted name may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    /// The user with that name.
    Named(User),
    /// Another user: there is none with that name.
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

/// What came of adding a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Added {
    Yes,
    UsernameTaken,
}

/// What came of a compare-and-swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Swapped {
    Yes,
    /// Somebody else changed or removed the record since it was read: read it again, and decide again.
    Conflict,
}

/// Why the store could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub(crate) enum StoreError {
    /// The engine failed: the disk is full, say.
    #[error("the store failed: {0}")]
    Engine(String),
    /// The engine is not there for now: a database that cannot be reached, or has no primary.
    #[error("the store is away: {0}")]
    Away(String),
    /// A record cannot be read.
    #[error("the store holds a record that cannot be read: {0}")]
    Record(String),
    /// A record that would not fit; nothing was written.
    #[error("a record has {bytes} bytes; the store takes at most {max}")]
    TooLarge { bytes: usize, max: usize },
    /// The process that holds the store has gone, and nothing was changed.
    #[error("the running hallpass, which holds the store, has gone")]
    Gone,
    /// The process that holds the store went before it answered a write.
    #[error(
        "the running hallpass, which holds the store, went before it answered: what was to be written may have been, or not"
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
