//! Users and sessions on the socket: an id, and the record that a store keeps.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    id::{SessionId, UserId},
    session::{self, Session},
    store::{StoreError, decode_session, decode_user, unreadable},
    user::{self, User},
};

/// A user or a session as a store keeps it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) id: Uuid,
    pub(super) bytes: Vec<u8>,
}

impl Record {
    pub(super) fn of_user(user: &User) -> Result<Self, StoreError> {
        Ok(Self { id: user.id.0, bytes: user::record::encode(user).map_err(unreadable)? })
    }

    pub(super) fn of_session(session: &Session) -> Self {
        Self { id: session.id.0, bytes: session::record::encode(session) }
    }

    pub(super) fn to_user(&self) -> Result<User, StoreError> {
        decode_user(UserId(self.id), &self.bytes)
    }

    pub(super) fn to_session(&self) -> Result<Session, StoreError> {
        decode_session(SessionId(self.id), &self.bytes)
    }
}

impl fmt::Debug for Record {
    /// The bytes have hashes of passwords and of refresh tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({}, {} bytes)", self.id, self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_hash() {
        let record = Record { id: Uuid::nil(), bytes: b"$argon2id$".to_vec() };
        assert_eq!(format!("{record:?}"), "Record(00000000-0000-0000-0000-000000000000, 10 bytes)");
    }
}
