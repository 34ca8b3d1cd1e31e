//! The messages of the socket: one request for each operation of a store, and its answer. serde and postcard encode them;
//! [`frame`](super::frame) bounds their size.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::record::Record;
use crate::store::{Added, StoreError, Swapped};

/// An operation of a store. The old record of a swap comes first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Request {
    User(Uuid),
    UserNamed(String),
    AddUser(Record),
    SwapUser(Record, Record),
    RemoveUser(Record),
    UsersAfter(Option<Uuid>, u32),
    Session(Uuid),
    SessionsById(Vec<Uuid>),
    SessionsOf(Uuid),
    SessionsAfter(Option<Uuid>, u32),
    AddSession(Record),
    SwapSession(Record, Record),
    RemoveSession(Record),
    KeyRing,
    SwapKeyRing(Option<Vec<u8>>, Vec<u8>),
}

/// The outcome of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    Failed(StoreError),
    Found(Option<Record>),
    Listed(Vec<Record>),
    Added(Added),
    Swapped(Swapped),
    Done,
    KeyRing(Option<Vec<u8>>),
}

impl Request {
    /// Whether the operation can change the store.
    pub(super) fn is_write(&self) -> bool {
        match self {
            Self::User(..)
            | Self::UserNamed(..)
            | Self::UsersAfter(..)
            | Self::Session(..)
            | Self::SessionsById(..)
            | Self::SessionsOf(..)
            | Self::SessionsAfter(..)
            | Self::KeyRing => false,
            Self::AddUser(..)
            | Self::SwapUser(..)
            | Self::RemoveUser(..)
            | Self::AddSession(..)
            | Self::SwapSession(..)
            | Self::RemoveSession(..)
            | Self::SwapKeyRing(..) => true,
        }
    }
}
