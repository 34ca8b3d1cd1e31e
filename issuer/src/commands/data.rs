//! Where an issuer's data lies: the folder of an embedded store, held by one process at a time, which serves the store to
//! others; or a database that several share.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use rustix::process::geteuid;
use tokio::time;

use crate::{
    key_ring::Home,
    store::{
        Store,
        postgres::{
            self, COMMAND_CONNECTIONS, COMMAND_PATIENCE, ISSUER_PATIENCE, InvalidAddress, PostgresAddress,
            PostgresStore,
        },
        sled::{OpenError, SledStore},
        socket::{ConnectError, GreetingError, SocketStore},
    },
};

/// How often a command tries a store that is held and not served, and how long it waits between: whoever holds it may be
/// starting or stopping, or a command that is soon over.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    #[error(
        "the folder {} cannot be made: {reason}; run this as the user that the issuer runs as, or name another folder in \
         --store", folder.display()
    )]
    Folder { folder: PathBuf, reason: io::Error },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the store {} is in use: a running hallpass holds it, and does not let this command in: {reason}", folder.display())]
    NotLetIn { folder: PathBuf, reason: GreetingError },
    #[error(
        "there is no store in {}, and none was made: is --store right? An issuer makes one when it starts (`hallpass serve`), \
         and so do `hallpass user add` and `hallpass user import`", folder.display()
    )]
    NoStore { folder: PathBuf },
    #[error("the store {} cannot be opened: {reason}: run the command as {}", folder.display(), whom(*owner))]
    NotOurs { folder: PathBuf, reason: io::Error, owner: Option<u32> },
    #[error(
        "the store {} belongs to another user, who could not open what root writes there: run the command as that user, as in \
         `sudo -u '#{owner}' hallpass …`", folder.display()
    )]
    AsRoot { folder: PathBuf, owner: u32 },
    #[error("the store {} cannot be opened: {reason}", folder.display())]
    NotSeen { folder: PathBuf, reason: io::Error },
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
}

/// Where users and sessions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreAddress {
    /// The data folder of the embedded store.
    Folder(PathBuf),
    Postgres(Box<PostgresAddress>),
}

/// A text that says of no store where it is. What it says never quotes it: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidStoreAddress {
    #[error("a store is sled:PATH, such as sled:./hallpass-data, or postgres://USER@HOST/DATABASE")]
    Shape,
    #[error(
        "a store is sled:PATH or postgres://USER@HOST/DATABASE, without a control character, such as a line break at its end"
    )]
    Control,
    #[error(transparent)]
    Postgres(#[from] InvalidAddress),
}

impl FromStr for StoreAddress {
    type Err = InvalidStoreAddress;

    fn from_str(text: &str) -> Result<Self, InvalidStoreAddress> {
        // An environment made of files has line breaks, and the store would be another one.
        if text.contains(char::is_control) {
            return Err(InvalidStoreAddress::Control);
        }
        if PostgresAddress::is_meant_by(text) {
            return Ok(Self::Postgres(Box::new(text.parse()?)));
        }
        match text.strip_prefix("sled:") {
            Some(folder) if !folder.is_empty() => Ok(Self::Folder(folder.into())),
            _ => Err(InvalidStoreAddress::Shape),
        }
    }
}

impl StoreAddress {
    /// Whether there is a password in it, which no other user of the machine should see.
    pub(crate) fn has_password(&self) -> bool {
        matches!(self, Self::Postgres(address) if address.has_password())
    }

    /// Where the store is, as far as its master key is concerned.
    pub(crate) fn home(&self) -> Home<'_> {
        match self {
            Self::Folder(folder) => Home::Folder(folder),
            Self::Postgres(_) => Home::Shared,
        }
    }
}

/// Opens a store for a command that adds what was not there, and makes the store where there is none: itself, or through the
/// process that holds it.
pub(crate) async fn open(address: &StoreAddress) -> Result<Arc<dyn Store>, DataError> {
    match address {
        StoreAddress::Folder(folder) => open_folder(folder).await,
        StoreAddress::Postgres(_) => hold(address).await,
    }
}

/// Opens a store for this process alone, as far as that can be: a database may have others all the same.
pub(crate) async fn hold(address: &StoreAddress) -> Result<Arc<dyn Store>, DataError> {
    match address {
        StoreAddress::Folder(folder) => {
            check_owner(folder)?;
            Ok(Arc::new(hold_folder_soon(folder).await?))
        }
        StoreAddress::Postgres(address) => {
            Ok(Arc::new(PostgresStore::open(address, COMMAND_CONNECTIONS, COMMAND_PATIENCE).await?))
        }
    }
}

/// Opens a store that must be there, for a command: itself, or through the process that holds it. Makes nothing where there is
/// none.
pub(crate) async fn open_existing(address: &StoreAddress) -> Result<Arc<dyn Store>, DataError> {
    match address {
        StoreAddress::Folder(folder) => {
            must_exist(folder)?;
            open_folder(folder).await
        }
        StoreAddress::Postgres(_) => hold_existing(address).await,
    }
}

/// Opens a store that must be there, for this process alone as far as that can be.
pub(crate) async fn hold_existing(address: &StoreAddress) -> Result<Arc<dyn Store>, DataError> {
    match address {
        StoreAddress::Folder(folder) => {
            must_exist(folder)?;
            check_owner(folder)?;
            Ok(Arc::new(hold_folder_soon(folder).await?))
        }
        StoreAddress::Postgres(address) => {
            Ok(Arc::new(PostgresStore::open_existing(address, COMMAND_CONNECTIONS, COMMAND_PATIENCE).await?))
        }
    }
}

/// Opens a database for an issuer.
pub(crate) async fn open_database(address: &PostgresAddress, connections: usize) -> Result<Arc<dyn Store>, DataError> {
    Ok(Arc::new(PostgresStore::open(address, connections, ISSUER_PATIENCE).await?))
}

fn must_exist(folder: &Path) -> Result<(), DataError> {
    if has_store(folder)? { Ok(()) } else { Err(DataError::NoStore { folder: folder.to_owned() }) }
}

/// Whether there is a store in a folder that this user may open. Changes nothing.
fn has_store(folder: &Path) -> Result<bool, DataError> {
    let sled = folder.join("sled");
    let log = sled.join("db");
    match fs::OpenOptions::new().read(true).write(true).open(&log) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(reason) if reason.kind() == io::ErrorKind::PermissionDenied => {
            // The first of these that can be looked at.
            let owner = [&*log, &sled, folder].into_iter().find_map(|part| Some(fs::metadata(part).ok()?.uid()));
            Err(DataError::NotOurs { folder: folder.to_owned(), reason, owner })
        }
        Err(reason) => Err(DataError::NotSeen { folder: folder.to_owned(), reason }),
    }
}

/// Whether what this process writes into the folder can be opened by the user whose store it is: what root writes belongs to
/// root, and where its umask is 077, no other user can read it.
fn check_owner(folder: &Path) -> Result<(), DataError> {
    let owner = [&*folder.join("sled"), folder].into_iter().find_map(|part| Some(fs::metadata(part).ok()?.uid()));
    match owner {
        Some(owner) if owner != 0 && geteuid().is_root() => Err(DataError::AsRoot { folder: folder.to_owned(), owner }),
        _ => Ok(()),
    }
}

/// As whom a command can open a store.
fn whom(owner: Option<u32>) -> String {
    match owner {
        Some(id) => format!("the user that it belongs to, as in `sudo -u '#{id}' hallpass …`"),
        None => "the user that the issuer runs as".to_owned(),
    }
}

/// Takes a data folder for this process, and makes it where there is none. What it holds can be read by its owner alone.
fn hold_folder(folder: &Path) -> Result<SledStore, DataError> {
    has_store(folder)?;
    make(folder).map_err(|reason| DataError::Folder { folder: folder.to_owned(), reason })?;
    Ok(SledStore::open(&folder.join("sled"))?)
}

/// The same; a command that holds the folder is waited for, which is soon over.
pub(crate) async fn hold_folder_soon(folder: &Path) -> Result<SledStore, DataError> {
    for _ in 1..ATTEMPTS {
        let folder = folder.to_owned();
        match tokio::task::spawn_blocking(move || hold_folder(&folder)).await {
            Ok(Err(DataError::Open(OpenError::InUse { .. }))) => time::sleep(PAUSE).await,
            Ok(held) => return held,
            // It panicked, which the next attempt does where it can be seen.
            Err(_) => break,
        }
    }
    hold_folder(folder)
}

async fn open_folder(folder: &Path) -> Result<Arc<dyn Store>, DataError> {
    for _ in 1..ATTEMPTS {
        match open_folder_once(folder).await {
            Err(
                DataError::Open(OpenError::InUse { .. }) | DataError::NotLetIn { reason: GreetingError::Refused, .. },
            ) => time::sleep(PAUSE).await,
            opened => return opened,
        }
    }
    open_folder_once(folder).await
}

async fn open_folder_once(folder: &Path) -> Result<Arc<dyn Store>, DataError> {
    let refusal = match check_owner(folder).and_then(|()| hold_folder(folder)) {
        Ok(store) => return Ok(Arc::new(store)),
        // The process that holds the store can write what this one cannot.
        Err(refusal @ (DataError::Open(OpenError::InUse { .. }) | DataError::AsRoot { .. })) => refusal,
        Err(error) => return Err(error),
    };
    match SocketStore::connect(folder).await {
        Ok(store) => Ok(Arc::new(store)),
        Err(ConnectError::NotServed(_)) => Err(refusal),
        Err(ConnectError::Greeting(reason)) => Err(DataError::NotLetIn { folder: folder.to_owned(), reason }),
    }
}

/// Makes the folder and those that it lies in, where they are not there, and syncs their entries, so that they are found
/// after a loss of power.
fn make(folder: &Path) -> io::Result<()> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<_> = folder.ancestors().take_while(is_missing).collect();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for made in &missing {
        sync_entry(made)?;
    }
    match sync_entry(folder) {
        // Whoever made a folder that was there before may have been killed before this. But it may also lie in one that
        // we cannot read, and somebody else made it for us.
        Err(error) if missing.is_empty() && error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

/// Syncs the folder that `made` lies in.
fn sync_entry(made: &Path) -> io::Result<()> {
    let parent = made.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_folder_behind_sled_or_a_database() {
        assert_eq!("sled:./data".parse(), Ok(StoreAddress::Folder("./data".into())));
        assert!(matches!("postgres://hallpass@db/hallpass".parse(), Ok(StoreAddress::Postgres(_))));
        for text in
            ["", "./data", "sled:", "mysql://x", "postgres://", "sled:./data\n", "postgres://hallpass@db/hallpass\n"]
        {
            assert!(text.parse::<StoreAddress>().is_err(), "{text}");
        }
    }
}
