//! The preallocated space: it exists before each sync, is removed before sled opens the log, and never overwrites
//! sled's data.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use super::*;
use crate::store::conformance::session;

/// sled's segments.
const SEGMENT: usize = 512 * 1024;

/// The number of zero bytes at the end of the file.
fn zeros_at_the_end(folder: &Path) -> usize {
    fs::read(folder.join("db")).unwrap().iter().rev().take_while(|byte| **byte == 0).count()
}

#[tokio::test]
async fn no_sync_of_a_growing_log_waits_for_new_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let min_zeros = Arc::new(AtomicU64::new(u64::MAX));
    let before = folder.path().to_owned();
    let store = SledStore::open_watched(folder.path(), {
        let min_zeros = Arc::clone(&min_zeros);
        move || {
            min_zeros.fetch_min(zeros_at_the_end(&before) as u64, Ordering::SeqCst);
        }
    })
    .unwrap();
    let first = fs::metadata(folder.path().join("db")).unwrap().len();
    let mut id = 0;
    while fs::metadata(folder.path().join("db")).unwrap().len() < first + 6 * SEGMENT as u64 {
        let ids = id..id + 50;
        futures_util::future::join_all(ids.map(|id| {
            let store = &store;
            async move { store.add_session(&session(1, id)).await.unwrap() }
        }))
        .await;
        id += 50;
    }
    assert!(min_zeros.load(Ordering::SeqCst) > 0, "a sync began when the log had no preallocated space");
    drop(store);

    let store = SledStore::open(folder.path()).unwrap();
    let mut expected: Vec<_> = (0..id).map(|id| session(1, id)).collect();
    expected.sort_by_key(|session| session.id.0);
    assert_eq!(store.sessions_after(None, usize::MAX).await.unwrap(), expected);
}

#[tokio::test]
async fn a_log_does_not_grow_by_being_opened() {
    let folder = tempfile::tempdir().unwrap();
    let mut lengths = Vec::new();
    for id in 0..8 {
        let store = SledStore::open(folder.path()).unwrap();
        store.add_session(&session(1, id)).await.unwrap();
        drop(store);
        lengths.push(fs::metadata(folder.path().join("db")).unwrap().len());
    }
    assert!(lengths[1..].iter().all(|length| *length <= lengths[1]), "{lengths:?}");
    let store = SledStore::open(folder.path()).unwrap();
    assert_eq!(store.sessions_after(None, 100).await.unwrap().len(), 8);
}
