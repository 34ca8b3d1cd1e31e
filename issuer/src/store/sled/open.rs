//! Opens the embedded store: its folder, its locks, and the leftovers of a crash.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::DirBuilderExt as _,
    panic::{self, PanicHookInfo},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use ::sled::{Config, Db, Tree};

use super::{
    Committer, SledStore,
    commits::{Commits, Lost},
    room::{self, Room},
};
use crate::private_file;

/// sled's page cache, in bytes. The default of 1 GB is more than a small machine has.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// How often to retry a locked database. This process holds the folder's lock already, so that only ending threads of
/// sled can hold the file's lock.
const LOCK_ATTEMPTS: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// How long a new session waits for others to share a sync, while sign-ins queue. A sync takes more of the cores than the writes
/// that it makes durable, and delays the renewals that arrive meanwhile. Forty milliseconds are a few hashes, and a sign-in that
/// queued has waited for several.
const PATIENCE: Duration = Duration::from_millis(40);

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the store {} is in use: a running hallpass holds it", folder.display())]
    InUse { folder: PathBuf },
    #[error("the store {} is damaged: {reason}; restore a backup", folder.display())]
    Damaged { folder: PathBuf, reason: String },
    #[error(
        "the store {} has lost its last {commits} acknowledged commits: restore a backup, or remove {} \
         to continue without them",
        folder.display(), file.display()
    )]
    Lost { folder: PathBuf, commits: u64, file: PathBuf },
    #[error("the store {} cannot be opened: {reason}", folder.display())]
    Failed { folder: PathBuf, reason: String },
}

impl SledStore {
    /// Opens the store in `folder`, and creates it if the folder has none.
    pub(crate) fn open(folder: &Path) -> Result<Self, OpenError> {
        Self::open_watched(folder, || {})
    }

    /// Opens the store, and calls `before_sync` each time writes have reached the file and not yet the disk.
    pub(super) fn open_watched(folder: &Path, before_sync: impl Fn() + Send + 'static) -> Result<Self, OpenError> {
        let failed = |error: io::Error| OpenError::Failed { folder: folder.to_owned(), reason: error.to_string() };
        // The folder holds password hashes, and the files in it rely on its mode.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        private_file::make_private(folder).map_err(|error| failed(io::Error::other(error.to_string())))?;
        let lock = lock(folder)?;
        remove_unfinished_snapshots(folder).map_err(failed)?;
        settle_log(folder).map_err(failed)?;
        // sled panics on some damaged files.
        let (db, trees, commits) = panic::catch_unwind(|| open_database(folder)).unwrap_or_else(|_| {
            let reason = "sled cannot read its log".to_owned();
            Err(OpenError::Damaged { folder: folder.to_owned(), reason })
        })?;
        let [users, user_ids, sessions, user_sessions, keys] = trees;
        let committer = start_committer(folder, db.clone(), commits, before_sync).map_err(failed)?;
        let is_busy = Box::new(|| false);
        Ok(Self { users, user_ids, sessions, user_sessions, keys, committer, is_busy, _db: db, _lock: lock })
    }
}

/// Whether a panic comes from sled, which panics on a damaged file, for example. Each call of sled turns the panic into
/// an error, which is reported once.
pub(crate) fn is_engines(panic: &PanicHookInfo<'_>) -> bool {
    panic.location().is_some_and(|location| location.file().contains("/sled-0."))
}

/// Locks the folder for this process. sled locks its own file later; by then a second process could have removed files
/// that the first one needs.
fn lock(folder: &Path) -> Result<File, OpenError> {
    let failed = |error: io::Error| OpenError::Failed { folder: folder.to_owned(), reason: error.to_string() };
    let lock = File::open(folder).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// A process that was killed while it opened the store can leave an unfinished snapshot, which makes the next opening
/// fail (sled issues 1527, 1533). The log has all its data.
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

/// Makes an earlier process's log durable. A killed process leaves unsynced writes. This process reads them, answers
/// from them, and sled bases its snapshot on them.
fn settle_log(folder: &Path) -> io::Result<()> {
    let log = folder.join("db");
    match room::clear(&log).and_then(|()| File::open(log)?.sync_data()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        settled => settled,
    }
}

/// Opens the database, its trees, and the number of its last commit.
fn open_database(folder: &Path) -> Result<(Db, [Tree; 5], Commits), OpenError> {
    let failed = |error| from_sled(folder, error);
    let db = open_unlocked(folder)?;
    let tree = |name| db.open_tree(name).map_err(failed);
    let trees = [tree("users")?, tree("user_ids")?, tree("sessions")?, tree("user_sessions")?, tree("keys")?];
    let commits = Commits::open(&db, folder).map_err(failed)?;
    let lost = |Lost { commits, file }| OpenError::Lost { folder: folder.to_owned(), commits, file };
    Ok((db, trees, commits.map_err(lost)?))
}

fn open_unlocked(folder: &Path) -> Result<Db, OpenError> {
    let config = Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
    for _ in 0..LOCK_ATTEMPTS {
        match config.open() {
            // sled has no separate error for a file that another process has locked.
            Err(::sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                thread::sleep(LOCK_PAUSE);
            }
            opened => return opened.map_err(|error| from_sled(folder, error)),
        }
    }
    Err(OpenError::InUse { folder: folder.to_owned() })
}

fn from_sled(folder: &Path, error: ::sled::Error) -> OpenError {
    let folder = folder.to_owned();
    match error {
        ::sled::Error::Corruption { .. } => {
            OpenError::Damaged { folder, reason: "its files are inconsistent".to_owned() }
        }
        ::sled::Error::Io(error) => OpenError::Failed { folder, reason: error.to_string() },
        error => OpenError::Failed { folder, reason: error.to_string() },
    }
}

/// Syncs what sled does not sync: its configuration, and the folders, so that their files are found after a loss of
/// power. Then starts the committer.
fn start_committer(
    folder: &Path,
    db: Db,
    mut commits: Commits,
    before_sync: impl Fn() + Send + 'static,
) -> io::Result<Committer> {
    File::open(folder.join("conf"))?.sync_all()?;
    let log = File::open(folder.join("db"))?;
    let room = Room::open(&folder.join("db"))?;
    log.sync_data()?;
    for folder in [Some(folder), folder.parent().filter(|parent| !parent.as_os_str().is_empty())].into_iter().flatten()
    {
        File::open(folder)?.sync_all()?;
    }
    Committer::start(PATIENCE, move || {
        room.keep();
        commits.next()?;
        db.flush().map_err(io::Error::other)?;
        before_sync();
        log.sync_data()?;
        commits.note()
    })
}
