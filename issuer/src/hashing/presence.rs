//! Whether a client is still there: the connection holds one end, whoever works for it the other.

use tokio::sync::watch;

/// Held by a connection as long as it is open.
pub(crate) struct Here(watch::Sender<()>);

/// Tells whether a client's connection is still open.
#[derive(Clone, Debug)]
pub(crate) struct Presence(watch::Receiver<()>);

impl Here {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    pub(crate) fn presence(&self) -> Presence {
        Presence(self.0.subscribe())
    }
}

impl Presence {
    pub(crate) fn has_gone(&self) -> bool {
        self.0.has_changed().is_err()
    }

    /// Completes when the client has gone.
    pub(crate) async fn gone(&self) {
        let mut here = self.0.clone();
        while here.changed().await.is_ok() {}
    }
}
