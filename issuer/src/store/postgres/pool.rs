//! A bounded number of connections, each of which serves one statement at a time.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time,
};

use super::connect::{ConnectError, Connection, Connector};

/// How often a primary that is waited for is looked for.
const PAUSE: Duration = Duration::from_millis(200);

/// The connections of a store.
pub(super) struct Pool {
    connector: Connector,
    permits: Semaphore,
    /// Those that nobody uses; the one that came back last goes first.
    idle: Mutex<Vec<Connection>>,
}

/// A connection in use. Unless it is [given back](Self::give_back), it is cut: an asker who left in the middle must not
/// leave an answer to the next.
pub(super) struct Lease<'p> {
    pub(super) connection: Connection,
    pool: &'p Pool,
    _permit: Option<SemaphorePermit<'p>>,
}

impl Pool {
    pub(super) fn new(connector: Connector, max_connections: usize) -> Self {
        Self { connector, permits: Semaphore::new(max_connections), idle: Mutex::default() }
    }

    /// Makes sure that there is a primary. One that starts, or changes, is waited for about so long; where waiting is of no
    /// use it says so at once.
    pub(super) async fn open(&self, longest: Duration) -> Result<(), ConnectError> {
        let deadline = time::Instant::now() + longest;
        loop {
            match self.lease().await {
                Err(error) if error.is_passing && time::Instant::now() < deadline => time::sleep(PAUSE).await,
                leased => return leased.map(Lease::give_back),
            }
        }
    }

    /// A connection to the primary, as soon as there is one.
    pub(super) async fn lease(&self) -> Result<Lease<'_>, ConnectError> {
        // Nobody closes the semaphore, which would be the one error there is.
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
        // A panic while it was held left a list that is still true.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    /// Leaves the connection to the next: nothing is under way on it.
    pub(super) fn give_back(self) {
        self.pool.idle().push(self.connection);
    }
}
