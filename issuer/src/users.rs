//! `hallpass user …`: the users of a store, for the person who runs the issuer.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use hallpass_token::UnixSeconds;

use crate::{
    audit,
    cli::{UserAdd, UserCommand, UserName},
    clock::{Clock as _, SystemClock},
    data::{self, DataError},
    entropy::{NoEntropy, random_id},
    id::UserId,
    password::{HashingError, InvalidPassword, MAX_PASSWORD_BYTES, Password, PasswordHasher},
    sessions::{self, SessionsError},
    store::{Added, Store, StoreError, Swapped},
    user::{CredentialEpoch, Roles, TooManyRoles, User, Username},
};

/// Why a command on users failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsersError {
    #[error("username_taken: there is a user {0} already")]
    UsernameTaken(Username),
    #[error("standard input is not a terminal to ask for the password on: use --password-stdin")]
    NoTerminal,
    #[error("the two passwords differ")]
    PasswordsDiffer,
    #[error("the password cannot be read: {0}")]
    Input(io::Error),
    #[error("the user {0} was changed at the same moment: try again")]
    Changed(Username),
    #[error("it is done, but that cannot be printed: {0}")]
    Output(io::Error),
    #[error(transparent)]
    Roles(#[from] TooManyRoles),
    #[error(transparent)]
    Password(#[from] InvalidPassword),
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
        UserCommand::Disable(options) => disable(options).await,
        UserCommand::Enable(options) => enable(options).await,
    }
}

async fn add(options: UserAdd) -> Result<(), UsersError> {
    let roles = Roles::try_from(options.role)?;
    let password = if options.password_stdin { read_password() } else { ask_password() }?;
    let (store, _) = data::open(&options.store.store.folder)?;
    let user = create(&store, options.username, password, roles, SystemClock.now()).await?;
    say(&format!("added {} ({})", user.username, user.id))
}

/// Keeps a user from signing in, and ends their sessions.
async fn disable(options: UserName) -> Result<(), UsersError> {
    let (store, _) = data::open(&options.store.store.folder)?;
    let user = sessions::find_user(&store, options.username).await?;
    change(&store, &user, &user.disabled()).await?;
    audit::user_changed("user_disabled", user.id);
    // They are over by the user's epoch: this tells the audit log.
    let ended = sessions::end(&store, store.sessions_of(user.id).await?).await?;
    say(&format!("disabled {}; sessions ended: {ended}", user.username))
}

async fn enable(options: UserName) -> Result<(), UsersError> {
    let (store, _) = data::open(&options.store.store.folder)?;
    let user = sessions::find_user(&store, options.username).await?;
    change(&store, &user, &user.enabled()).await?;
    audit::user_changed("user_enabled", user.id);
    say(&format!("enabled {}", user.username))
}

async fn change(store: &dyn Store, user: &User, changed: &User) -> Result<(), UsersError> {
    match store.swap_user(user, changed).await? {
        Swapped::Yes => Ok(()),
        Swapped::Conflict => Err(UsersError::Changed(user.username.clone())),
    }
}

fn say(line: &str) -> Result<(), UsersError> {
    writeln!(io::stdout(), "hallpass: {line}").map_err(UsersError::Output)
}

/// Adds a user to a store.
pub(crate) async fn create(
    store: &dyn Store,
    username: Username,
    password: Password,
    roles: Roles,
    now: UnixSeconds,
) -> Result<User, UsersError> {
    let password = PasswordHasher::new()?.hash(password).await?;
    let (id, credential_epoch) = (UserId(random_id()?), CredentialEpoch::default());
    let user =
        User { id, username, password, credential_epoch, is_disabled: false, roles, created_at: now, failures: 0 };
    match store.add_user(&user).await? {
        Added::Yes => Ok(user),
        Added::UsernameTaken => Err(UsersError::UsernameTaken(user.username)),
    }
}

/// Reads the first line of standard input, without its end.
fn read_password() -> Result<Password, UsersError> {
    // One byte more than a password may have, and the line's end, tell a password that is too long from one that fits.
    let mut line = String::new();
    io::stdin().lock().take(MAX_PASSWORD_BYTES as u64 + 3).read_line(&mut line).map_err(UsersError::Input)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(Password::parse_new(line)?)
}

fn ask_password() -> Result<Password, UsersError> {
    if !io::stdin().is_terminal() {
        return Err(UsersError::NoTerminal);
    }
    let first = rpassword::prompt_password("Password: ").map_err(UsersError::Input)?;
    let second = rpassword::prompt_password("The same again: ").map_err(UsersError::Input)?;
    if first != second {
        return Err(UsersError::PasswordsDiffer);
    }
    Ok(Password::parse_new(first)?)
}
