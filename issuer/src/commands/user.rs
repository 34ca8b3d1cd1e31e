//! `hallpass user …`: manages the users of a store.

use std::{
    future,
    io::{self, Write as _},
};

use hallpass_token::{CustomClaims, InvalidCustomClaims, UnixSeconds};

use crate::{
    audit,
    clock::{Clock as _, SystemClock},
    commands::{
        open_store::{self, OpenStoreError},
        session::{self, SessionError},
    },
    entropy::{NoEntropy, random_id},
    hashing::{HashingError, hash_at_once},
    id::UserId,
    password::{Credential, NewPassword, Parameters, WeakPassword},
    store::{Added, Contended, Decision, Store, StoreError, update_user},
    user::{Roles, TooManyRoles, User, Username},
};

mod args;
mod import;
mod list;
mod prompt;

pub(crate) use args::UserCommand;
use args::{Claim, UserAdd, UserChanges, UserDelete, UserName, UserPasswd, UserSet};

/// Why a command on users failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UserError {
    #[error("username_taken: the user {0} exists")]
    UsernameTaken(Username),
    #[error("standard input is not a terminal: use {0}")]
    NoTerminal(&'static str),
    #[error("standard input has more than one line: send the password as one line")]
    SecondLine,
    #[error("the password has a carriage return, a NUL byte or a byte order mark: send one line of plain UTF-8")]
    NotPlain,
    #[error("--claim {0} must not be repeated")]
    ClaimTwice(String),
    #[error("--claim and --remove-claim both name the claim {0}")]
    ClaimRemoved(String),
    #[error("the two passwords differ")]
    PasswordsDiffer,
    #[error("the user {0} was not deleted")]
    NotConfirmed(Username),
    #[error("cannot read the input: {0}")]
    Input(io::Error),
    #[error("a running issuer changed the user at each attempt; try again")]
    Contended,
    #[error("the command succeeded, but cannot print its result: {0}")]
    Output(io::Error),
    #[error("cannot print the users: {0}")]
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
    Open(#[from] OpenStoreError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sessions(#[from] SessionError),
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

impl From<Contended> for UserError {
    fn from(_: Contended) -> Self {
        Self::Contended
    }
}

pub(crate) async fn run(command: UserCommand) -> Result<(), UserError> {
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

/// The roles and claims of a new user.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    pub(crate) roles: Roles,
    pub(crate) claims: CustomClaims,
}

/// A new user.
pub(crate) fn new_user(
    username: Username,
    password: Credential,
    rights: Rights,
    now: UnixSeconds,
) -> Result<User, NoEntropy> {
    let user = User::new(UserId(random_id()?), username, password, now);
    Ok(user.with_rights(rights.roles, rights.claims))
}

/// Adds a user to a store.
pub(crate) async fn create(
    store: &dyn Store,
    username: Username,
    password: NewPassword,
    rights: Rights,
    now: UnixSeconds,
) -> Result<User, UserError> {
    let password = hash_at_once(&password.into_normalised(), Parameters::default())?;
    let user = new_user(username, password, rights, now)?;
    match store.add_user(&user).await? {
        Added::Yes => Ok(user),
        Added::UsernameTaken => Err(UserError::UsernameTaken(user.username)),
    }
}

async fn add(options: UserAdd) -> Result<(), UserError> {
    let rights = Rights { roles: Roles::try_from(options.role)?, claims: all_of(&options.claim)? };
    let password = if options.password_stdin { prompt::read_password } else { prompt::prompt_password };
    let username = options.username.into();
    let password = password(&username)?;
    let store = open_store::open_or_create(&options.store.store).await?;
    let user = create(&*store, username, password, rights, SystemClock.now()).await?;
    audit::user_changed("user_added", user.id);
    say(&format!("added {} ({})", user.username, user.id))
}

/// Sets a new password. As after the user's own change, the new epoch ends the sessions.
async fn passwd(options: UserPasswd) -> Result<(), UserError> {
    let store = open_store::open_existing(&options.store.store).await?;
    let user = session::find_user(&*store, options.username).await?;
    let password = if options.password_stdin { prompt::read_password } else { prompt::prompt_password };
    let password = password(&user.username)?;
    let password = hash_at_once(&password.into_normalised(), Parameters::default())?;
    let user = change(&*store, user, |user| Ok(user.with_password(password.clone()))).await?;
    audit::user_changed("password_set", user.id);
    let ended = end_sessions(&*store, &user).await?;
    say(&format!("set the password of {}; sessions ended: {ended}", user.username))
}

async fn set(options: UserSet) -> Result<(), UserError> {
    let store = open_store::open_existing(&options.store.store).await?;
    let user = session::find_user(&*store, options.username).await?;
    let user = change(&*store, user, |user| with_changes(user, &options.changes)).await?;
    audit::user_changed("rights_changed", user.id);
    say(&format!("changed {}; the next access tokens have the change", user.username))
}

fn with_changes(user: &User, changes: &UserChanges) -> Result<User, UserError> {
    let roles = if changes.no_roles || !changes.role.is_empty() {
        Roles::try_from(changes.role.clone())?
    } else {
        user.roles.clone()
    };
    let new = all_of(&changes.claim)?;
    if let Some(both) = changes.remove_claim.iter().find(|removed| new.names().any(|name| name == *removed)) {
        return Err(UserError::ClaimRemoved(both.clone()));
    }
    let claims = if changes.no_claims { CustomClaims::default() } else { user.claims.clone() };
    let claims = changes.remove_claim.iter().fold(claims, |claims, name| claims.without(name));
    Ok(user.with_rights(roles, claims.with(&new)?))
}

/// The claims of several options, with distinct names.
fn all_of(claims: &[Claim]) -> Result<CustomClaims, UserError> {
    claims.iter().try_fold(CustomClaims::default(), |all, Claim(claim)| {
        match claim.names().find(|name| all.names().any(|other| other == *name)) {
            Some(name) => Err(UserError::ClaimTwice(name.to_owned())),
            None => Ok(all.with(claim)?),
        }
    })
}

/// Disables a user, and ends the user's sessions.
async fn disable(options: UserName) -> Result<(), UserError> {
    let store = open_store::open_existing(&options.store.store).await?;
    let user = session::find_user(&*store, options.username).await?;
    let user = change(&*store, user, |user| Ok(user.disabled())).await?;
    audit::user_changed("user_disabled", user.id);
    let ended = end_sessions(&*store, &user).await?;
    say(&format!("disabled {}; sessions ended: {ended}", user.username))
}

async fn enable(options: UserName) -> Result<(), UserError> {
    let store = open_store::open_existing(&options.store.store).await?;
    let user = session::find_user(&*store, options.username).await?;
    let user = change(&*store, user, |user| Ok(user.enabled())).await?;
    audit::user_changed("user_enabled", user.id);
    say(&format!("enabled {}", user.username))
}

/// Removes a user, and then the records of the user's sessions. A crash in between leaves records that are invalid without
/// their user, and that the sweeper removes after they expire.
async fn delete(options: UserDelete) -> Result<(), UserError> {
    let store = open_store::open_existing(&options.store.store).await?;
    let user = session::find_user(&*store, options.username).await?;
    if !options.yes {
        prompt::confirm_deletion(&user.username)?;
    }
    let user = remove(&*store, user).await?;
    audit::user_changed("user_deleted", user.id);
    let ended = session::remove_all_of(&*store, &user).await?;
    say(&format!("deleted {}; sessions ended: {ended}", user.username))
}

/// Changes a user's record. A running issuer also changes it, for failed attempts and upgraded hashes: then the change is
/// applied to the new record. Returns the record before the change.
async fn change(
    store: &dyn Store,
    user: User,
    changed: impl Fn(&User) -> Result<User, UserError>,
) -> Result<User, UserError> {
    let username = user.username.clone();
    let decide = |user: Option<User>| {
        let user = user.ok_or_else(|| SessionError::NoSuchUser(username.clone()))?;
        Ok(Decision::Swap(changed(&user)?, user))
    };
    update_user(store, user, |user| future::ready(decide(user))).await
}

/// Removes a user, also when the record changes meanwhile. Returns the removed record.
async fn remove(store: &dyn Store, user: User) -> Result<User, UserError> {
    let username = user.username.clone();
    let decide = |user: Option<User>| {
        let user = user.ok_or_else(|| SessionError::NoSuchUser(username.clone()))?;
        Ok(Decision::Remove(user))
    };
    update_user(store, user, |user| future::ready(decide(user))).await
}

/// Ends a user's sessions in their records, and in the audit log. The new epoch has ended them already.
async fn end_sessions(store: &dyn Store, user: &User) -> Result<usize, UserError> {
    Ok(session::end(store, store.sessions_of(user.id).await?).await?)
}

fn say(line: &str) -> Result<(), UserError> {
    writeln!(io::stdout(), "hallpass: {line}").map_err(UserError::Output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{conformance::user, sled::SledStore},
        user::Failures,
    };

    #[tokio::test]
    async fn a_command_keeps_the_concurrent_changes_of_an_issuer() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        let read = user(1, "one");
        store.add_user(&read).await.unwrap();
        store.swap_user(&read, &read.with_failures(Failures { unknown: 20, known: 10 })).await.unwrap();
        change(&store, read.clone(), |user| Ok(user.disabled())).await.unwrap();
        let now = store.user(read.id).await.unwrap().unwrap();
        assert_eq!((now.is_disabled, now.failures), (true, Failures { unknown: 20, known: 10 }));
        assert_eq!(remove(&store, read.clone()).await.unwrap(), now);
        let error = change(&store, read, |user| Ok(user.enabled())).await.unwrap_err();
        assert_eq!(error.to_string(), "no such user: one");
    }
}
