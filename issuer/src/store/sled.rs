//! The embedded store, on sled: for one issuer on one machine.
//!
//! sled's own flush does not reach the disk on Linux (it ends in `sync_file_range`), so a committer of ours flushes and
//! then calls `fdatasync` on sled's log before a write is answered.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use ::sled::{Db, Tree};

use super::{Added, Store, StoreError, StoreFailure, StoreFuture, Swapped, commit::Committer};
use crate::{
    id::{SessionId, UserId},
    session::{self, Session},
    user::{self, User, Username},
};

/// Pages kept in memory, in bytes. sled's default of 1 GB is more than a small machine has.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Users by id, ids by username, sessions by id, in a folder that one process holds at a time.
pub(crate) struct SledStore {
    users: Tree,
    user_ids: Tree,
    sessions: Tree,
    /// Dropped last but for the database: the last writes become durable before the folder is let go.
    committer: Committer,
    _db: Db,
}

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
        let (users, user_ids, sessions) = (tree("users")?, tree("user_ids")?, tree("sessions")?);
        let committer = start_committer(folder, db.clone()).map_err(|error| failed(error.to_string()))?;
        Ok(Self { users, user_ids, sessions, committer, _db: db })
    }

    /// Whether nobody has ever been added.
    pub(crate) fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Reads one record once it is durable.
    async fn read(&self, tree: &Tree, key: &[u8]) -> Result<Option<::sled::IVec>, StoreError> {
        let record = tree.get(key).map_err(engine)?;
        self.committer.durable().await?;
        Ok(record)
    }

    async fn read_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let record = self.read(&self.users, id.0.as_bytes()).await?;
        record.map(|record| user::record::decode(id, &record).map_err(unreadable)).transpose()
    }

    /// Puts a record where there is none, and waits until it is durable. Says whether the place was free.
    async fn put_new(&self, tree: &Tree, key: &[u8], record: &[u8]) -> Result<bool, StoreError> {
        let swap = self.committer.write(|| tree.compare_and_swap(key, None::<&[u8]>, Some(record)));
        self.committer.durable().await?;
        Ok(swap.map_err(engine)?.is_ok())
    }
}

impl Store for SledStore {
    fn failed(&self) -> StoreFailure {
        Box::pin(self.committer.failed())
    }

    fn user(&self, id: UserId) -> StoreFuture<'_, Option<User>> {
        Box::pin(self.read_user(id))
    }

    fn user_named<'s>(&'s self, username: &'s Username) -> StoreFuture<'s, Option<User>> {
        Box::pin(async {
            let Some(id) = self.read(&self.user_ids, username.as_str().as_bytes()).await? else { return Ok(None) };
            let id = uuid::Uuid::from_slice(&id).map_err(unreadable)?;
            self.read_user(UserId(id)).await
        })
    }

    fn add_user<'s>(&'s self, user: &'s User) -> StoreFuture<'s, Added> {
        Box::pin(async {
            let record = user::record::encode(user).map_err(unreadable)?;
            // The record first: a crash between the two leaves a record that no name leads to, which harms nobody,
            // where a name without a record could never be given out again.
            self.put_new(&self.users, user.id.0.as_bytes(), &record).await?;
            let name = user.username.as_str().as_bytes();
            if self.put_new(&self.user_ids, name, user.id.0.as_bytes()).await? {
                return Ok(Added::Yes);
            }
            self.committer.write(|| self.users.remove(user.id.0.as_bytes())).map_err(engine)?;
            self.committer.durable().await?;
            Ok(Added::UsernameTaken)
        })
    }

    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<Session>> {
        Box::pin(async move {
            let record = self.read(&self.sessions, id.0.as_bytes()).await?;
            record.map(|record| session::record::decode(id, &record).map_err(unreadable)).transpose()
        })
    }

    fn add_session<'s>(&'s self, session: &'s Session) -> StoreFuture<'s, ()> {
        Box::pin(async {
            let added =
                self.put_new(&self.sessions, session.id.0.as_bytes(), &session::record::encode(session)).await?;
            if added { Ok(()) } else { Err(StoreError::Engine("a session's random id was drawn twice".to_owned())) }
        })
    }

    fn swap_session<'s>(&'s self, old: &'s Session, new: &'s Session) -> StoreFuture<'s, Swapped> {
        Box::pin(async {
            let (old_record, new_record) = (session::record::encode(old), session::record::encode(new));
            let (from, to) = (Some(&old_record[..]), Some(&new_record[..]));
            let swap = self.committer.write(|| self.sessions.compare_and_swap(old.id.0.as_bytes(), from, to));
            self.committer.durable().await?;
            Ok(if swap.map_err(engine)?.is_ok() { Swapped::Yes } else { Swapped::Conflict })
        })
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

fn engine(error: ::sled::Error) -> StoreError {
    StoreError::Engine(error.to_string())
}

fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Record(error.to_string())
}

#[cfg(test)]
mod tests {
    use hallpass_token::UnixSeconds;
    use uuid::Uuid;

    use super::*;
    use crate::{refresh_token::RefreshToken, session::Transport};

    fn user(id: u128, username: &str) -> User {
        User {
            id: UserId(Uuid::from_u128(id)),
            username: username.parse().unwrap(),
            password: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo".parse().unwrap(),
            roles: user::Roles::default(),
            created_at: UnixSeconds::EPOCH,
        }
    }

    fn session(id: u128) -> Session {
        let token = RefreshToken::new(SessionId(Uuid::from_u128(id)), [1; 32]);
        Session::begin(UserId(Uuid::from_u128(1)), Transport::Cookie, &token, UnixSeconds::EPOCH)
    }

    #[tokio::test]
    async fn what_was_written_is_read_also_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        assert_eq!(store.add_user(&user(1, "one")).await.unwrap(), Added::Yes);
        store.add_session(&session(7)).await.unwrap();
        drop(store);
        let store = SledStore::open(folder.path()).unwrap();
        assert_eq!(store.user(user(1, "one").id).await.unwrap(), Some(user(1, "one")));
        assert_eq!(store.user_named(&"one".parse().unwrap()).await.unwrap(), Some(user(1, "one")));
        assert_eq!(store.user_named(&"two".parse().unwrap()).await.unwrap(), None);
        assert_eq!(store.session(session(7).id).await.unwrap(), Some(session(7)));
    }

    #[tokio::test]
    async fn a_username_is_given_out_once_and_the_loser_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        store.add_user(&user(1, "one")).await.unwrap();
        assert_eq!(store.add_user(&user(2, "one")).await.unwrap(), Added::UsernameTaken);
        assert_eq!(store.user(user(2, "one").id).await.unwrap(), None);
        assert_eq!(store.user_named(&"one".parse().unwrap()).await.unwrap(), Some(user(1, "one")));
    }

    #[tokio::test]
    async fn of_two_swaps_from_one_record_one_wins() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        store.add_session(&session(7)).await.unwrap();
        let ended = session(7).end().unwrap();
        assert_eq!(store.swap_session(&session(7), &ended).await.unwrap(), Swapped::Yes);
        assert_eq!(store.swap_session(&session(7), &ended).await.unwrap(), Swapped::Conflict);
        assert_eq!(store.session(ended.id).await.unwrap(), Some(ended));
    }

    #[test]
    fn a_store_that_is_held_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let _held = SledStore::open(folder.path()).unwrap();
        assert!(matches!(SledStore::open(folder.path()), Err(OpenError::InUse { .. })));
    }

    #[test]
    fn an_unfinished_snapshot_does_not_stop_the_next_opening() {
        let folder = tempfile::tempdir().unwrap();
        drop(SledStore::open(folder.path()).unwrap());
        let leftover = folder.path().join("snap.0000000000000BAD.generating");
        fs::write(&leftover, b"half").unwrap();
        SledStore::open(folder.path()).unwrap();
        assert!(!leftover.exists());
    }

    #[test]
    fn nobody_else_can_look_into_the_folder_even_where_it_was_there_before() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let _store = SledStore::open(folder.path()).unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
