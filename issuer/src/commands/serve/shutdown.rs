//! The end of an issuer: stops its tasks, and writes what is pending.

use std::{sync::Arc, time::Duration};

use tokio::{sync::oneshot, task::JoinHandle, time};

use crate::{
    auth::Auth,
    store::{Store, socket},
};

/// How long a shutdown waits until the store has the counts of failed attempts.
const FAILURE_SYNC_TIMEOUT: Duration = Duration::from_secs(2);

/// The task that serves the store to commands, and its stop signal.
pub(super) struct CommandServer {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl CommandServer {
    pub(super) fn start(server: socket::Server, store: Arc<dyn Store>) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        // The signal is the drop of the sender.
        let task = tokio::spawn(server.serve(store, async { drop(stopped.await) }));
        Self { stop, task }
    }
}

/// Lets the command in progress finish.
pub(super) async fn stop_commands(server: Option<CommandServer>) {
    if let Some(CommandServer { stop, task }) = server {
        drop(stop);
        drop(task.await);
    }
}

/// Aborts tasks that never end by themselves.
pub(super) async fn abort(tasks: impl Iterator<Item = JoinHandle<()>>) {
    for task in tasks {
        task.abort();
        // An aborted task returns an error, which is expected.
        drop(task.await);
    }
}

/// Waits until the store has the counts of failed attempts.
pub(super) async fn sync_failures(auth: &Auth) {
    if time::timeout(FAILURE_SYNC_TIMEOUT, auth.failures_saved()).await.is_err() {
        tracing::warn!(
            "the store did not take all counts of failed attempts in time; the next issuer starts with older counts"
        );
    }
}
