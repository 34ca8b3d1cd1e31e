//! Opening the embedded store: its folder, its lock, and what a crash can have left there.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use ::sled::Db;

use super::{Committer, SledStore};

/// Pages kept in memory, in bytes. sled's default of 1 GB is more than a small machine has.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the store {} is in use: a running hallpass holds it", folder.display())]
    InUse { folder: PathBuf },
    #[error("the store {} cannot be opened: {reason}", folder.display())]
    Failed { folder: PathBuf, reason: String },
}

impl SledStore {
    /// Opens the store in `folder`, and makes it where there is none.
    pub(crate) fn open(folder: &Path) -> Result<Self, OpenError> {
        let failed = |reason: String| OpenError::Failed { folder: folder.to_owned(), reason };
        make_private(folder).map_err(|error| failed(error.to_string()))?;
        remove_unfinished_snapshots(folder).map_err(|error| failed(error.to_string()))?;
        let config = ::sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let db = config.open().map_err(|error| match error {
            // sled has no kind of its own for a folder that somebody else has locked.
            ::sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
                OpenError::InUse { folder: folder.to_owned() }
            }
            error => failed(error.to_string()),
        })?;
        let tree = |name| db.open_tree(name).map_err(|error| failed(error.to_string()));
        let (users, user_ids) = (tree("users")?, tree("user_ids")?);
        let (sessions, user_sessions) = (tree("sessions")?, tree("user_sessions")?);
        let committer = start_committer(folder, db.clone()).map_err(|error| failed(error.to_string()))?;
        Ok(Self { users, user_ids, sessions, user_sessions, committer, _db: db })
    }
}

/// Makes the folder one that its owner alone can look into, wherever it lies: it holds the hashes of passwords.
fn make_private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// A process that was killed while it opened the store can leave an unfinished snapshot, which stops the next opening
/// (sled issues 1527, 1533). It holds nothing that the log does not.
fn remove_unfinished_snapshots(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Syncs what sled itself does not: its configuration, and the folders, so that the files in them are found after a loss
/// of power. Then starts the committer.
fn start_committer(folder: &Path, db: Db) -> io::Result<Committer> {
    File::open(folder.join("conf"))?.sync_all()?;
    let log = File::open(folder.join("db"))?;
    for folder in [Some(folder), folder.parent().filter(|parent| !parent.as_os_str().is_empty())].into_iter().flatten()
    {
        File::open(folder)?.sync_all()?;
    }
    Committer::start(move || {
        db.flush().map_err(io::Error::other)?;
        log.sync_data()
    })
}
