//! One statement at a time, within a bounded time, and tried again only where that is right.

use std::time::Duration;

use tokio::time;
use tokio_postgres::{
    Row,
    error::{Severity, SqlState},
    types::{ToSql, Type},
};

use super::{
    StoreError,
    connect::{ConnectError, describe, is_durable, not_durable},
    pool::{Lease, Pool},
};

/// How long after a failure the same is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// A value in a statement. Its type goes along, so that a statement is one question and one answer, and nothing of it
/// stays on the server: behind a pooler the next one may go to another connection.
pub(super) type Parameter<'p> = (&'p (dyn ToSql + Sync), Type);

/// The database, by statements that each are a transaction of their own.
pub(super) struct Database {
    pub(super) pool: Pool,
    /// How long an answer may take in all.
    pub(super) patience: Duration,
}

/// What a statement does, which decides whether it can be asked twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
}

/// Why a statement got no answer.
enum Fault {
    /// It was never asked.
    Unreached(ConnectError),
    /// The server refused it, and did nothing.
    Refused(tokio_postgres::Error),
    /// The connection was lost while it was under way: it may have been done or not.
    Lost(tokio_postgres::Error),
    /// A standby was asked, which may not know what was acknowledged.
    Standby,
    /// It was done, and may yet be lost.
    NotDurable(String),
}

impl Database {
    /// The rows that a query finds, which is one of those that say whether they come from a primary: the columns begin with 1.
    pub(super) async fn read(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        let mut rows = self.ask(Kind::Read, sql, parameters).await?;
        rows.retain(is_found);
        Ok(rows)
    }

    /// Whether a statement wrote its row. It returns the `synchronous_commit` under which it did.
    pub(super) async fn write(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<bool, StoreError> {
        Ok(!self.ask(Kind::Write, sql, parameters).await?.is_empty())
    }

    async fn ask(&self, kind: Kind, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        let mut before = None;
        let answer = time::timeout(self.patience, async {
            loop {
                match self.attempt(kind, sql, parameters).await {
                    Err(fault) if fault.is_worth_another_try(kind) => before = Some(fault),
                    answer => return answer,
                }
                time::sleep(PAUSE).await;
            }
        });
        match (answer.await, before) {
            (Ok(answer), _) => answer.map_err(StoreError::from),
            (Err(_), Some(fault)) => Err(fault.into()),
            (Err(_), None) => Err(StoreError::Away(format!("the database does not answer within {:?}", self.patience))),
        }
    }

    async fn attempt(&self, kind: Kind, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Fault> {
        let lease = self.pool.lease().await.map_err(Fault::Unreached)?;
        lease.connection.begin();
        match lease.connection.client.query_typed(sql, parameters).await {
            Ok(rows) => {
                match kind {
                    Kind::Read => check_primary(&rows)?,
                    Kind::Write => check_durable(&rows, &lease)?,
                }
                lease.give_back();
                Ok(rows)
            }
            Err(error) if is_refusal(&error) => {
                // A connection to a server that takes no writes any more is of no use.
                if error.code() != Some(&SqlState::READ_ONLY_SQL_TRANSACTION) {
                    lease.give_back();
                }
                Err(Fault::Refused(error))
            }
            Err(error) => Err(Fault::Lost(error)),
        }
    }
}

/// Whether the server gave the statement up as a whole, and the connection is as good as before. What ends a connection
/// may come after a commit.
fn is_refusal(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|db| {
        // Class 08 is what a pooler says that has lost the server.
        let is_unsure = *db.code() == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN || db.code().code().starts_with("08");
        db.parsed_severity() == Some(Severity::Error) && !is_unsure
    })
}

/// Whether a row is more than the word of whoever answered.
fn is_found(row: &Row) -> bool {
    let last = row.len().saturating_sub(1);
    row.try_get::<_, Option<&[u8]>>(last).is_ok_and(|record| record.is_some())
}

/// Whether it is a primary that answered.
fn check_primary(rows: &[Row]) -> Result<(), Fault> {
    let read_only = rows.first().map(|row| row.try_get::<_, &str>(0)).transpose().map_err(Fault::Lost)?;
    if read_only == Some("off") { Ok(()) } else { Err(Fault::Standby) }
}

/// Whether what a statement wrote, and says so by a row, is safe.
fn check_durable(rows: &[Row], lease: &Lease<'_>) -> Result<(), Fault> {
    let Some(row) = rows.first() else { return Ok(()) };
    let synchronous_commit: String = row.try_get(0).map_err(Fault::Lost)?;
    if !is_durable(&synchronous_commit) {
        return Err(Fault::NotDurable(not_durable(&synchronous_commit)));
    }
    if lease.connection.was_warned() {
        return Err(Fault::NotDurable("a commit came with a warning, and may not have reached the standby".to_owned()));
    }
    Ok(())
}

impl Fault {
    /// Whether the same can be asked again. A read always. A write only where it has certainly not been done: done twice
    /// it would find its own change in its way, and take that for somebody else's.
    fn is_worth_another_try(&self, kind: Kind) -> bool {
        match (self, kind) {
            (Self::Unreached(_) | Self::Standby, _) | (Self::Lost(_), Kind::Read) => true,
            (Self::Refused(error), _) => error.code().is_some_and(is_transient),
            (Self::Lost(_), Kind::Write) | (Self::NotDurable(_), _) => false,
        }
    }

    /// Whether it passes by itself, as while a primary starts or another one takes over.
    fn is_passing(&self) -> bool {
        match self {
            Self::Unreached(error) => error.is_passing,
            // A write that waits for a standby which is away is canceled in the end.
            Self::Refused(error) => {
                error.code().is_some_and(|code| is_transient(code) || *code == SqlState::QUERY_CANCELED)
            }
            Self::Lost(_) | Self::Standby => true,
            Self::NotDurable(_) => false,
        }
    }
}

/// Whether a statement was given up for the sake of others, or because the server is no primary any more.
fn is_transient(code: &SqlState) -> bool {
    [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::CANNOT_CONNECT_NOW,
    ]
    .contains(code)
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        let kind = if fault.is_passing() { Self::Away } else { Self::Engine };
        kind(match fault {
            Fault::Unreached(error) => format!("the database cannot be reached: {error}"),
            Fault::Refused(error) => format!("the database refuses: {}", describe(&error)),
            Fault::Lost(error) => format!("the database was lost in the middle: {}", describe(&error)),
            Fault::Standby => "the database that answers is a standby".to_owned(),
            Fault::NotDurable(reason) => format!("the database is not safe: {reason}"),
        })
    }
}
