//! Opens a database as a store.

use std::time::Duration;

use super::{
    PostgresAddress, PostgresStore,
    address::Durability,
    connect::{ConnectError, Connector},
    database::Database,
    migrate::{self, MigrateError, Migrated},
    pool::Pool,
    tls::TlsError,
};

/// How long to wait for a database that starts or fails over when the store is opened.
const OPENING: Duration = Duration::from_secs(10);

/// Why the database could not be opened as a store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the database {address} cannot be used: {error}")]
    Unreachable { address: Box<PostgresAddress>, error: ConnectError },
    #[error("the database {address} cannot be used: {error}")]
    Tls { address: Box<PostgresAddress>, error: TlsError },
    #[error("the database {address} has no schema that this version can use: {error}")]
    Schema { address: Box<PostgresAddress>, error: MigrateError },
    #[error(
        "there is no store in the database {address}: check --store (`hallpass serve`, `hallpass store migrate`, `hallpass user \
         add` and `hallpass user import` create a store)"
    )]
    NoStore { address: Box<PostgresAddress> },
}

impl PostgresStore {
    /// Connects, and migrates the schema if necessary.
    pub(crate) async fn open(
        address: &PostgresAddress,
        connections: usize,
        patience: Duration,
    ) -> Result<Self, OpenError> {
        let store = Self::connect(address, connections, patience).await?;
        store.migrate(address).await?;
        Ok(store)
    }

    /// Connects to a database that has the schema of this version. Neither creates nor changes a schema.
    pub(crate) async fn open_existing(
        address: &PostgresAddress,
        connections: usize,
        patience: Duration,
    ) -> Result<Self, OpenError> {
        let store = Self::connect(address, connections, patience).await?;
        let owned = || Box::new(address.clone());
        match migrate::check(&store.database.pool).await {
            Ok(true) => Ok(store),
            Ok(false) => Err(OpenError::NoStore { address: owned() }),
            Err(error) => Err(OpenError::Schema { address: owned(), error }),
        }
    }

    /// Connects, and leaves the schema as it is.
    pub(crate) async fn connect(
        address: &PostgresAddress,
        connections: usize,
        patience: Duration,
    ) -> Result<Self, OpenError> {
        let owned = || Box::new(address.clone());
        if address.is_in_the_clear() {
            tracing::warn!(database = %address, "the connection is not encrypted (sslmode=disable): an attacker on the network can read and change the store");
        }
        if address.durability() == Durability::External {
            tracing::warn!(database = %address, "the server's fsync is not checked (durability=external)");
        }
        let connector =
            Connector::new(address, patience).map_err(|error| OpenError::Tls { address: owned(), error })?;
        let database = Database { pool: Pool::new(connector, connections), patience };
        let failed = |error| OpenError::Unreachable { address: owned(), error };
        let opening = address.connect_timeout().unwrap_or_default().max(OPENING);
        database.pool.open(opening).await.map_err(failed)?;
        Ok(Self { database })
    }

    /// Migrates the schema.
    pub(crate) async fn migrate(&self, address: &PostgresAddress) -> Result<Migrated, OpenError> {
        let migrated = migrate::run(&self.database.pool).await;
        migrated.map_err(|error| OpenError::Schema { address: Box::new(address.clone()), error })
    }
}
