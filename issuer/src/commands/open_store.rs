//! Opens stores. One process at a time locks the folder of an embedded store, and serves the store to commands; a database is
//! open to several processes.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rustix::process::geteuid;
use tokio::time;

use super::store_address::StoreAddress;
use crate::store::{
    Store,
    postgres::{self, COMMAND_CONNECTIONS, COMMAND_PATIENCE, ISSUER_PATIENCE, PostgresAddress, PostgresStore},
    sled::{OpenError, SledStore},
    socket::{ConnectError, GreetingError, SocketStore},
};

/// The attempts to open a store that another process has locked and does not serve: that can be an issuer that starts or
/// stops, or a short command.
const ATTEMPTS: u32 = 20;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// Why a store was not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenStoreError {
    #[error(
        "cannot create the folder {}: {reason}; run this as the issuer's user, or set another folder with --store",
        folder.display()
    )]
    Folder { folder: PathBuf, reason: io::Error },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the store {} is in use by a running hallpass, which refused this command: {reason}", folder.display())]
    Refused { folder: PathBuf, reason: GreetingError },
    #[error(
        "there is no store in {}: check --store (`hallpass serve`, `hallpass user add` and `hallpass user import` create a \
         store)", folder.display()
    )]
    NoStore { folder: PathBuf },
    #[error("the store {} cannot be opened: {reason}; run the command as {}", folder.display(), permitted_user(*owner))]
    PermissionDenied { folder: PathBuf, reason: io::Error, owner: Option<u32> },
    #[error(
        "the store {} belongs to another user, who could not open the files that root writes: run the command as that user, \
         such as with `sudo -u '#{owner}' hallpass …`", folder.display()
    )]
    AsRoot { folder: PathBuf, owner: u32 },
    #[error("the store {} cannot be opened: {reason}", folder.display())]
    Unreadable { folder: PathBuf, reason: io::Error },
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
}

/// Opens a store for a command that adds records, directly or through the process that has locked it. Creates the store if
/// there is none.
pub(crate) async fn open_or_create(address: &StoreAddress) -> Result<Arc<dyn Store>, OpenStoreError> {
    match address {
        StoreAddress::Folder(folder) => open_folder(folder).await,
        StoreAddress::Postgres(_) => lock_or_create(address).await,
    }
}

/// Opens a store and locks it, or creates one. A database has no such lock: other processes can use it meanwhile.
pub(crate) async fn lock_or_create(address: &StoreAddress) -> Result<Arc<dyn Store>, OpenStoreError> {
    match address {
        StoreAddress::Folder(folder) => {
            check_owner(folder)?;
            Ok(Arc::new(lock_folder(folder).await?))
        }
        StoreAddress::Postgres(address) => {
            Ok(Arc::new(PostgresStore::open(address, COMMAND_CONNECTIONS, COMMAND_PATIENCE).await?))
        }
    }
}

/// Opens an existing store for a command, directly or through the process that has locked it.
pub(crate) async fn open_existing(address: &StoreAddress) -> Result<Arc<dyn Store>, OpenStoreError> {
    match address {
        StoreAddress::Folder(folder) => {
            check_existence(folder)?;
            open_folder(folder).await
        }
        StoreAddress::Postgres(_) => lock_existing(address).await,
    }
}

/// Opens an existing store and locks it. A database has no such lock.
pub(crate) async fn lock_existing(address: &StoreAddress) -> Result<Arc<dyn Store>, OpenStoreError> {
    match address {
        StoreAddress::Folder(folder) => {
            check_existence(folder)?;
            check_owner(folder)?;
            Ok(Arc::new(lock_folder(folder).await?))
        }
        StoreAddress::Postgres(address) => {
            Ok(Arc::new(PostgresStore::open_existing(address, COMMAND_CONNECTIONS, COMMAND_PATIENCE).await?))
        }
    }
}

/// Opens a database for an issuer.
pub(crate) async fn open_database(
    address: &PostgresAddress,
    connections: usize,
) -> Result<Arc<dyn Store>, OpenStoreError> {
    Ok(Arc::new(PostgresStore::open(address, connections, ISSUER_PATIENCE).await?))
}

fn check_existence(folder: &Path) -> Result<(), OpenStoreError> {
    if has_store(folder)? { Ok(()) } else { Err(OpenStoreError::NoStore { folder: folder.to_owned() }) }
}

/// Whether there is a store in a folder, which this user must be able to open. Changes nothing.
fn has_store(folder: &Path) -> Result<bool, OpenStoreError> {
    let sled = folder.join("sled");
    let log = sled.join("db");
    match fs::OpenOptions::new().read(true).write(true).open(&log) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(reason) if reason.kind() == io::ErrorKind::PermissionDenied => {
            // The first of these with readable metadata.
            let owner = [&*log, &sled, folder].into_iter().find_map(|part| Some(fs::metadata(part).ok()?.uid()));
            Err(OpenStoreError::PermissionDenied { folder: folder.to_owned(), reason, owner })
        }
        Err(reason) => Err(OpenStoreError::Unreadable { folder: folder.to_owned(), reason }),
    }
}

/// Fails if the store's owner could not open files that this process writes: files of root belong to root, and with umask 077
/// no other user can read them.
fn check_owner(folder: &Path) -> Result<(), OpenStoreError> {
    let owner = [&*folder.join("sled"), folder].into_iter().find_map(|part| Some(fs::metadata(part).ok()?.uid()));
    match owner {
        Some(owner) if owner != 0 && geteuid().is_root() => {
            Err(OpenStoreError::AsRoot { folder: folder.to_owned(), owner })
        }
        _ => Ok(()),
    }
}

/// The user that can open a store.
fn permitted_user(owner: Option<u32>) -> String {
    match owner {
        Some(id) => format!("its owner, such as with `sudo -u '#{id}' hallpass …`"),
        None => "the issuer's user".to_owned(),
    }
}

/// Opens and locks the store in a folder, or creates it. Only its owner can read the folder.
fn try_lock_folder(folder: &Path) -> Result<SledStore, OpenStoreError> {
    has_store(folder)?;
    create(folder).map_err(|reason| OpenStoreError::Folder { folder: folder.to_owned(), reason })?;
    Ok(SledStore::open(&folder.join("sled"))?)
}

/// The same, after a wait for a short command that has locked the folder.
pub(crate) async fn lock_folder(folder: &Path) -> Result<SledStore, OpenStoreError> {
    for _ in 1..ATTEMPTS {
        let folder = folder.to_owned();
        match tokio::task::spawn_blocking(move || try_lock_folder(&folder)).await {
            Ok(Err(OpenStoreError::Open(OpenError::InUse { .. }))) => time::sleep(PAUSE).await,
            Ok(locked) => return locked,
            // It panicked. The next attempt does so in this task.
            Err(_) => break,
        }
    }
    try_lock_folder(folder)
}

async fn open_folder(folder: &Path) -> Result<Arc<dyn Store>, OpenStoreError> {
    for _ in 1..ATTEMPTS {
        match open_folder_once(folder).await {
            Err(
                OpenStoreError::Open(OpenError::InUse { .. })
                | OpenStoreError::Refused { reason: GreetingError::Refused, .. },
            ) => time::sleep(PAUSE).await,
            opened => return opened,
        }
    }
    open_folder_once(folder).await
}

async fn open_folder_once(folder: &Path) -> Result<Arc<dyn Store>, OpenStoreError> {
    let refusal = match check_owner(folder).and_then(|()| try_lock_folder(folder)) {
        Ok(store) => return Ok(Arc::new(store)),
        // The process that has locked the store can write it, even if this one cannot.
        Err(refusal @ (OpenStoreError::Open(OpenError::InUse { .. }) | OpenStoreError::AsRoot { .. })) => refusal,
        Err(error) => return Err(error),
    };
    match SocketStore::connect(folder).await {
        Ok(store) => Ok(Arc::new(store)),
        Err(ConnectError::NotServed(_)) => Err(refusal),
        Err(ConnectError::Greeting(reason)) => Err(OpenStoreError::Refused { folder: folder.to_owned(), reason }),
    }
}

/// Creates the folder and its missing parents, and syncs their entries, so that they survive a loss of power.
fn create(folder: &Path) -> io::Result<()> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<_> = folder.ancestors().take_while(is_missing).collect();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for created in &missing {
        sync_entry(created)?;
    }
    match sync_entry(folder) {
        // An existing folder is synced, too: the process that created it may have been killed before its sync. But its
        // parent may be unreadable for this user, if another user created it.
        Err(error) if missing.is_empty() && error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

/// Syncs the parent of `created`.
fn sync_entry(created: &Path) -> io::Result<()> {
    let parent = created.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(parent)?.sync_all()
}
