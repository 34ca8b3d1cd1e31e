//! Whether a client is still there: the connection holds one end, whoever works for it the other.

use tokio::sync::watch;

/// Held by a connection as long as it is open.
pub(crate) struct ConnectionGuard(watch::Sender<()>);

/// Tells whether a client's connection is still open.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionWatch(watch::Receiver<()>);

impl ConnectionGuard {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    pub(crate) fn watch(&self) -> ConnectionWatch {
        ConnectionWatch(self.0.subscribe())
    }
}

impl ConnectionWatch {
    pub(crate) fn is_closed(&self) -> bool {
        self.0.has_changed().is_err()
    }

    /// Completes when the client closed the connection.
    pub(crate) async fn closed(&self) {
        let mut here = self.0.clone();
        while here.changed().await.is_ok() {}
    }
}
