//! Disk space and memory of the embedded store: measurements, run by hand in release mode, one process each.
//!
//! ```sh
//! cargo test --release -p hallpass-issuer growth::rotations -- --ignored --nocapture
//! cargo test --release -p hallpass-issuer growth::comings_and_goings -- --ignored --nocapture
//! cargo test --release -p hallpass-issuer growth::fill -- --ignored --nocapture
//! cargo test --release -p hallpass-issuer growth::open -- --ignored --nocapture
//! ```

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::future::join_all;

use super::super::*;
use crate::clock::Stopwatch;

const MILLION: u64 = 1_000_000;

/// The number of rotated sessions, and of concurrent tasks.
const ROTATED: u64 = 10_000;
const TASKS: u64 = 256;

/// The approximate size of a session's record with a label.
const RECORD_BYTES: usize = 280;

/// The folder of the million sessions between filling and opening.
fn million() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/a-million-sessions")
}

/// A record that cannot be compressed, different for each version.
fn record(index: u64, version: u64) -> [u8; RECORD_BYTES] {
    let mut state = index << 32 | version | 1;
    std::array::from_fn(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    })
}

/// An id that is distributed as random ids are.
fn id(index: u64) -> [u8; 16] {
    (u128::from(index) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes()
}

/// Writes one session as a sign-in or a rotation does, and waits for the disk.
async fn write(store: &SledStore, index: u64, version: u64) {
    let entry: Vec<u8> = id(index / 10).into_iter().chain(id(index)).collect();
    let change = || {
        if version == 0 {
            put(&store.user_sessions, &entry, &[])?;
        }
        put(&store.sessions, &id(index), &record(index, version))
    };
    store.write([], change).await.unwrap();
}

/// Runs `count` writes in concurrent tasks.
async fn write_all(store: &Arc<SledStore>, count: u64, at: impl Fn(u64) -> (u64, u64) + Copy + Send + Sync + 'static) {
    let tasks = (0..TASKS).map(|task| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            for step in (task..count).step_by(usize::try_from(TASKS).unwrap()) {
                let (index, version) = at(step);
                write(&store, index, version).await;
            }
        })
    });
    for ended in join_all(tasks).await {
        ended.unwrap();
    }
}

/// Bytes of all files below a folder.
pub(super) fn disk(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| if entry.path().is_dir() { disk(&entry.path()) } else { entry.metadata().unwrap().len() }).sum()
}

/// This process's memory in kilobytes (`proc(5)`): now, and the maximum so far.
fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let field = |name| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (field("VmRSS:"), field("VmHWM:"))
}

fn report(what: &str, folder: &Path, stopwatch: &Stopwatch) {
    let (now, max) = memory();
    let seconds = stopwatch.elapsed().as_secs_f64();
    let megabytes = disk(folder) / 1_000_000;
    println!("{what}: {megabytes} MB on disk, {} MB in memory, {} MB at max, {seconds:.2} s", now / 1000, max / 1000);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn rotations() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SledStore::open(folder.path()).unwrap());
    let stopwatch = Stopwatch::start();
    write_all(&store, ROTATED, |step| (step, 0)).await;
    report("10,000 sessions", folder.path(), &stopwatch);
    for round in 1..=10 {
        write_all(&store, MILLION / 5, move |step| (step % ROTATED, round * 1000 + step / ROTATED)).await;
        report(&format!("{},000 rotations", round * 200), folder.path(), &stopwatch);
    }
    drop(store);
    let stopwatch = Stopwatch::start();
    let _store = SledStore::open(folder.path()).unwrap();
    report("opened again", folder.path(), &stopwatch);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn comings_and_goings() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SledStore::open(folder.path()).unwrap());
    let stopwatch = Stopwatch::start();
    for round in 1..=10 {
        write_all(&store, MILLION / 10, move |step| (round * MILLION + step, 0)).await;
        report(&format!("{round}00,000 sessions came"), folder.path(), &stopwatch);
        store.write([], || remove_all(&store)).await.unwrap();
        report(&format!("{round}00,000 sessions went"), folder.path(), &stopwatch);
    }
}

/// Removes all sessions, as a sweep does.
fn remove_all(store: &SledStore) -> Result<(), StoreError> {
    for tree in [&store.sessions, &store.user_sessions] {
        for key in tree.iter().keys() {
            tree.remove(key.map_err(engine)?).map_err(engine)?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn fill() {
    drop(fs::remove_dir_all(million()));
    let store = Arc::new(SledStore::open(&million()).unwrap());
    let stopwatch = Stopwatch::start();
    write_all(&store, MILLION, |step| (step, 0)).await;
    report("a million sessions", &million(), &stopwatch);
}

#[tokio::test]
#[ignore = "a measurement"]
async fn open() {
    let (before, _) = memory();
    println!("before: {} MB in memory", before / 1000);
    let stopwatch = Stopwatch::start();
    let store = SledStore::open(&million()).unwrap();
    report("a million sessions, opened", &million(), &stopwatch);
    let stopwatch = Stopwatch::start();
    let found = store.scan(|| Ok(store.sessions.iter().flatten().count())).await.unwrap();
    report(&format!("{found} sessions, read one after the other"), &million(), &stopwatch);
}
