//! The client of a command: a store whose operations are concurrent requests over one connection.

use std::{io, path::Path};

use tokio::{
    io::{BufReader, BufWriter},
    net::UnixStream,
    sync::{mpsc, oneshot},
};

use super::{
    SocketPath,
    conversation::{Call, converse},
    greeting::{self, GreetingError},
    protocol::{Answer, Request},
    record::Record,
};
use crate::{
    id::{SessionId, UserId},
    session::Session,
    store::{Added, Candidate, KeyRingRecord, Store, StoreError, StoreFailure, StoreFuture, Swapped},
    user::{User, Username},
};

/// The capacity of the queue of requests for the writer, which sends all waiting ones with one flush.
const QUEUED: usize = 256;

/// A store that another process serves. Dropping it closes the connection.
pub(crate) struct SocketStore {
    calls: mpsc::Sender<Call>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The socket does not exist, or no process serves it.
    #[error("no process serves it: {0}")]
    NotServed(io::Error),
    #[error(transparent)]
    Greeting(#[from] GreetingError),
}

impl SocketStore {
    /// Connects to the process that serves the store in a data folder.
    pub(crate) async fn connect(folder: &Path) -> Result<Self, ConnectError> {
        let address = SocketPath::in_folder(folder).map_err(ConnectError::NotServed)?;
        let stream = UnixStream::connect(&address.path).await.map_err(ConnectError::NotServed)?;
        let (reader, writer) = stream.into_split();
        let mut reader = BufReader::new(reader);
        let mut writer = BufWriter::new(writer);
        greeting::exchange(&mut reader, &mut writer).await?;
        let (calls, called) = mpsc::channel(QUEUED);
        tokio::spawn(converse(reader, writer, called));
        Ok(Self { calls })
    }

    /// Sends a request, and waits for its answer. Without an answer, a write may have taken effect or not.
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

    /// A command does not sign users in, so that it need not hide which names exist.
    fn user_or_decoy<'s>(&'s self, username: &'s Username, position: UserId) -> StoreFuture<'s, Option<Candidate>> {
        Box::pin(async move {
            if let Some(user) = self.user_named(username).await? {
                return Ok(Some(Candidate::Named(user)));
            }
            let mut next = self.users_after(Some(position), 1).await?;
            if next.is_empty() {
                next = self.users_after(None, 1).await?;
            }
            Ok(next.pop().map(Candidate::Decoy))
        })
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

    fn users_after(&self, after: Option<UserId>, limit: usize) -> StoreFuture<'_, Vec<User>> {
        Box::pin(async move {
            let request = Request::UsersAfter(after.map(|id| id.0), page(limit));
            self.ask(request).await?.listed()?.iter().map(Record::to_user).collect()
        })
    }

    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<Session>> {
        Box::pin(async move {
            self.ask(Request::Session(id.0)).await?.found()?.as_ref().map(Record::to_session).transpose()
        })
    }

    fn sessions_by_id<'s>(&'s self, ids: &'s [SessionId]) -> StoreFuture<'s, Vec<Session>> {
        Box::pin(self.ask_for_sessions(Request::SessionsById(ids.iter().map(|id| id.0).collect())))
    }

    fn sessions_of(&self, user: UserId) -> StoreFuture<'_, Vec<Session>> {
        Box::pin(self.ask_for_sessions(Request::SessionsOf(user.0)))
    }

    fn sessions_after(&self, after: Option<SessionId>, limit: usize) -> StoreFuture<'_, Vec<Session>> {
        Box::pin(self.ask_for_sessions(Request::SessionsAfter(after.map(|id| id.0), page(limit))))
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
        Box::pin(async { self.ask(Request::KeyRing).await?.key_ring() })
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
        if let Self::Listed(records) = self { Ok(records) } else { Err(unexpected()) }
    }

    fn added(self) -> Result<Added, StoreError> {
        if let Self::Added(added) = self { Ok(added) } else { Err(unexpected()) }
    }

    fn swapped(self) -> Result<Swapped, StoreError> {
        if let Self::Swapped(swapped) = self { Ok(swapped) } else { Err(unexpected()) }
    }

    fn done(self) -> Result<(), StoreError> {
        if let Self::Done = self { Ok(()) } else { Err(unexpected()) }
    }

    fn key_ring(self) -> Result<Option<KeyRingRecord>, StoreError> {
        if let Self::KeyRing(record) = self { Ok(record.map(KeyRingRecord)) } else { Err(unexpected()) }
    }
}

/// The answer has the wrong type for its request.
fn unexpected() -> StoreError {
    StoreError::Engine("the running hallpass sent the wrong type of answer".to_owned())
}

/// The limit of a page. The server caps it.
fn page(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}
