//! What is said over the socket: a request for each operation of a store, and what can come of one.

use uuid::Uuid;

use super::{
    message::{Message, messages, read_all, write_all},
    record::Record,
};
use crate::store::{Added, StoreError, Swapped};

messages! {
    /// An operation of a store. Of a change the old record comes first.
    Request {
        1 => User(id: Uuid),
        2 => UserNamed(username: String),
        3 => AddUser(user: Record),
        4 => SwapUser(old: Record, new: Record),
        5 => RemoveUser(user: Record),
        6 => UsersAfter(after: Option<Uuid>, most: u32),
        7 => Session(id: Uuid),
        8 => SessionsOf(user: Uuid),
        9 => SessionsAfter(after: Option<Uuid>, most: u32),
        10 => AddSession(session: Record),
        11 => SwapSession(old: Record, new: Record),
        12 => RemoveSession(session: Record),
        13 => KeyRing(),
        14 => SwapKeyRing(old: Option<Vec<u8>>, new: Vec<u8>),
        15 => SessionsById(ids: Ids),
    }
}

messages! {
    /// What came of an operation.
    Answer {
        1 => Failed(error: StoreError),
        2 => Found(record: Option<Record>),
        3 => Listed(records: Records),
        4 => Added(added: Added),
        5 => Swapped(swapped: Swapped),
        6 => Done(),
        7 => KeyRing(record: Option<Vec<u8>>),
    }
}

/// The ids of several records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ids(pub(super) Vec<Uuid>);

/// A page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Records(pub(super) Vec<Record>);

impl Request {
    /// Whether it changes something, if it is carried out.
    pub(super) fn is_write(&self) -> bool {
        match self {
            Self::User(..)
            | Self::UserNamed(..)
            | Self::UsersAfter(..)
            | Self::Session(..)
            | Self::SessionsById(..)
            | Self::SessionsOf(..)
            | Self::SessionsAfter(..)
            | Self::KeyRing() => false,
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

impl Message for Records {
    fn write(&self, out: &mut Vec<u8>) {
        write_all(&self.0, out);
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        read_all(rest).map(Self)
    }
}

impl Message for Ids {
    fn write(&self, out: &mut Vec<u8>) {
        write_all(&self.0, out);
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        read_all(rest).map(Self)
    }
}

impl Message for Added {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(match self {
            Self::Yes => 1,
            Self::UsernameTaken => 2,
        });
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        match u8::read(rest)? {
            1 => Some(Self::Yes),
            2 => Some(Self::UsernameTaken),
            _ => None,
        }
    }
}

impl Message for Swapped {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(match self {
            Self::Yes => 1,
            Self::Conflict => 2,
        });
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        match u8::read(rest)? {
            1 => Some(Self::Yes),
            2 => Some(Self::Conflict),
            _ => None,
        }
    }
}

/// An error stays what it was. Those of a connection are its ends' own and never cross it.
impl Message for StoreError {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Engine(reason) => {
                out.push(1);
                reason.write(out);
            }
            Self::Record(reason) => {
                out.push(2);
                reason.write(out);
            }
            Self::TooLarge { bytes, most } => {
                out.push(3);
                (*bytes as u64).write(out);
                (*most as u64).write(out);
            }
            Self::Away(_) | Self::Gone | Self::Unanswered => Self::Engine(self.to_string()).write(out),
        }
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        let size = |rest: &mut &[u8]| usize::try_from(u64::read(rest)?).ok();
        match u8::read(rest)? {
            1 => String::read(rest).map(Self::Engine),
            2 => String::read(rest).map(Self::Record),
            3 => Some(Self::TooLarge { bytes: size(rest)?, most: size(rest)? }),
            _ => None,
        }
    }
}
