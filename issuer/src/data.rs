//! The data folder of an embedded store, held by one process at a time.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use crate::store::sled::{OpenError, SledStore};

/// Why a data folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    #[error("the folder {} cannot be made: {reason}", folder.display())]
    Folder { folder: PathBuf, reason: io::Error },
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Opens a data folder, and makes it where there is none. What it holds can be read by its owner alone.
pub(crate) fn open(folder: &Path) -> Result<SledStore, DataError> {
    make(folder).map_err(|reason| DataError::Folder { folder: folder.to_owned(), reason })?;
    Ok(SledStore::open(&folder.join("sled"))?)
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
