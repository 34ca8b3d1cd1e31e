//! The versions of the schema. Each migration runs once, even if many issuers start at the same time.
//!
//! An issuer of the previous version must work with the new schema: during a rolling upgrade both run.

use tokio_postgres::{Client, error::SqlState, types::Type};

use super::{connect::describe, pool::Pool};

/// The migrations, in order. An existing migration is never changed; each change is a new one.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE hallpass.users (id uuid PRIMARY KEY, username text COLLATE \"C\" NOT NULL, record bytea NOT NULL);
    CREATE UNIQUE INDEX users_by_name ON hallpass.users (username);
    CREATE TABLE hallpass.sessions (id uuid PRIMARY KEY, user_id uuid NOT NULL, record bytea NOT NULL)
        WITH (fillfactor = 70);
    CREATE INDEX sessions_by_user ON hallpass.sessions (user_id, id);
    CREATE TABLE hallpass.key_ring (id integer PRIMARY KEY, record bytea NOT NULL);
"];

/// The table of the version: one row, which a migration locks. Two processes that create it at the same time can
/// conflict, and retry.
const FIRST: [&str; 3] = [
    "CREATE SCHEMA IF NOT EXISTS hallpass",
    "CREATE TABLE IF NOT EXISTS hallpass.schema_version (id integer PRIMARY KEY, version integer NOT NULL)",
    "INSERT INTO hallpass.schema_version (id, version) VALUES (1, 0) ON CONFLICT DO NOTHING",
];

const VERSION: &str = "SELECT version FROM hallpass.schema_version WHERE id = 1";
const LOCK: &str = "SELECT version FROM hallpass.schema_version WHERE id = 1 FOR UPDATE";
const NOTE: &str = "UPDATE hallpass.schema_version SET version = $1 WHERE id = 1";

/// The attempts of a migration that conflicts with others.
const ATTEMPTS: usize = 10;

/// The version before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Migrated {
    pub(crate) from: i32,
    pub(crate) to: i32,
}

/// Why the schema is not up to date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MigrateError {
    #[error("it has version {0}, and this hallpass supports up to {1}: use the newer hallpass that migrated it")]
    Newer(i32, i32),
    #[error("it has version {0}, and this hallpass needs {1}: run `hallpass store migrate`")]
    Older(i32, i32),
    #[error("{0} (run `hallpass store migrate` with a role that may create a schema)")]
    Refused(String),
    #[error("{0}")]
    Failed(String),
}

/// Whether the database has a schema. Fails if the schema has another version than this hallpass needs. Changes
/// nothing.
pub(super) async fn check(pool: &Pool) -> Result<bool, MigrateError> {
    let lease = pool.lease().await.map_err(|error| MigrateError::Failed(error.to_string()))?;
    let version = version(&lease.connection.client).await.map_err(|error| failure(&error))?;
    lease.give_back();
    match (version, known(&MIGRATIONS)) {
        (None, _) => Ok(false),
        (Some(version), known) if version > known => Err(MigrateError::Newer(version, known)),
        (Some(version), known) if version < known => Err(MigrateError::Older(version, known)),
        (Some(_), _) => Ok(true),
    }
}

/// The version after all migrations.
fn known(migrations: &[&str]) -> i32 {
    i32::try_from(migrations.len()).unwrap_or(i32::MAX)
}

/// Migrates the schema, and returns the versions.
pub(super) async fn run(pool: &Pool) -> Result<Migrated, MigrateError> {
    let mut outcome = Err(MigrateError::Failed("other processes migrated it at the same time; try again".to_owned()));
    for _ in 0..ATTEMPTS {
        let mut lease = pool.lease().await.map_err(|error| MigrateError::Failed(error.to_string()))?;
        match migrate(&mut lease.connection.client, &MIGRATIONS).await {
            Ok(migrated) => {
                lease.give_back();
                return migrated;
            }
            // Another process did the same a moment earlier.
            Err(error) if error.code().is_some_and(is_race) => outcome = Err(failure(&error)),
            Err(error) => return Err(failure(&error)),
        }
    }
    outcome
}

async fn migrate(
    client: &mut Client,
    migrations: &[&str],
) -> Result<Result<Migrated, MigrateError>, tokio_postgres::Error> {
    let known = known(migrations);
    // Usually the schema is current. Then no lock and no right to change tables is needed.
    match version(client).await? {
        Some(version) if version > known => return Ok(Err(MigrateError::Newer(version, known))),
        Some(version) if version == known => return Ok(Ok(Migrated { from: known, to: known })),
        Some(_) => {}
        None => {
            for statement in FIRST {
                client.batch_execute(statement).await?;
            }
        }
    }
    let transaction = client.transaction().await?;
    // A migration of a large table takes long.
    transaction.batch_execute("SET LOCAL statement_timeout = 0").await?;
    let from: i32 = transaction.query_typed_one(LOCK, &[]).await?.try_get(0)?;
    let missing = migrations.iter().skip(usize::try_from(from).unwrap_or(0));
    for migration in missing {
        transaction.batch_execute(migration).await?;
    }
    let to = from.max(known);
    transaction.execute_typed(NOTE, &[(&to, Type::INT4)]).await?;
    transaction.commit().await?;
    Ok(if from > known { Err(MigrateError::Newer(from, known)) } else { Ok(Migrated { from, to }) })
}

/// The version of the schema; `None` without a schema.
async fn version(client: &Client) -> Result<Option<i32>, tokio_postgres::Error> {
    match client.query_typed_opt(VERSION, &[]).await {
        Ok(row) => row.map(|row| row.try_get(0)).transpose(),
        Err(error) if matches!(error.code(), Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME)) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether another process did the same at the same time.
fn is_race(code: &SqlState) -> bool {
    [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_SCHEMA,
        SqlState::DUPLICATE_OBJECT,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ]
    .contains(code)
}

fn failure(error: &tokio_postgres::Error) -> MigrateError {
    match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => MigrateError::Refused(describe(error)),
        _ => MigrateError::Failed(describe(error)),
    }
}
