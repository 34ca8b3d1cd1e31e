//! The end of a command: a store whose operations are requests over one connection, as many at once as the command asks.

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufRead, AsyncWrite, AsyncWriteExt as _, BufReader, BufWriter},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, oneshot},
};

use super::{
    Place,
    frame::{self, FrameError, MOST_ANSWER_BYTES, MOST_REQUEST_BYTES},
    greeting::{self, GreetingError},
    message::Message as _,
    protocol::{Answer, Records, Request},
    record::Record,
};
use crate::{
    id::{SessionId, UserId},
    session::Session,
    store::{Added, KeyRingRecord, Store, StoreError, StoreFailure, StoreFuture, Swapped},
    user::{User, Username},
};

/// How long the rest of an answer may take to come. The answer itself comes when the disk has it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Requests on their way to the writer, which takes them all at once.
const QUEUED: usize = 256;

/// A store that another process holds. Dropping it ends the connection.
pub(crate) struct SocketStore {
    calls: mpsc::Sender<Call>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// There is no socket, or nobody behind it.
    #[error("nobody serves it: {0}")]
    Nobody(io::Error),
    #[error(transparent)]
    Greeting(#[from] GreetingError),
}

/// A request, and whoever waits for its answer.
struct Call {
    request: Request,
    answer: oneshot::Sender<Answer>,
}

/// Who waits for the answers to which requests.
type Waiting = Mutex<HashMap<u64, oneshot::Sender<Answer>>>;

impl SocketStore {
    /// Connects to whoever serves the store in a data folder.
    pub(crate) async fn connect(folder: &Path) -> Result<Self, ConnectError> {
        let place = Place::in_folder(folder).map_err(ConnectError::Nobody)?;
        let stream = UnixStream::connect(&place.path).await.map_err(ConnectError::Nobody)?;
        let (reader, writer) = stream.into_split();
        let (mut reader, mut writer) = (BufReader::new(reader), BufWriter::new(writer));
        greeting::exchange(&mut reader, &mut writer).await?;
        let (calls, called) = mpsc::channel(QUEUED);
        tokio::spawn(converse(reader, writer, called));
        Ok(Self { calls })
    }

    /// Asks, and waits for the answer. Where none comes, a write may have taken effect or not.
    async fn ask(&self, request: Request) -> Result<Answer, StoreError> {
        let unanswered = if request.is_write() { StoreError::Unanswered } else { StoreError::Gone };
        let (answer, answered) = oneshot::channel();
        self.calls.send(Call { request, answer }).await.map_err(|_| StoreError::Gone)?;
        match answered.await {
            Ok(Answer::Failed(error)) => Err(error),
            Ok(answer) => Ok(answer),
            Err(_) => Err(unanswered),
        }
    }

    async fn ask_for_user(&self, request: Request) -> Result<Option<User>, StoreError> {
        self.ask(request).await?.found()?.as_ref().map(Record::to_user).transpose()
    }

    async fn ask_for_sessions(&self, request: Request) -> Result<Vec<Session>, StoreError> {
        self.ask(request).await?.listed()?.iter().map(Record::to_session).collect()
    }
}

impl Store for SocketStore {
    fn failed(&self) -> StoreFailure {
        let calls = self.calls.clone();
        Box::pin(async move {
            calls.closed().await;
            StoreError::Gone
        })
    }

    fn user(&self, id: UserId) -> StoreFuture<'_, Option<User>> {
        Box::pin(self.ask_for_user(Request::User(id.0)))
    }

    fn user_named<'s>(&'s self, username: &'s Username) -> StoreFuture<'s, Option<User>> {
        Box::pin(self.ask_for_user(Request::UserNamed(username.as_str().to_owned())))
    }

    fn add_user<'s>(&'s self, user: &'s User) -> StoreFuture<'s, Added> {
        Box::pin(async { self.ask(Request::AddUser(Record::of_user(user)?)).await?.added() })
    }

    fn swap_user<'s>(&'s self, old: &'s User, new: &'s User) -> StoreFuture<'s, Swapped> {
        Box::pin(async { self.ask(Request::SwapUser(Record::of_user(old)?, Record::of_user(new)?)).await?.swapped() })
    }

    fn remove_user<'s>(&'s self, user: &'s User) -> StoreFuture<'s, Swapped> {
        Box::pin(async { self.ask(Request::RemoveUser(Record::of_user(user)?)).await?.swapped() })
    }

    fn users_after(&self, after: Option<UserId>, most: usize) -> StoreFuture<'_, Vec<User>> {
        Box::pin(async move {
            let request = Request::UsersAfter(after.map(|id| id.0), page(most));
            self.ask(request).await?.listed()?.iter().map(Record::to_user).collect()
        })
    }

    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<Session>> {
        Box::pin(async move {
            self.ask(Request::Session(id.0)).await?.found()?.as_ref().map(Record::to_session).transpose()
        })
    }

    fn sessions_of(&self, user: UserId) -> StoreFuture<'_, Vec<Session>> {
        Box::pin(self.ask_for_sessions(Request::SessionsOf(user.0)))
    }

    fn sessions_after(&self, after: Option<SessionId>, most: usize) -> StoreFuture<'_, Vec<Session>> {
        Box::pin(self.ask_for_sessions(Request::SessionsAfter(after.map(|id| id.0), page(most))))
    }

    fn add_session<'s>(&'s self, session: &'s Session) -> StoreFuture<'s, ()> {
        Box::pin(async { self.ask(Request::AddSession(Record::of_session(session))).await?.done() })
    }

    fn swap_session<'s>(&'s self, old: &'s Session, new: &'s Session) -> StoreFuture<'s, Swapped> {
        let request = Request::SwapSession(Record::of_session(old), Record::of_session(new));
        Box::pin(async { self.ask(request).await?.swapped() })
    }

    fn remove_session<'s>(&'s self, session: &'s Session) -> StoreFuture<'s, Swapped> {
        let request = Request::RemoveSession(Record::of_session(session));
        Box::pin(async { self.ask(request).await?.swapped() })
    }

    fn key_ring(&self) -> StoreFuture<'_, Option<KeyRingRecord>> {
        Box::pin(async { self.ask(Request::KeyRing()).await?.key_ring() })
    }

    fn swap_key_ring<'s>(&'s self, old: Option<&'s KeyRingRecord>, new: &'s KeyRingRecord) -> StoreFuture<'s, Swapped> {
        let request = Request::SwapKeyRing(old.map(|old| old.0.clone()), new.0.clone());
        Box::pin(async { self.ask(request).await?.swapped() })
    }
}

impl Answer {
    fn found(self) -> Result<Option<Record>, StoreError> {
        if let Self::Found(record) = self { Ok(record) } else { Err(unexpected()) }
    }

    fn listed(self) -> Result<Vec<Record>, StoreError> {
        if let Self::Listed(Records(records)) = self { Ok(records) } else { Err(unexpected()) }
    }

    fn added(self) -> Result<Added, StoreError> {
        if let Self::Added(added) = self { Ok(added) } else { Err(unexpected()) }
    }

    fn swapped(self) -> Result<Swapped, StoreError> {
        if let Self::Swapped(swapped) = self { Ok(swapped) } else { Err(unexpected()) }
    }

    fn done(self) -> Result<(), StoreError> {
        if let Self::Done() = self { Ok(()) } else { Err(unexpected()) }
    }

    fn key_ring(self) -> Result<Option<KeyRingRecord>, StoreError> {
        if let Self::KeyRing(record) = self { Ok(record.map(KeyRingRecord)) } else { Err(unexpected()) }
    }
}

/// An answer to something else.
fn unexpected() -> StoreError {
    StoreError::Engine("the running hallpass answered something else than it was asked".to_owned())
}

/// A page that is asked for: more than the other end gives at once is as good as that.
fn page(most: usize) -> u32 {
    u32::try_from(most).unwrap_or(u32::MAX)
}

/// Carries requests and answers until the connection breaks or the store is dropped. Whoever waits then learns that no
/// answer comes.
async fn converse(reader: BufReader<OwnedReadHalf>, writer: BufWriter<OwnedWriteHalf>, calls: mpsc::Receiver<Call>) {
    let waiting = Waiting::default();
    tokio::select! {
        biased;
        read = read_answers(reader, &waiting) => if let Err(error) = read {
            tracing::debug!(%error, "the connection to the running hallpass broke");
        },
        () = write_requests(writer, calls, &waiting) => {}
    }
}

/// Returns when nobody can ask any more.
async fn write_requests(mut writer: impl AsyncWrite + Unpin, mut calls: mpsc::Receiver<Call>, waiting: &Waiting) {
    let mut number = 0;
    while let Some(call) = calls.recv().await {
        let mut next = Some(call);
        let mut written = Ok(());
        // Those that wait already go along.
        while let (Some(call), Ok(())) = (next, &written) {
            number += 1;
            written = write_request(&mut writer, number, call, waiting).await;
            next = calls.try_recv().ok();
        }
        if let Err(error) = written.and(writer.flush().await) {
            tracing::debug!(%error, "nothing more can be asked of the running hallpass");
            // What it has answered before it went is still read, up to the end.
            std::future::pending::<()>().await;
        }
    }
}

async fn write_request(
    writer: &mut (impl AsyncWrite + Unpin),
    number: u64,
    Call { request, answer }: Call,
    waiting: &Waiting,
) -> io::Result<()> {
    let frame = frame::write(number, &request);
    if frame.len() > MOST_REQUEST_BYTES {
        let refusal = StoreError::TooLarge { bytes: frame.len(), most: MOST_REQUEST_BYTES };
        // Whoever asked may have gone.
        drop(answer.send(Answer::Failed(refusal)));
        return Ok(());
    }
    waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(number, answer);
    writer.write_all(&frame).await
}

async fn read_answers(mut reader: impl AsyncBufRead + Unpin, waiting: &Waiting) -> Result<(), FrameError> {
    while let Some(frame) = frame::read(&mut reader, MOST_ANSWER_BYTES, PATIENCE).await? {
        let answer = Answer::read_whole(&frame.message).ok_or(FrameError::Message)?;
        let waits = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&frame.number);
        // Whoever asked may have gone; and nobody asked for a number that was never given.
        drop(waits.ok_or(FrameError::Message)?.send(answer));
    }
    Ok(())
}
