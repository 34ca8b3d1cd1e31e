//! The end that holds the store: it lets in commands of its own user, and of root, and carries out what they ask.

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

/// Requests of one connection that are carried out at once: as many as an import has under way, which share a sync.
const MAX_IN_FLIGHT: usize = 1024;

/// How long requests under way may take once the issuer is told to stop.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(5);

/// A pause after a failed `accept`, which fails again at once while the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The socket of a data folder, on which nobody is let in yet. Dropping it takes it away.
pub(crate) struct Server {
    listener: UnixListener,
    file: PathBuf,
    /// Who runs this process.
    owner: u32,
    limits: Limits,
}

/// What one command can make others wait for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Commands that are connected at once; the next ones wait for their greeting.
    pub(crate) connections: usize,
    /// How long the rest of a request may take to come. Between two a command may wait for whoever it asks.
    pub(crate) patience: Duration,
}

/// Why a connection ended before its command closed it.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionError {
    #[error("it is of the user {0}, who is neither this process's nor root")]
    Foreign(u32),
    #[error(transparent)]
    Greeting(#[from] GreetingError),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("a request was not carried out to its end: {0}")]
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
    /// Makes the socket in a data folder. The caller holds the store there: a socket that is there already was left by a
    /// process that was killed.
    pub(crate) fn bind(folder: &Path, limits: Limits) -> io::Result<Self> {
        let file = folder.join(NAME);
        if is_socket(&file).is_ok_and(|is_socket| is_socket) {
            fs::remove_file(&file)?;
        }
        let listener = UnixListener::bind(&SocketPath::in_folder(folder)?.path)?;
        // Who connects before this is asked for their user all the same.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        let owner = fs::symlink_metadata(&file)?.uid();
        Ok(Self { listener, file, owner, limits })
    }

    /// Serves the store until `stop` completes, then lets the requests under way finish.
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
                        tracing::warn!(%error, "a command could not be let in");
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
            tracing::warn!("some requests of commands were still under way at the deadline and were cut off");
        }
        connections.shutdown().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that stays is replaced at the next start.
        drop(fs::remove_file(&self.file));
    }
}

/// Tells the log how a connection ended, where it should not have.
fn log_failure(ended: Result<Result<(), ConnectionError>, JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a command's connection was ended"),
        Err(error) => tracing::error!(%error, "a command's connection was not carried to its end"),
    }
}

/// What a connection is served with.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) store: Arc<dyn Store>,
    /// Who may come in, beside root.
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
        tracing::info!(uid = peer.uid(), pid = peer.pid(), "a command works on the store");
        let (requests, received) = mpsc::channel(1);
        let mut reading = pin!(read_requests(reader, requests, self.patience, self.stopping));
        let mut carrying_out = pin!(carry_out(received, writer, self.store));
        // When no more comes, what is under way is still answered. Of a command that has gone nothing more is read.
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

/// Carries out requests, many at once, and writes their answers as they come. While the command does not read them, no
/// more requests are begun.
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
                // Those that are there already go along.
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
    let reason = format!("an answer of {} bytes is more than a command can be sent", frame.len());
    frame::encode(number, &Answer::Failed(StoreError::Engine(reason)))
}

async fn stop_requested(stopping: &mut watch::Receiver<bool>) {
    // An error says that the server is gone, which is as good as being told.
    drop(stopping.wait_for(|stop| *stop).await);
}
