//! The store on PostgreSQL, for several issuers or more than one machine.
//!
//! Each operation is one statement, which is one transaction and one round trip. It is correct at every isolation
//! level: the conditions of a change are in its `WHERE`, and a statement that failed by a serialization conflict or a
//! deadlock (40001, 40P01) is retried. It uses only features that distributed engines have: primary keys, one secondary
//! index, one unique constraint, `ON CONFLICT DO NOTHING`, `RETURNING`. It uses no sequence, no advisory lock and no
//! server time. Keys are random ids, so that rows and writes spread evenly.
//!
//! A visible commit is on the disk, and on the synchronous standby's disk if one is configured: PostgreSQL shows a
//! transaction to others only then. Reads go to the primary, so that they return durable data.

use std::{future, time::Duration};

use tokio_postgres::{
    Row,
    types::{FromSqlOwned, Type},
};
use uuid::Uuid;

use super::{
    Added, Candidate, KeyRingRecord, Store, StoreError, StoreFailure, StoreFuture, Swapped, decode_session,
    decode_user, fits, unreadable,
};
use crate::{
    id::{SessionId, UserId},
    session::{self, Session},
    user::{self, User, Username},
};

mod address;
mod connect;
mod database;
mod migrate;
mod open;
mod parameters;
mod pool;
mod statements;
#[cfg(test)]
mod tests;
mod tls;

pub(crate) use address::{InvalidAddress, PostgresAddress};
use database::{Database, Parameter};
pub(crate) use migrate::Migrated;
pub(crate) use open::OpenError;
use statements::{
    ADD_SESSION, ADD_USER, FIRST_KEY_RING, FIRST_SESSIONS, FIRST_USERS, KEY_RING, Records, SESSIONS, SESSIONS_AFTER,
    SESSIONS_BY_ID, SESSIONS_OF, SWAP_KEY_RING, USER_NAMED, USER_OR_DECOY, USERS, USERS_AFTER,
};

/// How long an issuer waits for an answer, including retries. A later answer would serve its clients worse than a 503.
pub(crate) const ISSUER_PATIENCE: Duration = Duration::from_secs(2);

/// How long a command waits for an answer. It writes many records at once, and no client waits for it.
pub(crate) const COMMAND_PATIENCE: Duration = Duration::from_secs(30);

/// The connections of a command. An issuer's number is an option.
pub(crate) const COMMAND_CONNECTIONS: usize = 8;

/// Users, sessions and the key ring in a database that several processes use.
pub(crate) struct PostgresStore {
    database: Database,
}

/// A change of a record.
#[derive(Clone, Copy)]
enum Change<'r> {
    Put(&'r [u8]),
    Remove,
}

impl PostgresStore {
    async fn find(&self, records: &Records, id: Uuid) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.database.read(records.find, &[(&id, Type::UUID)]).await?;
        rows.first().map(|row| column(row, 1)).transpose()
    }

    /// Changes a record that is still `old`. The statement compares bytes. If they differ, the values are compared,
    /// since an earlier version may have encoded the same value differently.
    async fn change(
        &self,
        records: &Records,
        id: Uuid,
        old: &[u8],
        is_old: impl Fn(&[u8]) -> Result<bool, StoreError>,
        change: Change<'_>,
    ) -> Result<Swapped, StoreError> {
        if self.change_bytes(records, id, old, change).await? {
            return Ok(Swapped::Yes);
        }
        let Some(stored) = self.find(records, id).await? else { return Ok(Swapped::Conflict) };
        if stored == old || !is_old(&stored)? {
            return Ok(Swapped::Conflict);
        }
        self.change_bytes(records, id, &stored, change).await.map(swapped)
    }

    async fn change_bytes(
        &self,
        records: &Records,
        id: Uuid,
        old: &[u8],
        change: Change<'_>,
    ) -> Result<bool, StoreError> {
        let id: Parameter<'_> = (&id, Type::UUID);
        let old: Parameter<'_> = (&old, Type::BYTEA);
        match change {
            Change::Put(new) => self.database.write(records.swap, &[id, old, (&new, Type::BYTEA)]).await,
            Change::Remove => self.database.write(records.remove, &[id, old]).await,
        }
    }

    async fn change_user(&self, old: &User, new: Option<&User>) -> Result<Swapped, StoreError> {
        let before = user::record::encode(old).map_err(unreadable)?;
        let after = new.map(user::record::encode).transpose().map_err(unreadable)?;
        fits(old.id.0.as_bytes(), after.as_deref().unwrap_or_default())?;
        let is_old = |stored: &[u8]| Ok(decode_user(old.id, stored)? == *old);
        self.change(&USERS, old.id.0, &before, is_old, after.as_deref().map_or(Change::Remove, Change::Put)).await
    }

    async fn change_session(&self, old: &Session, change: Change<'_>) -> Result<Swapped, StoreError> {
        let is_old = |stored: &[u8]| Ok(decode_session(old.id, stored)? == *old);
        self.change(&SESSIONS, old.id.0, &session::record::encode(old), is_old, change).await
    }

    /// The next records after `after` in the order of their ids, or from the first. The statements are for a start at
    /// the first record, and after another.
    async fn page(&self, [first, next]: [&str; 2], after: Option<Uuid>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        match after {
            None => self.database.read(first, &[(&limit, Type::INT8)]).await,
            Some(after) => self.database.read(next, &[(&limit, Type::INT8), (&after, Type::UUID)]).await,
        }
    }
}

impl Store for PostgresStore {
    /// Never completes: an unavailable database returns with everything that it acknowledged.
    fn failed(&self) -> StoreFailure {
        Box::pin(future::pending())
    }

    fn user(&self, id: UserId) -> StoreFuture<'_, Option<User>> {
        Box::pin(async move {
            let record = self.find(&USERS, id.0).await?;
            record.map(|record| decode_user(id, &record)).transpose()
        })
    }

    fn user_named<'s>(&'s self, username: &'s Username) -> StoreFuture<'s, Option<User>> {
        Box::pin(async move {
            let rows = self.database.read(USER_NAMED, &[(&username.as_str(), Type::TEXT)]).await?;
            rows.first().map(user_of).transpose()
        })
    }

    fn user_or_decoy<'s>(&'s self, username: &'s Username, position: UserId) -> StoreFuture<'s, Option<Candidate>> {
        Box::pin(async move {
            let name = username.as_str();
            let parameters: [Parameter<'_>; 2] = [(&name, Type::TEXT), (&position.0, Type::UUID)];
            let rows = self.database.read(USER_OR_DECOY, &parameters).await?;
            let Some(row) = rows.first() else { return Ok(None) };
            let user = user_of(row)?;
            Ok(Some(if user.username == *username { Candidate::Named(user) } else { Candidate::Decoy(user) }))
        })
    }

    fn add_user<'s>(&'s self, user: &'s User) -> StoreFuture<'s, Added> {
        Box::pin(async move {
            let record = user::record::encode(user).map_err(unreadable)?;
            fits(user.id.0.as_bytes(), &record)?;
            let name = user.username.as_str();
            let parameters: [Parameter<'_>; 3] =
                [(&user.id.0, Type::UUID), (&name, Type::TEXT), (&record, Type::BYTEA)];
            let is_added = self.database.write(ADD_USER, &parameters).await?;
            Ok(if is_added { Added::Yes } else { Added::UsernameTaken })
        })
    }

    fn swap_user<'s>(&'s self, old: &'s User, new: &'s User) -> StoreFuture<'s, Swapped> {
        Box::pin(self.change_user(old, Some(new)))
    }

    fn remove_user<'s>(&'s self, user: &'s User) -> StoreFuture<'s, Swapped> {
        Box::pin(self.change_user(user, None))
    }

    fn users_after(&self, after: Option<UserId>, limit: usize) -> StoreFuture<'_, Vec<User>> {
        Box::pin(async move {
            let rows = self.page([FIRST_USERS, USERS_AFTER], after.map(|id| id.0), limit).await?;
            in_order(rows.iter().map(user_of), |user| user.id.0)
        })
    }

    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<Session>> {
        Box::pin(async move {
            let record = self.find(&SESSIONS, id.0).await?;
            record.map(|record| decode_session(id, &record)).transpose()
        })
    }

    fn sessions_by_id<'s>(&'s self, ids: &'s [SessionId]) -> StoreFuture<'s, Vec<Session>> {
        Box::pin(async move {
            let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
            let rows = self.database.read(SESSIONS_BY_ID, &[(&ids, Type::UUID_ARRAY)]).await?;
            in_order(rows.iter().map(session_of), |session| session.id.0)
        })
    }

    fn sessions_of(&self, user: UserId) -> StoreFuture<'_, Vec<Session>> {
        Box::pin(async move {
            let rows = self.database.read(SESSIONS_OF, &[(&user.0, Type::UUID)]).await?;
            in_order(rows.iter().map(session_of), |session| session.id.0)
        })
    }

    fn sessions_after(&self, after: Option<SessionId>, limit: usize) -> StoreFuture<'_, Vec<Session>> {
        Box::pin(async move {
            let rows = self.page([FIRST_SESSIONS, SESSIONS_AFTER], after.map(|id| id.0), limit).await?;
            in_order(rows.iter().map(session_of), |session| session.id.0)
        })
    }

    fn add_session<'s>(&'s self, session: &'s Session) -> StoreFuture<'s, ()> {
        Box::pin(async move {
            let record = session::record::encode(session);
            let parameters: [Parameter<'_>; 3] =
                [(&session.id.0, Type::UUID), (&session.user.0, Type::UUID), (&&record[..], Type::BYTEA)];
            // The primary key refuses a random id that was drawn twice.
            self.database.write(ADD_SESSION, &parameters).await.map(drop)
        })
    }

    fn swap_session<'s>(&'s self, old: &'s Session, new: &'s Session) -> StoreFuture<'s, Swapped> {
        Box::pin(async move { self.change_session(old, Change::Put(&session::record::encode(new))).await })
    }

    fn remove_session<'s>(&'s self, session: &'s Session) -> StoreFuture<'s, Swapped> {
        Box::pin(self.change_session(session, Change::Remove))
    }

    fn key_ring(&self) -> StoreFuture<'_, Option<KeyRingRecord>> {
        Box::pin(async move {
            let rows = self.database.read(KEY_RING, &[]).await?;
            rows.first().map(|row| column(row, 1).map(KeyRingRecord)).transpose()
        })
    }

    fn swap_key_ring<'s>(&'s self, old: Option<&'s KeyRingRecord>, new: &'s KeyRingRecord) -> StoreFuture<'s, Swapped> {
        Box::pin(async move {
            fits(b"ring", &new.0)?;
            let new: Parameter<'_> = (&new.0, Type::BYTEA);
            let is_written = match old {
                None => self.database.write(FIRST_KEY_RING, &[new]).await,
                Some(old) => self.database.write(SWAP_KEY_RING, &[(&old.0, Type::BYTEA), new]).await,
            };
            is_written.map(swapped)
        })
    }
}

fn swapped(is_written: bool) -> Swapped {
    if is_written { Swapped::Yes } else { Swapped::Conflict }
}

/// Sorts records by id: an `ORDER BY` in a subquery does not order the outer query.
fn in_order<T>(
    records: impl Iterator<Item = Result<T, StoreError>>,
    id: impl Fn(&T) -> Uuid,
) -> Result<Vec<T>, StoreError> {
    let mut records = records.collect::<Result<Vec<_>, _>>()?;
    records.sort_by_key(id);
    Ok(records)
}

fn user_of(row: &Row) -> Result<User, StoreError> {
    decode_user(UserId(column(row, 1)?), &column::<Vec<u8>>(row, 2)?)
}

fn session_of(row: &Row) -> Result<Session, StoreError> {
    decode_session(SessionId(column(row, 1)?), &column::<Vec<u8>>(row, 2)?)
}

fn column<T: FromSqlOwned>(row: &Row, at: usize) -> Result<T, StoreError> {
    row.try_get(at).map_err(|error| unreadable(connect::describe(&error)))
}
