//! Statements with a time limit, and with retries where they are safe.

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

/// The pause before a retry.
const PAUSE: Duration = Duration::from_millis(50);

/// A value in a statement, with its type. So a statement takes one round trip and leaves no state on the server: behind
/// a pooler the next statement may use another connection.
pub(super) type Parameter<'p> = (&'p (dyn ToSql + Sync), Type);

/// The database. Each statement is its own transaction.
pub(super) struct Database {
    pub(super) pool: Pool,
    /// How long an answer may take, including retries.
    pub(super) patience: Duration,
}

/// Whether a statement reads or writes, which decides on retries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
}

/// Why a statement failed.
enum Fault {
    /// The statement was not sent.
    Unreached(ConnectError),
    /// The server refused the statement and changed nothing.
    Refused(tokio_postgres::Error),
    /// The connection was lost during the statement, which may have taken effect or not.
    Lost(tokio_postgres::Error),
    /// A standby answered, which may lack acknowledged writes.
    Standby,
    /// The write took effect and may still be lost.
    NotDurable(String),
}

impl Database {
    /// The rows of a query by `on_primary!`: column 0 says whether the server is a primary, and the data begins at
    /// column 1.
    pub(super) async fn read(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        let mut rows = self.ask(Kind::Read, sql, parameters).await?;
        rows.retain(is_found);
        Ok(rows)
    }

    /// Whether a statement wrote its row. The statement returns the `synchronous_commit` of its transaction.
    pub(super) async fn write(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<bool, StoreError> {
        Ok(!self.ask(Kind::Write, sql, parameters).await?.is_empty())
    }

    async fn ask(&self, kind: Kind, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        let mut before = None;
        let answer = time::timeout(self.patience, async {
            loop {
                match self.attempt(kind, sql, parameters).await {
                    Err(fault) if fault.can_be_retried(kind) => before = Some(fault),
                    answer => return answer,
                }
                time::sleep(PAUSE).await;
            }
        });
        match (answer.await, before) {
            (Ok(answer), _) => answer.map_err(StoreError::from),
            (Err(_), Some(fault)) => Err(fault.into()),
            (Err(_), None) => Err(StoreError::Away(format!("the database did not answer within {:?}", self.patience))),
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
                // A connection to a server that no longer accepts writes is dropped.
                if error.code() != Some(&SqlState::READ_ONLY_SQL_TRANSACTION) {
                    lease.give_back();
                }
                Err(Fault::Refused(error))
            }
            Err(error) => Err(Fault::Lost(error)),
        }
    }
}

/// Whether the server rolled the statement back and the connection stays usable. An error that ends the connection may
/// follow a commit.
fn is_refusal(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|db| {
        // A pooler sends class 08 when it has lost the server.
        let is_unsure = *db.code() == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN || db.code().code().starts_with("08");
        db.parsed_severity() == Some(Severity::Error) && !is_unsure
    })
}

/// Whether a row has data, besides the server's role.
fn is_found(row: &Row) -> bool {
    let last = row.len().saturating_sub(1);
    row.try_get::<_, Option<&[u8]>>(last).is_ok_and(|record| record.is_some())
}

/// Fails unless a primary answered.
fn check_primary(rows: &[Row]) -> Result<(), Fault> {
    let read_only = rows.first().map(|row| row.try_get::<_, &str>(0)).transpose().map_err(Fault::Lost)?;
    if read_only == Some("off") { Ok(()) } else { Err(Fault::Standby) }
}

/// Fails unless the row that a statement wrote is durable.
fn check_durable(rows: &[Row], lease: &Lease<'_>) -> Result<(), Fault> {
    let Some(row) = rows.first() else { return Ok(()) };
    let synchronous_commit: String = row.try_get(0).map_err(Fault::Lost)?;
    if !is_durable(&synchronous_commit) {
        return Err(Fault::NotDurable(not_durable(&synchronous_commit)));
    }
    if lease.connection.was_warned() {
        return Err(Fault::NotDurable("a commit had a warning and may not have reached the standby".to_owned()));
    }
    Ok(())
}

impl Fault {
    /// Whether a retry is safe. A read can always be retried. A write can be retried only if it certainly had no
    /// effect: a repeated write would conflict with its own change and take that for another writer's.
    fn can_be_retried(&self, kind: Kind) -> bool {
        match (self, kind) {
            (Self::Unreached(_) | Self::Standby, _) | (Self::Lost(_), Kind::Read) => true,
            (Self::Refused(error), _) => error.code().is_some_and(is_transient),
            (Self::Lost(_), Kind::Write) | (Self::NotDurable(_), _) => false,
        }
    }

    /// Whether the fault is temporary, as while a primary starts or a failover takes place.
    fn is_passing(&self) -> bool {
        match self {
            Self::Unreached(error) => error.is_passing,
            // A write that waits for an unavailable standby is canceled by its time-out.
            Self::Refused(error) => {
                error.code().is_some_and(|code| is_transient(code) || *code == SqlState::QUERY_CANCELED)
            }
            Self::Lost(_) | Self::Standby => true,
            Self::NotDurable(_) => false,
        }
    }
}

/// Whether a statement failed by a conflict with others, or because the server is no longer the primary.
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
            Fault::Refused(error) => format!("the database refused a statement: {}", describe(&error)),
            Fault::Lost(error) => {
                format!("the connection to the database was lost during a statement: {}", describe(&error))
            }
            Fault::Standby => "a standby answered instead of the primary".to_owned(),
            Fault::NotDurable(reason) => format!("the database did not confirm a durable write: {reason}"),
        })
    }
}
