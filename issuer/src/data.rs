//! The data folder of an embedded store: the database and the keys, held by one process at a time.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use crate::{
    keys::{Keys, KeysError},
    store::sled::{OpenError, SledStore},
};

/// Why a data folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    #[error("the folder {} cannot be made: {reason}", folder.display())]
    Folder { folder: PathBuf, reason: io::Error },
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// Opens a data folder, and makes it where there is none. What it holds can be read by its owner alone.
pub(crate) fn open(folder: &Path) -> Result<(SledStore, Keys), DataError> {
    let is_new = !folder.exists();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|reason| DataError::Folder { folder: folder.to_owned(), reason })?;
    // The store first: its lock keeps a second process from making keys at the same moment.
    let store = SledStore::open(&folder.join("sled"))?;
    if !store.is_empty() && !Keys::exist(folder) {
        tracing::warn!("the store has users, but its keys are missing: new ones are made, and every session is over");
    }
    let keys = Keys::open(folder)?;
    if is_new {
        // The folder's own entry, so that it is found after a loss of power. One that was there before may lie in a
        // folder that we cannot read, and was synced by whoever made it.
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(parent)
            .and_then(|parent| parent.sync_all())
            .map_err(|reason| DataError::Folder { folder: folder.to_owned(), reason })?;
    }
    Ok((store, keys))
}
