//! `hallpass user …`: the users of a store, for the person who runs the issuer.

use std::io::{self, Write as _};

use hallpass_token::{CustomClaims, InvalidCustomClaims, UnixSeconds};

use crate::{
    audit,
    cli::{UserAdd, UserCommand, UserDelete, UserName, UserPasswd, UserSet},
    clock::{Clock as _, SystemClock},
    data::{self, DataError},
    entropy::{NoEntropy, random_id},
    hashing::{HashingError, hash_at_once},
    id::UserId,
    password::{Credential, NewPassword, Parameters, WeakPassword},
    session::{End, State},
    sessions::{self, SessionsError},
    store::{Added, Store, StoreError, Swapped},
    user::{CredentialEpoch, Roles, TooManyRoles, User, Username},
};

mod import;
mod list;
mod prompt;

/// Why a command on users failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsersError {
    #[error("username_taken: there is a user {0} already")]
    UsernameTaken(Username),
    #[error("standard input is not a terminal to ask on: use {0}")]
    NoTerminal(&'static str),
    #[error("the two passwords differ")]
    PasswordsDiffer,
    #[error("the user {0} was not deleted")]
    NotConfirmed(Username),
    #[error("the answer cannot be read: {0}")]
    Input(io::Error),
    #[error("the user {0} was changed at the same moment: try again")]
    Changed(Username),
    #[error("it is done, but that cannot be printed: {0}")]
    Output(io::Error),
    #[error("the users cannot be printed: {0}")]
    List(io::Error),
    #[error(transparent)]
    Import(#[from] import::ImportError),
    #[error(transparent)]
    Roles(#[from] TooManyRoles),
    #[error(transparent)]
    Claims(#[from] InvalidCustomClaims),
    #[error(transparent)]
    Password(#[from] WeakPassword),
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sessions(#[from] SessionsError),
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

pub(crate) async fn run(command: UserCommand) -> Result<(), UsersError> {
    match command {
        UserCommand::Add(options) => add(options).await,
        UserCommand::Passwd(options) => passwd(options).await,
        UserCommand::Set(options) => set(options).await,
        UserCommand::Disable(options) => disable(options).await,
        UserCommand::Enable(options) => enable(options).await,
        UserCommand::Delete(options) => delete(options).await,
        UserCommand::List(options) => list::run(options).await,
        UserCommand::Import(options) => Ok(import::run(options).await?),
    }
}

/// What a new user may do, and what their tokens say.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    pub(crate) roles: Roles,
    pub(crate) claims: CustomClaims,
}

/// A user whom nobody has seen yet.
pub(crate) fn new_user(
    username: Username,
    password: Credential,
    rights: Rights,
    now: UnixSeconds,
) -> Result<User, NoEntropy> {
    let Rights { roles, claims } = rights;
    let (id, credential_epoch) = (UserId(random_id()?), CredentialEpoch::default());
    Ok(User {
        id,
        username,
        password,
        credential_epoch,
        is_disabled: false,
        roles,
        claims,
        created_at: now,
        failures: 0,
    })
}

/// Adds a user to a store.
pub(crate) async fn create(
    store: &dyn Store,
    username: Username,
    password: NewPassword,
    rights: Rights,
    now: UnixSeconds,
) -> Result<User, UsersError> {
    let password = hash_at_once(&password.into_normalised(), Parameters::default())?;
    let user = new_user(username, password, rights, now)?;
    match store.add_user(&user).await? {
        Added::Yes => Ok(user),
        Added::UsernameTaken => Err(UsersError::UsernameTaken(user.username)),
    }
}

async fn add(options: UserAdd) -> Result<(), UsersError> {
    let claims = options.claim.iter().try_fold(CustomClaims::default(), |claims, claim| claims.with(&claim.0))?;
    let rights = Rights { roles: Roles::try_from(options.role)?, claims };
    let ask = if options.password_stdin { prompt::read_password } else { prompt::ask_password };
    let password = ask(&options.username)?;
    let store = data::open(&options.store.store).await?;
    let user = create(&*store, options.username, password, rights, SystemClock.now()).await?;
    audit::user_changed("user_added", user.id);
    say(&format!("added {} ({})", user.username, user.id))
}

/// Sets a new password, as the user's own change does: their sessions are over by the epoch.
async fn passwd(options: UserPasswd) -> Result<(), UsersError> {
    let store = data::open(&options.store.store).await?;
    let user = sessions::find_user(&*store, options.username).await?;
    let ask = if options.password_stdin { prompt::read_password } else { prompt::ask_password };
    let password = ask(&user.username)?;
    let password = hash_at_once(&password.into_normalised(), Parameters::default())?;
    change(&*store, &user, &user.with_password(password)).await?;
    audit::user_changed("password_set", user.id);
    let ended = end_sessions(&*store, &user).await?;
    say(&format!("{} has a new password; sessions ended: {ended}", user.username))
}

async fn set(options: UserSet) -> Result<(), UsersError> {
    let store = data::open(&options.store.store).await?;
    let user = sessions::find_user(&*store, options.username).await?;
    let changes = options.changes;
    let roles = match (changes.no_roles, changes.role) {
        (false, role) if role.is_empty() => user.roles.clone(),
        (_, role) => Roles::try_from(role)?,
    };
    let claims = if changes.no_claims { CustomClaims::default() } else { user.claims.clone() };
    let claims = changes.remove_claim.iter().fold(claims, |claims, name| claims.without(name));
    let claims = changes.claim.iter().try_fold(claims, |claims, claim| claims.with(&claim.0))?;
    change(&*store, &user, &user.with_rights(roles, claims)).await?;
    audit::user_changed("rights_changed", user.id);
    say(&format!("changed {}; tokens say so from their next renewal on", user.username))
}

/// Keeps a user from signing in, and ends their sessions.
async fn disable(options: UserName) -> Result<(), UsersError> {
    let store = data::open(&options.store.store).await?;
    let user = sessions::find_user(&*store, options.username).await?;
    change(&*store, &user, &user.disabled()).await?;
    audit::user_changed("user_disabled", user.id);
    let ended = end_sessions(&*store, &user).await?;
    say(&format!("disabled {}; sessions ended: {ended}", user.username))
}

async fn enable(options: UserName) -> Result<(), UsersError> {
    let store = data::open(&options.store.store).await?;
    let user = sessions::find_user(&*store, options.username).await?;
    change(&*store, &user, &user.enabled()).await?;
    audit::user_changed("user_enabled", user.id);
    say(&format!("enabled {}", user.username))
}

/// Removes a user, and then the records of their sessions. A crash between leaves records that are worth nothing without
/// their user, and that are swept once they have expired.
async fn delete(options: UserDelete) -> Result<(), UsersError> {
    let store = data::open(&options.store.store).await?;
    let user = sessions::find_user(&*store, options.username).await?;
    if !options.yes {
        prompt::confirm_deletion(&user.username)?;
    }
    if store.remove_user(&user).await? == Swapped::Conflict {
        return Err(UsersError::Changed(user.username));
    }
    audit::user_changed("user_deleted", user.id);
    let mut ended = 0;
    for session in store.sessions_of(user.id).await? {
        if session.state == State::Living && !session.is_before(user.credential_epoch) {
            audit::session_ended(&session, End::Operator, audit::OPERATOR);
            ended += 1;
        }
        if store.remove_session(&session).await? == Swapped::Conflict {
            return Err(SessionsError::Changed(session.id).into());
        }
    }
    say(&format!("deleted {}; sessions ended: {ended}", user.username))
}

async fn change(store: &dyn Store, user: &User, changed: &User) -> Result<(), UsersError> {
    match store.swap_user(user, changed).await? {
        Swapped::Yes => Ok(()),
        Swapped::Conflict => Err(UsersError::Changed(user.username.clone())),
    }
}

/// Ends a user's sessions, which are over by the user's epoch: this tells the audit log.
async fn end_sessions(store: &dyn Store, user: &User) -> Result<usize, UsersError> {
    Ok(sessions::end(store, store.sessions_of(user.id).await?).await?)
}

fn say(line: &str) -> Result<(), UsersError> {
    writeln!(io::stdout(), "hallpass: {line}").map_err(UsersError::Output)
}
