//! The data folder of an embedded store, held by one process at a time, which serves the store to others.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::time;

use crate::store::{
    Store,
    sled::{OpenError, SledStore},
    socket::{ConnectError, GreetingError, SocketStore},
};

/// How often a command tries a store that is held and not served, and how long it waits between: whoever holds it may be
/// starting or stopping, or a command that is soon over.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Why a data folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    #[error("the folder {} cannot be made: {reason}", folder.display())]
    Folder { folder: PathBuf, reason: io::Error },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{in_use}, and does not let this command in: {reason}")]
    NotLetIn { in_use: OpenError, reason: GreetingError },
}

/// Takes a data folder for this process, and makes it where there is none. What it holds can be read by its owner alone.
pub(crate) fn hold(folder: &Path) -> Result<SledStore, DataError> {
    make(folder).map_err(|reason| DataError::Folder { folder: folder.to_owned(), reason })?;
    Ok(SledStore::open(&folder.join("sled"))?)
}

/// Opens the store in a data folder: itself, or through the process that holds it.
pub(crate) async fn open(folder: &Path) -> Result<Arc<dyn Store>, DataError> {
    for _ in 1..ATTEMPTS {
        match open_once(folder).await {
            Err(
                DataError::Open(OpenError::InUse { .. }) | DataError::NotLetIn { reason: GreetingError::Refused, .. },
            ) => time::sleep(PAUSE).await,
            opened => return opened,
        }
    }
    open_once(folder).await
}

async fn open_once(folder: &Path) -> Result<Arc<dyn Store>, DataError> {
    let in_use = match hold(folder) {
        Ok(store) => return Ok(Arc::new(store)),
        Err(DataError::Open(in_use @ OpenError::InUse { .. })) => in_use,
        Err(error) => return Err(error),
    };
    match SocketStore::connect(folder).await {
        Ok(store) => Ok(Arc::new(store)),
        Err(ConnectError::Nobody(_)) => Err(in_use.into()),
        Err(ConnectError::Greeting(reason)) => Err(DataError::NotLetIn { in_use, reason }),
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
