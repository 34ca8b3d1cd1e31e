//! Whether a client's connection is open: the connection holds a guard, its requests hold watches.

use tokio::sync::watch;

/// A connection holds it as long as it is open.
pub(crate) struct ConnectionGuard(watch::Sender<()>);

/// Tells a request whether its client's connection is open.
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

    /// Completes when the connection closes.
    pub(crate) async fn closed(&self) {
        let mut guard = self.0.clone();
        while guard.changed().await.is_ok() {}
    }
}
