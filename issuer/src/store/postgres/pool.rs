//! A pool with a maximum number of connections. Each connection runs one statement at a time.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time,
};

use super::connect::{ConnectError, Connection, Connector};

/// The pause between two attempts to find the primary.
const PAUSE: Duration = Duration::from_millis(200);

/// The connections of a store.
pub(super) struct Pool {
    connector: Connector,
    permits: Semaphore,
    /// The idle connections; the last one returned is used first.
    idle: Mutex<Vec<Connection>>,
}

/// A connection in use. It is closed unless it is [given back](Self::give_back): the answer to a canceled statement
/// must not reach the next caller.
pub(super) struct Lease<'p> {
    pub(super) connection: Connection,
    pool: &'p Pool,
    _permit: Option<SemaphorePermit<'p>>,
}

impl Pool {
    pub(super) fn new(connector: Connector, max_connections: usize) -> Self {
        Self { connector, permits: Semaphore::new(max_connections), idle: Mutex::default() }
    }

    /// Waits for a primary for up to `longest`. A permanent error is returned immediately.
    pub(super) async fn open(&self, longest: Duration) -> Result<(), ConnectError> {
        let deadline = time::Instant::now() + longest;
        loop {
            match self.lease().await {
                Err(error) if error.is_passing && time::Instant::now() < deadline => time::sleep(PAUSE).await,
                leased => return leased.map(Lease::give_back),
            }
        }
    }

    /// A connection to the primary, once one is free.
    pub(super) async fn lease(&self) -> Result<Lease<'_>, ConnectError> {
        // The semaphore is never closed, which is its only error.
        let permit = self.permits.acquire().await.ok();
        let connection = match self.take_idle() {
            Some(connection) => connection,
            None => self.connector.connect().await?,
        };
        Ok(Lease { connection, pool: self, _permit: permit })
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle();
        while let Some(connection) = idle.pop() {
            if !connection.client.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A thread that panicked while it held the lock left a valid list.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    /// Returns the connection to the pool. No statement is under way on it.
    pub(super) fn give_back(self) {
        self.pool.idle().push(self.connection);
    }
}
