//! `hallpass session …`: the sessions of a store, for the person who runs the issuer.

use std::{
    collections::HashMap,
    io::{self, Write as _},
};

use crate::{
    audit,
    cli::{SessionCommand, SessionList, SessionRevoke},
    clock::{Clock as _, SystemClock, date},
    data::{self, DataError},
    id::{SessionId, UserId},
    session::{End, Session, State},
    store::{Store, StoreError, Swapped},
    user::{User, Username},
};

/// Sessions that are read at once, so that a store of a million needs little memory.
const PAGE: usize = 1000;

/// Why a command on sessions failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionsError {
    #[error("there is no user {0}")]
    NoSuchUser(Username),
    #[error("there is no session {0}")]
    NoSuchSession(SessionId),
    #[error("the session {0} was changed at the same moment: try again")]
    Changed(SessionId),
    #[error("the sessions cannot be printed: {0}")]
    Output(#[from] io::Error),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) async fn run(command: SessionCommand) -> Result<(), SessionsError> {
    match command {
        SessionCommand::List(options) => list(options).await,
        SessionCommand::Revoke(options) => revoke(options).await,
    }
}

/// Prints the living sessions, a line each.
async fn list(options: SessionList) -> Result<(), SessionsError> {
    let store = data::open(&options.store.store).await?;
    let mut users = Users { store: &*store, known: HashMap::new() };
    let (lifetimes, now) = (options.lifetimes.to_lifetimes(), SystemClock.now());
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{:<36}  {:<20}  {:<20}  {:<20}  USER  LABEL", "SESSION", "BEGAN", "LAST USED", "EXPIRES")?;
    let mut print = |session: &Session, user: Option<&User>| -> io::Result<()> {
        let Some(user) = user else { return Ok(()) };
        if session.check_living(lifetimes, user.credential_epoch, now).is_err() {
            return Ok(());
        }
        let times = [session.created_at, session.rotated_at, session.expires_at(lifetimes)].map(date);
        writeln!(stdout, "{}  {}  {}  {}", session.id, times.join("  "), user.username, session.label)
    };
    if let Some(username) = options.user {
        let user = find_user(&*store, username).await?;
        for session in store.sessions_of(user.id).await? {
            print(&session, Some(&user))?;
        }
        return Ok(());
    }
    let mut after = None;
    loop {
        let page = store.sessions_after(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for session in &page {
            print(session, users.find(session.user).await?)?;
        }
    }
}

/// Ends sessions, by their ids or all of a user.
async fn revoke(options: SessionRevoke) -> Result<(), SessionsError> {
    let store = data::open(&options.store.store).await?;
    let mut sessions = match options.user {
        Some(username) => store.sessions_of(find_user(&*store, username).await?.id).await?,
        None => Vec::new(),
    };
    for id in options.ids {
        sessions.push(store.session(id).await?.ok_or(SessionsError::NoSuchSession(id))?);
    }
    let ended = end(&*store, sessions).await?;
    Ok(writeln!(io::stdout(), "hallpass: sessions ended: {ended}")?)
}

/// Ends those of these sessions that live, and says how many.
pub(crate) async fn end(store: &dyn Store, sessions: Vec<Session>) -> Result<usize, SessionsError> {
    let mut ended = 0;
    for session in sessions.iter().filter(|session| session.state == State::Living) {
        let Some(new) = session.end(End::Operator) else { continue };
        if store.swap_session(session, &new).await? == Swapped::Conflict {
            return Err(SessionsError::Changed(session.id));
        }
        audit::session_ended(&new, End::Operator, audit::OPERATOR);
        ended += 1;
    }
    Ok(ended)
}

/// Finds a user by their name.
pub(crate) async fn find_user(store: &dyn Store, username: Username) -> Result<User, SessionsError> {
    store.user_named(&username).await?.ok_or(SessionsError::NoSuchUser(username))
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
