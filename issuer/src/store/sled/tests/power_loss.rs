//! Losses of power: whatever part of what was not synced reaches the disk, all that was acknowledged by then is there.
//!
//! At a loss of power the disk holds everything that the last completed `fdatasync` covered and, of what was written
//! since, any part that the kernel happened to write, in any order. So the test keeps what the log held before each sync,
//! and makes disks of it: the log as the sync before covered it, with some of the sectors that changed since, drawn at
//! random, and the length of either. What it cannot show is a disk that lies about a sync, and a sector that was written
//! several times between two syncs and stopped at one of the middle ones.

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

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// Tasks that write at once, and how often each does.
const TASKS: u128 = 24;
const STEPS: u128 = 40;

/// Every how many syncs the power is lost.
const EVERY: usize = 10;

/// What was acknowledged.
#[derive(Clone, Default)]
struct Acknowledged {
    /// As they were put last: a later change may be there too, since it was under way.
    sessions: HashMap<SessionId, Session>,
    removed: Vec<SessionId>,
    /// How far a task's user has counted.
    counts: HashMap<UserId, u64>,
}

/// A moment at which the power is lost: before a sync.
struct Moment {
    /// The log as the sync before has covered it.
    synced: Vec<u8>,
    /// The log as it is written.
    written: Vec<u8>,
    /// The number of the last commit, beside the log.
    commits: Vec<u8>,
    acknowledged: Acknowledged,
}

/// Looks on before each sync and keeps some of the moments.
struct Watch {
    folder: PathBuf,
    acknowledged: Arc<Mutex<Acknowledged>>,
    syncs: AtomicUsize,
    synced: Mutex<Vec<u8>>,
    moments: Arc<Mutex<Vec<Moment>>>,
}

impl Watch {
    fn before_sync(&self) {
        // First what was acknowledged: a sync that has ended covers all of it.
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

/// One of the logs that a disk can hold when it held `synced` for sure and `written` was under way: of `parts` in four of
/// the sectors that changed, the new content.
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

/// A task's life: sessions that come, end and go, and a user who counts them.
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

/// What was acknowledged and is not in the store, neither as it was nor as a write that was under way left it.
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

/// Lays a disk out and opens the store on it.
fn open_disk(folder: &Path, log: &[u8], commits: &[u8]) -> Result<(tempfile::TempDir, SledStore), OpenError> {
    let disk = tempfile::tempdir().unwrap();
    copy(folder, disk.path());
    fs::write(disk.path().join("db"), log).unwrap();
    fs::write(disk.path().join("commits"), commits).unwrap();
    let store = SledStore::open(disk.path())?;
    Ok((disk, store))
}

/// Writes under the eyes of a [`Watch`]: what surrounds the log, and the moments.
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
    let store = Arc::new(SledStore::open_watched(folder.path(), move || watch.before_sync()).unwrap());
    // What surrounds the log is written at the opening alone, and synced there.
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
        // Nothing of what was not synced, some of it, or all of it.
        let log = disk(&moment.synced, &moment.written, index as u64 % 5, &mut dice);
        let (folder, store) = open_disk(surroundings.path(), &log, &moment.commits).unwrap();
        assert_eq!(losses(&store, &moment.acknowledged).await, Vec::<String>::new(), "at moment {index}");
        // And once more, while the store was opened after the first loss, before its snapshot was in its place.
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
    // By the store itself, once it opens.
    let opened = open_disk(surroundings.path(), &earlier.written, &later.commits);
    assert!(matches!(opened.err(), Some(OpenError::Lost { .. })));
    // And by this test, where the store has nothing to compare its log with.
    let (_disk, store) = open_disk(surroundings.path(), &earlier.written, &[]).unwrap();
    assert_ne!(losses(&store, &later.acknowledged).await, Vec::<String>::new());
}
