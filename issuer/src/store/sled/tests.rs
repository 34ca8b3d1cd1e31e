//! Tests of the embedded store alone: its folder, and the leftovers of a crash.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use tempfile::TempDir;

use super::*;
use crate::{
    session::record::kept,
    store::{
        MAX_RECORD_BYTES,
        conformance::{Bench, conforms, copy, ended},
    },
};

mod growth;
mod power_loss;
mod room;
mod scale;

/// The folder of a store.
struct Folder(TempDir);

impl Bench for Folder {
    async fn open() -> (Self, Arc<dyn Store>) {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SledStore::open(folder.path()).unwrap());
        (Self(folder), store)
    }

    async fn crash(&mut self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        // The files before the store closes are what a killed process leaves.
        let left = tempfile::tempdir().unwrap();
        copy(self.0.path(), left.path());
        drop(store);
        self.0 = left;
        Arc::new(SledStore::open(self.0.path()).unwrap())
    }
}

conforms!(Folder);

#[test]
fn a_record_that_is_too_long_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    let refusal = put(&store.users, b"key", &[0; MAX_RECORD_BYTES]).unwrap_err();
    assert_eq!(refusal.to_string(), "a record has 4099 bytes; the store takes at most 4096");
    assert!(store.users.is_empty());
}

#[test]
fn new_sessions_share_syncs_while_sign_ins_queue_and_at_no_other_time() {
    let store = || SledStore::open(tempfile::tempdir().unwrap().path()).unwrap();
    assert_eq!(store().urgency_of_a_new_session(), Urgency::Now);
    for (is_busy, urgency) in [(true, Urgency::Shareable), (false, Urgency::Now)] {
        assert_eq!(store().sharing_syncs_when(move || is_busy).urgency_of_a_new_session(), urgency);
    }
}

#[tokio::test]
async fn a_session_of_an_earlier_build_is_read_and_swapped() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    let (id, record) = kept();
    store.write([], || put(&store.sessions, id.0.as_bytes(), &record)).await.unwrap();
    let session = store.session(id).await.unwrap().unwrap();
    assert_eq!(store.swap_session(&session, &ended(&session)).await.unwrap(), Swapped::Yes);
    assert_eq!(store.session(id).await.unwrap(), Some(ended(&session)));
}

#[tokio::test]
async fn the_longest_records_stay_in_the_log_that_is_synced() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    for round in 0..3 {
        for key in 0..100_u32 {
            let record = vec![round; MAX_RECORD_BYTES - 4];
            store.write([], || put(&store.users, &key.to_be_bytes(), &record)).await.unwrap();
        }
    }
    assert_eq!(fs::read_dir(folder.path().join("blobs")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_name_that_a_crash_left_without_a_user_is_assigned_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    let user = crate::store::conformance::user(1, "one");
    store.add_user(&user).await.unwrap();
    // A crash during a removal or an addition leaves this state.
    store.write([], || store.users.remove(user.id.0).map_err(engine)).await.unwrap();
    assert_eq!(store.user_named(&user.username).await.unwrap(), None);
    let next = crate::store::conformance::user(2, "one");
    assert_eq!(store.add_user(&next).await.unwrap(), Added::Yes);
    assert_eq!(store.user_named(&user.username).await.unwrap(), Some(next));
}

#[test]
fn a_store_that_another_process_holds_is_reported_as_in_use() {
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
fn an_existing_folder_becomes_private_to_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let _store = SledStore::open(folder.path()).unwrap();
    assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
}
