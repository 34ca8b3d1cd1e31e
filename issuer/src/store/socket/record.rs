//! Users and sessions on their way through the socket: their ids, and the records that a store keeps of them.

use uuid::Uuid;

use super::message::Message;
use crate::{
    id::{SessionId, UserId},
    session::{self, Session},
    store::StoreError,
    user::{self, User},
};

/// A user or a session as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) id: Uuid,
    pub(super) bytes: Vec<u8>,
}

impl Record {
    pub(super) fn of_user(user: &User) -> Result<Self, StoreError> {
        let bytes = user::record::encode(user).map_err(|error| StoreError::Record(error.to_string()))?;
        Ok(Self { id: user.id.0, bytes })
    }

    pub(super) fn of_session(session: &Session) -> Self {
        Self { id: session.id.0, bytes: session::record::encode(session) }
    }

    pub(super) fn to_user(&self) -> Result<User, StoreError> {
        let decoded = user::record::decode(UserId(self.id), &self.bytes);
        decoded.map_err(|error| StoreError::Record(format!("user {}: {error}", self.id)))
    }

    pub(super) fn to_session(&self) -> Result<Session, StoreError> {
        let decoded = session::record::decode(SessionId(self.id), &self.bytes);
        decoded.map_err(|error| StoreError::Record(format!("session {}: {error}", self.id)))
    }
}

impl Message for Record {
    fn write(&self, out: &mut Vec<u8>) {
        self.id.write(out);
        self.bytes.write(out);
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        Some(Self { id: Uuid::read(rest)?, bytes: Vec::read(rest)? })
    }
}
