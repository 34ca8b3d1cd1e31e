//! Losses of power: acknowledged writes survive, whichever part of the unsynced data reaches the disk.
//!
//! At a loss of power the disk holds everything that the last completed `fdatasync` covered, and any part of the later
//! writes, in any order. The test copies the log before each sync and builds disks from the copies: the log of the
//! previous sync, with a random selection of the sectors that changed since, and either length. It does not cover a
//! disk that ignores a sync, or a sector that was written several times between two syncs and kept a middle version.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::future::join_all;
use hallpass_token::UnixSeconds;

use super::{super::*, copy};
use crate::{
    session::State,
    store::conformance::{ended, session, user},
};

/// The unit that a disk writes atomically, in bytes.
const SECTOR: usize = 512;

/// Concurrent writing tasks, and the steps of each.
const TASKS: u128 = 24;
const STEPS: u128 = 40;

/// The power is lost at every tenth sync.
const EVERY: usize = 10;

/// The acknowledged writes.
#[derive(Clone, Default)]
struct Acknowledged {
    /// Their last acknowledged state. The store may have a later change that was under way.
    sessions: HashMap<SessionId, Session>,
    removed: Vec<SessionId>,
    /// The count of each task's user.
    counts: HashMap<UserId, u64>,
}

/// A moment before a sync at which the power is lost.
struct Moment {
    /// The log that the previous sync covered.
    synced: Vec<u8>,
    /// The log as written.
    written: Vec<u8>,
    /// The file with the number of the last commit.
    commits: Vec<u8>,
    acknowledged: Acknowledged,
}

/// Runs before each sync and keeps some of the moments.
struct Watch {
    folder: PathBuf,
    acknowledged: Arc<Mutex<Acknowledged>>,
    syncs: AtomicUsize,
    synced: Mutex<Vec<u8>>,
    moments: Arc<Mutex<Vec<Moment>>>,
}

impl Watch {
    fn before_sync(&self) {
        // The acknowledged writes come first: a completed sync covers all of them.
        let acknowledged = self.acknowledged.lock().unwrap().clone();
        let written = fs::read(self.folder.join("db")).unwrap();
        let commits = fs::read(self.folder.join("commits")).unwrap();
        let synced = std::mem::replace(&mut *self.synced.lock().unwrap(), written.clone());
        if self.syncs.fetch_add(1, Ordering::SeqCst) % EVERY == EVERY - 1 {
            self.moments.lock().unwrap().push(Moment { synced, written, commits, acknowledged });
        }
    }
}

/// Pseudo-random numbers (xorshift64), the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// A log that a disk can hold: `synced`, with the new content of `written` in `parts` of four changed sectors.
fn disk(synced: &[u8], written: &[u8], parts: u64, dice: &mut Dice) -> Vec<u8> {
    let length = if dice.roll() % 4 < parts { written.len() } else { synced.len() };
    let mut disk = synced.to_vec();
    disk.resize(length, 0);
    for (old, new) in disk.chunks_mut(SECTOR).zip(written.chunks(SECTOR)) {
        if dice.roll() % 4 < parts {
            let length = old.len().min(new.len());
            old[..length].copy_from_slice(&new[..length]);
        }
    }
    disk
}

/// The work of a task: it adds, ends and removes sessions, and a user counts them.
async fn write(store: Arc<SledStore>, acknowledged: Arc<Mutex<Acknowledged>>, task: u128) {
    let mut counting = user(task, &format!("user{task}"));
    store.add_user(&counting).await.unwrap();
    for step in 0..STEPS {
        let stays = session(task, (task << 64) + 2 * step);
        let goes = session(task, (task << 64) + 2 * step + 1);
        store.add_session(&stays).await.unwrap();
        acknowledged.lock().unwrap().sessions.insert(stays.id, stays.clone());
        store.add_session(&goes).await.unwrap();
        acknowledged.lock().unwrap().sessions.insert(goes.id, goes.clone());
        let ended = ended(&stays);
        assert_eq!(store.swap_session(&stays, &ended).await.unwrap(), Swapped::Yes);
        acknowledged.lock().unwrap().sessions.insert(ended.id, ended);
        acknowledged.lock().unwrap().sessions.remove(&goes.id);
        assert_eq!(store.remove_session(&goes).await.unwrap(), Swapped::Yes);
        acknowledged.lock().unwrap().removed.push(goes.id);
        let counted = User { created_at: counting.created_at.saturating_add(1), ..counting.clone() };
        assert_eq!(store.swap_user(&counting, &counted).await.unwrap(), Swapped::Yes);
        acknowledged.lock().unwrap().counts.insert(counted.id, counted.created_at.seconds());
        counting = counted;
    }
}

/// The acknowledged writes that the store has neither in their acknowledged state nor in that of a write under way.
async fn losses(store: &SledStore, acknowledged: &Acknowledged) -> Vec<String> {
    let mut losses = Vec::new();
    for (user, count) in &acknowledged.counts {
        let counted = store.user(*user).await.unwrap().map_or(UnixSeconds::EPOCH, |user| user.created_at);
        if counted < UnixSeconds::new(*count).unwrap() {
            losses.push(format!("user {user} counts {counted}"));
        }
    }
    let users: HashSet<_> = acknowledged.sessions.values().map(|session| session.user).collect();
    let mut listed = HashMap::new();
    for user in users {
        listed.extend(store.sessions_of(user).await.unwrap().into_iter().map(|session| (session.id, session)));
    }
    for (id, expected) in &acknowledged.sessions {
        let found = listed.get(id);
        let may_have_ended = expected.state == State::Living && found == Some(&ended(expected));
        if found != Some(expected) && !may_have_ended {
            losses.push(format!("session {id} is {found:?}"));
        }
    }
    losses.extend(acknowledged.removed.iter().filter(|id| listed.contains_key(id)).map(|id| format!("{id} is back")));
    losses
}

/// Writes a disk's files and opens the store on them.
fn open_disk(folder: &Path, log: &[u8], commits: &[u8]) -> Result<(tempfile::TempDir, SledStore), OpenError> {
    let disk = tempfile::tempdir().unwrap();
    copy(folder, disk.path());
    fs::write(disk.path().join("db"), log).unwrap();
    fs::write(disk.path().join("commits"), commits).unwrap();
    let store = SledStore::open(disk.path())?;
    Ok((disk, store))
}

/// Writes with a [`Watch`], and returns the files around the log, and the moments.
async fn watched_load() -> (tempfile::TempDir, Vec<Moment>) {
    let folder = tempfile::tempdir().unwrap();
    drop(SledStore::open(folder.path()).unwrap());
    let (acknowledged, moments): (Arc<Mutex<Acknowledged>>, Arc<Mutex<Vec<Moment>>>) = Default::default();
    let watch = Watch {
        folder: folder.path().to_owned(),
        acknowledged: Arc::clone(&acknowledged),
        syncs: AtomicUsize::new(0),
        synced: Mutex::new(fs::read(folder.path().join("db")).unwrap()),
        moments: Arc::clone(&moments),
    };
    let store = SledStore::open_watched(folder.path(), move || watch.before_sync()).unwrap();
    // Every other new session shares a sync.
    let count = AtomicUsize::new(0);
    let store = Arc::new(store.sharing_syncs_when(move || count.fetch_add(1, Ordering::Relaxed) % 2 == 1));
    // The files around the log are written and synced only when the store opens.
    let surroundings = tempfile::tempdir().unwrap();
    copy(folder.path(), surroundings.path());
    let tasks = (0..TASKS).map(|task| tokio::spawn(write(Arc::clone(&store), Arc::clone(&acknowledged), task)));
    for ended in join_all(tasks).await {
        ended.unwrap();
    }
    let moments = std::mem::take(&mut *moments.lock().unwrap());
    assert!(moments.len() > 5, "{} moments", moments.len());
    (surroundings, moments)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_loss_of_power_at_any_sync_loses_nothing_acknowledged() {
    let (surroundings, moments) = watched_load().await;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for (index, moment) in moments.iter().enumerate() {
        // None of the unsynced sectors, some of them, or all.
        let log = disk(&moment.synced, &moment.written, index as u64 % 5, &mut dice);
        let (folder, store) = open_disk(surroundings.path(), &log, &moment.commits).unwrap();
        assert_eq!(losses(&store, &moment.acknowledged).await, Vec::<String>::new(), "at moment {index}");
        // A second loss while the store opens after the first one, before its snapshot is renamed.
        let opened = fs::read(folder.path().join("db")).unwrap();
        let log = disk(&log, &opened, index as u64 % 5, &mut dice);
        let (_folder, store) = open_disk(surroundings.path(), &log, &moment.commits).unwrap();
        assert_eq!(losses(&store, &moment.acknowledged).await, Vec::<String>::new(), "at moment {index}, opening");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_disk_that_forgot_a_sync_is_noticed() {
    let (surroundings, moments) = watched_load().await;
    let [earlier, .., later] = &moments[..] else { panic!("too few moments") };
    // The store detects it when it opens.
    let opened = open_disk(surroundings.path(), &earlier.written, &later.commits);
    assert!(matches!(opened.err(), Some(OpenError::Lost { .. })));
    // The test detects it when the store has no number to compare with.
    let (_disk, store) = open_disk(surroundings.path(), &earlier.written, &[]).unwrap();
    assert_ne!(losses(&store, &later.acknowledged).await, Vec::<String>::new());
}
