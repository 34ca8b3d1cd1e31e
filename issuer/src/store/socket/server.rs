//! The server, in the process that holds the store. It admits commands of its own user and of root, and carries out
//! their requests.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncBufRead, AsyncWrite, AsyncWriteExt as _, BufReader, BufWriter},
    net::{UnixListener, UnixStream},
    sync::{mpsc, watch},
    task::{JoinError, JoinSet},
    time,
};

use super::{
    NAME, SocketPath,
    act::act,
    frame::{self, Frame, FrameError, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES},
    greeting::{self, GreetingError},
    is_socket,
    protocol::{Answer, Request},
};
use crate::store::{Store, StoreError};

/// Concurrent requests of one connection: as many as an import sends at once, so that they share a sync.
const MAX_IN_FLIGHT: usize = 1024;

/// How long requests under way may take once the issuer stops.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(5);

/// The pause after a failed `accept`, which fails again immediately while the process has no free file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The bound socket of a data folder. Dropping it removes the file.
pub(crate) struct Server {
    listener: UnixListener,
    file: PathBuf,
    /// The user id of this process.
    owner: u32,
    limits: Limits,
}

/// Limits that keep one command from blocking the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Concurrent connections. Further commands wait for their greeting.
    pub(crate) connections: usize,
    /// How long the rest of a request may take. The time between two requests is unlimited.
    pub(crate) patience: Duration,
}

/// Why a connection ended before its command closed it.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionError {
    #[error("user {0} is neither the issuer's user nor root")]
    Foreign(u32),
    #[error(transparent)]
    Greeting(#[from] GreetingError),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("a request's task failed: {0}")]
    Task(#[from] JoinError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 16, patience: Duration::from_secs(10) }
    }
}

impl Server {
    /// Binds the socket in a data folder. The caller holds the store, so that an existing socket is the leftover of a
    /// killed process.
    pub(crate) fn bind(folder: &Path, limits: Limits) -> io::Result<Self> {
        let file = folder.join(NAME);
        if is_socket(&file).is_ok_and(|is_socket| is_socket) {
            fs::remove_file(&file)?;
        }
        let listener = UnixListener::bind(&SocketPath::in_folder(folder)?.path)?;
        // Each connection's user is checked, so that an earlier connection is safe.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        let owner = fs::symlink_metadata(&file)?.uid();
        Ok(Self { listener, file, owner, limits })
    }

    /// Serves the store until `stop` completes, then waits for the requests under way.
    pub(crate) async fn serve(self, store: Arc<dyn Store>, stop: impl Future<Output = ()>) {
        let (stop_sender, stopping) = watch::channel(false);
        let host = Host { store, owner: self.owner, patience: self.limits.patience, stopping };
        let mut connections = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(ended) = connections.join_next() => log_failure(ended),
                accepted = self.listener.accept(), if connections.len() < self.limits.connections => match accepted {
                    Ok((stream, _)) => drop(connections.spawn(host.clone().converse(stream))),
                    Err(error) => {
                        tracing::warn!(%error, "a command's connection could not be accepted");
                        time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        stop_sender.send_replace(true);
        let finished = async {
            while let Some(ended) = connections.join_next().await {
                log_failure(ended);
            }
        };
        if time::timeout(SHUTDOWN_DEADLINE, finished).await.is_err() {
            tracing::warn!("requests of commands were canceled at the shutdown deadline");
        }
        connections.shutdown().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The next start replaces a leftover file.
        drop(fs::remove_file(&self.file));
    }
}

/// Logs the failure of a connection.
fn log_failure(ended: Result<Result<(), ConnectionError>, JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a command's connection failed"),
        Err(error) => tracing::error!(%error, "a command's connection panicked"),
    }
}

/// The context of a connection.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) store: Arc<dyn Store>,
    /// The user id that is admitted, besides root.
    pub(super) owner: u32,
    pub(super) patience: Duration,
    pub(super) stopping: watch::Receiver<bool>,
}

impl Host {
    /// Serves one connection until its command closes it or the server stops.
    pub(super) async fn converse(mut self, stream: UnixStream) -> Result<(), ConnectionError> {
        let peer = stream.peer_cred()?;
        if ![self.owner, 0].contains(&peer.uid()) {
            return Err(ConnectionError::Foreign(peer.uid()));
        }
        let (reader, writer) = stream.into_split();
        let mut reader = BufReader::new(reader);
        let mut writer = BufWriter::new(writer);
        tokio::select! {
            greeted = greeting::exchange(&mut reader, &mut writer) => greeted?,
            () = stop_requested(&mut self.stopping) => return Ok(()),
        }
        tracing::info!(uid = peer.uid(), pid = peer.pid(), "a command connected to the store");
        let (requests, received) = mpsc::channel(1);
        let mut reading = pin!(read_requests(reader, requests, self.patience, self.stopping));
        let mut carrying_out = pin!(carry_out(received, writer, self.store));
        // After the last request, the answers under way are still sent. If they cannot be sent, no more requests are
        // read.
        tokio::select! {
            read = &mut reading => carrying_out.await.and(read),
            carried_out = &mut carrying_out => carried_out,
        }
    }
}

/// Reads requests until the command closes the connection, or the issuer stops.
async fn read_requests(
    mut reader: impl AsyncBufRead + Unpin,
    requests: mpsc::Sender<(u64, Request)>,
    patience: Duration,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), ConnectionError> {
    loop {
        let frame = tokio::select! {
            frame = frame::read(&mut reader, MAX_REQUEST_BYTES, patience) => frame?,
            () = stop_requested(&mut stopping) => None,
        };
        let Some(Frame { number, message }) = frame else { return Ok(()) };
        let request = frame::decode(&message)?;
        if requests.send((number, request)).await.is_err() {
            return Ok(());
        }
    }
}

/// Carries out concurrent requests, and writes each answer when it is ready. While the command does not read, no
/// further requests begin.
async fn carry_out(
    mut requests: mpsc::Receiver<(u64, Request)>,
    mut writer: impl AsyncWrite + Unpin,
    store: Arc<dyn Store>,
) -> Result<(), ConnectionError> {
    let mut under_way = JoinSet::<Vec<u8>>::new();
    loop {
        tokio::select! {
            Some(answered) = under_way.join_next() => {
                writer.write_all(&answered?).await?;
                // Answers that are ready share the flush.
                while let Some(answered) = under_way.try_join_next() {
                    writer.write_all(&answered?).await?;
                }
                writer.flush().await?;
            }
            Some((number, request)) = requests.recv(), if under_way.len() < MAX_IN_FLIGHT => {
                let store = Arc::clone(&store);
                under_way.spawn(async move { answer(&*store, number, request).await });
            }
            else => return Ok(()),
        }
    }
}

/// The frame of an answer.
async fn answer(store: &dyn Store, number: u64, request: Request) -> Vec<u8> {
    let frame = frame::encode(number, &act(store, request).await);
    if frame.len() <= MAX_ANSWER_BYTES {
        return frame;
    }
    let reason = format!("an answer of {} bytes is longer than the protocol allows", frame.len());
    frame::encode(number, &Answer::Failed(StoreError::Engine(reason)))
}

async fn stop_requested(stopping: &mut watch::Receiver<bool>) {
    // An error means that the server has ended, which is a stop too.
    drop(stopping.wait_for(|stop| *stop).await);
}
