//! `hallpass session …`: lists and ends the sessions of a store.

use std::{
    collections::HashMap,
    io::{self, Write as _},
};

use crate::{
    audit,
    clock::{Clock as _, SystemClock, date},
    commands::open_store::{self, OpenStoreError},
    foreign_text::Escaped,
    id::{SessionId, UserId},
    key_ring::{InvalidRing, live_keys},
    refresh_token::LiveKeys,
    session::{End, Session, State},
    store::{Contended, Decision, Store, StoreError, update_session},
    user::{User, Username},
};

/// Sessions per read, so that a store of a million needs little memory.
const PAGE: usize = 1000;

mod args;

pub(crate) use args::{LifetimeOptions, SessionCommand};
use args::{SessionList, SessionRevoke};

/// Why a command on sessions failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("no such user: {0}")]
    NoSuchUser(Username),
    #[error("no such session: {0}")]
    NoSuchSession(SessionId),
    #[error("a running issuer changed a session at each attempt; try again")]
    Contended,
    #[error("cannot print the sessions: {0}")]
    Output(#[from] io::Error),
    #[error(transparent)]
    Ring(#[from] InvalidRing),
    #[error(transparent)]
    Open(#[from] OpenStoreError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Contended> for SessionError {
    fn from(_: Contended) -> Self {
        Self::Contended
    }
}

pub(crate) async fn run(command: SessionCommand) -> Result<(), SessionError> {
    match command {
        SessionCommand::List(options) => list(options).await,
        SessionCommand::Revoke(options) => revoke(options).await,
    }
}

/// Prints the live sessions.
async fn list(options: SessionList) -> Result<(), SessionError> {
    let store = open_store::open_existing(&options.store.store).await?;
    let mut users = Users { store: &*store, known: HashMap::new() };
    let lifetimes = options.lifetimes.to_lifetimes();
    let now = SystemClock.now();
    let mut stdout = io::stdout().lock();
    writeln!(
        stdout,
        "{:<36}  {:<20}  {:<20}  {:<20}  USER  CLIENT  LABEL",
        "SESSION", "BEGAN", "LAST USED", "EXPIRES"
    )?;
    let mut print = |session: &Session, user: Option<&User>, keys: &LiveKeys| -> io::Result<()> {
        let Some(user) = user else { return Ok(()) };
        if session.check_living(lifetimes, user.credential_epoch, keys, now).is_err() {
            return Ok(());
        }
        let times = [session.created_at, session.rotated_at, session.expires_at(lifetimes)].map(date);
        let (user, client) =
            (Escaped(user.username.as_str()), session.label.client().unwrap_or_else(|| "-".to_owned()));
        let row = format!("{}  {}  {user}  {client}  {}", session.id, times.join("  "), session.label);
        writeln!(stdout, "{}", row.trim_end())
    };
    if let Some(username) = options.user {
        let user = find_user(&*store, username).await?;
        let sessions = store.sessions_of(user.id).await?;
        let keys = keys_of(&*store).await?;
        for session in &sessions {
            print(session, Some(&user), &keys)?;
        }
        return Ok(());
    }
    let mut after = None;
    loop {
        let page = store.sessions_after(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        let keys = keys_of(&*store).await?;
        for session in &page {
            print(session, users.find(session.user).await?, &keys)?;
        }
    }
}

/// The keys of refresh tokens, read after the sessions that they validate. Without a ring no session is live.
async fn keys_of(store: &dyn Store) -> Result<LiveKeys, SessionError> {
    let ring = store.key_ring().await?;
    Ok(ring.as_ref().map(live_keys).transpose()?.unwrap_or_default())
}

/// Ends sessions by their ids, or all sessions of a user.
async fn revoke(options: SessionRevoke) -> Result<(), SessionError> {
    let store = open_store::open_existing(&options.store.store).await?;
    let mut sessions = match options.user {
        Some(username) => store.sessions_of(find_user(&*store, username).await?.id).await?,
        None => Vec::new(),
    };
    for id in options.ids {
        sessions.push(store.session(id).await?.ok_or(SessionError::NoSuchSession(id))?);
    }
    let ended = end(&*store, sessions).await?;
    Ok(writeln!(io::stdout(), "hallpass: sessions ended: {ended}")?)
}

/// Ends the live ones of these sessions, also those that are refreshed at the same time. Returns their number.
pub(crate) async fn end(store: &dyn Store, sessions: Vec<Session>) -> Result<usize, SessionError> {
    let mut ended = 0;
    for session in sessions {
        if let Some(session) = end_one(store, session).await? {
            audit::session_ended(&session, End::Operator, audit::OPERATOR);
            ended += 1;
        }
    }
    Ok(ended)
}

/// The ended session; `None` if it had ended before.
async fn end_one(store: &dyn Store, session: Session) -> Result<Option<Session>, SessionError> {
    let end = |session: Option<Session>| async move {
        let ended = session.and_then(|session| session.end(End::Operator));
        Ok(ended.map_or(Decision::Keep(None), |ended| Decision::Swap(ended.clone(), Some(ended))))
    };
    update_session(store, session, end).await
}

/// Removes the sessions of a removed user. Returns the number of live ones.
pub(crate) async fn remove_all_of(store: &dyn Store, user: &User) -> Result<usize, SessionError> {
    let mut ended = 0;
    for session in store.sessions_of(user.id).await? {
        let Some(session) = remove(store, session).await? else { continue };
        if session.state == State::Living && !session.is_before(user.credential_epoch) {
            audit::session_ended(&session, End::Operator, audit::OPERATOR);
            ended += 1;
        }
    }
    Ok(ended)
}

/// The removed session; `None` if another process removed it.
async fn remove(store: &dyn Store, session: Session) -> Result<Option<Session>, SessionError> {
    update_session(store, session, async |session| Ok(Decision::Remove(session))).await
}

/// Finds a user by username.
pub(crate) async fn find_user(store: &dyn Store, username: Username) -> Result<User, SessionError> {
    store.user_named(&username).await?.ok_or(SessionError::NoSuchUser(username))
}

/// The users of sessions, each read once.
struct Users<'s> {
    store: &'s dyn Store,
    known: HashMap<UserId, Option<User>>,
}

impl Users<'_> {
    async fn find(&mut self, id: UserId) -> Result<Option<&User>, StoreError> {
        if !self.known.contains_key(&id) {
            self.known.insert(id, self.store.user(id).await?);
        }
        Ok(self.known.get(&id).and_then(Option::as_ref))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{
            conformance::{session, user},
            sled::SledStore,
        },
        user::CredentialEpoch,
    };

    #[tokio::test]
    async fn sessions_that_changed_since_they_were_read_end_too() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        let [renewed, left, gone] = [1, 2, 3].map(|id| session(1, id));
        for session in [&renewed, &left] {
            store.add_session(session).await.unwrap();
        }
        store.swap_session(&renewed, &renewed.with_epoch(CredentialEpoch(1))).await.unwrap();
        assert_eq!(end(&store, vec![renewed.clone(), left, gone.clone()]).await.unwrap(), 2);
        let now = store.session(renewed.id).await.unwrap().unwrap();
        assert_eq!(now.state, State::Ended(End::Operator));
        assert_eq!(end(&store, vec![now, renewed.clone()]).await.unwrap(), 0);

        store.add_session(&session(1, 4)).await.unwrap();
        assert!(remove(&store, renewed).await.unwrap().is_some());
        assert!(remove(&store, gone).await.unwrap().is_none());
        assert_eq!(remove_all_of(&store, &user(1, "one")).await.unwrap(), 1, "one was ended before");
        assert_eq!(store.sessions_of(user(1, "one").id).await.unwrap(), []);
    }
}
