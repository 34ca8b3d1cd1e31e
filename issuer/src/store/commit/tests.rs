//! Who waits for which sync, with syncs that the tests hold up.

use std::{
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use super::*;

#[tokio::test]
async fn a_wait_ends_only_after_a_sync_that_began_after_the_write() {
    let (started, starts) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let committer = Committer::start(move || {
        started.send(()).unwrap();
        released.recv().map_err(io::Error::other)
    })
    .unwrap();
    committer.durable().await.unwrap();
    committer.write(|| ());
    starts.recv().unwrap();
    // This write comes while the first sync is under way, which therefore does not cover it.
    committer.write(|| ());
    let second = committer.durable();
    release.send(()).unwrap();
    starts.recv().unwrap();
    let mut second = std::pin::pin!(second);
    assert!(futures_util::future::FutureExt::now_or_never(second.as_mut()).is_none());
    release.send(()).unwrap();
    second.await.unwrap();
}

#[tokio::test]
async fn whoever_saw_a_write_waits_for_it() {
    let (started, starts) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let committer = Arc::new(
        Committer::start(move || {
            started.send(()).unwrap();
            released.recv().map_err(io::Error::other)
        })
        .unwrap(),
    );
    // A writer that is held up after its write took effect and before it is counted.
    let (entered, has_entered) = mpsc::channel();
    let (resume, resumed) = mpsc::channel::<()>();
    let writer = thread::spawn({
        let committer = Arc::clone(&committer);
        move || {
            committer.write(|| {
                entered.send(()).unwrap();
                resumed.recv().unwrap();
            });
        }
    });
    has_entered.recv().unwrap();
    let (read, has_read) = mpsc::channel();
    let reader = thread::spawn({
        let committer = Arc::clone(&committer);
        move || {
            futures_util::future::FutureExt::now_or_never(committer.durable());
            read.send(()).unwrap();
        }
    });
    // Without the lock the reader would find nothing to wait for, and be done at once.
    assert!(has_read.recv_timeout(Duration::from_millis(300)).is_err());
    resume.send(()).unwrap();
    writer.join().unwrap();
    reader.join().unwrap();
    starts.recv().unwrap();
    release.send(()).unwrap();
    committer.durable().await.unwrap();
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_durable_any_more() {
    let committer = Committer::start(|| Err(io::Error::other("disk full"))).unwrap();
    committer.write(|| ());
    assert!(committer.durable().await.unwrap_err().to_string().contains("disk full"));
    assert!(committer.durable().await.is_err());
    assert!(committer.failed().await.to_string().contains("disk full"));
}

#[tokio::test]
async fn a_panic_is_a_failure_and_leaves_nobody_waiting() {
    let committer = Committer::start(|| panic!("on purpose")).unwrap();
    committer.write(|| ());
    assert!(committer.durable().await.unwrap_err().to_string().contains("panicked"));
    assert!(committer.failed().await.to_string().contains("panicked"));
}

#[tokio::test]
async fn a_write_that_panicked_counts_since_it_may_have_changed_something() {
    let (release, released) = mpsc::channel::<()>();
    let committer = Committer::start(move || released.recv().map_err(io::Error::other)).unwrap();
    let panicked = panic::catch_unwind(AssertUnwindSafe(|| committer.write(|| panic!("on purpose"))));
    assert!(panicked.is_err());
    let mut durable = std::pin::pin!(committer.durable());
    assert!(futures_util::future::FutureExt::now_or_never(durable.as_mut()).is_none());
    release.send(()).unwrap();
    durable.await.unwrap();
}

#[tokio::test]
async fn after_a_failure_no_sync_makes_anything_durable() {
    let committer = Committer::start(|| Ok(())).unwrap();
    committer.fail(StoreError::Engine("on purpose".to_owned()));
    committer.write(|| ());
    assert!(committer.durable().await.unwrap_err().to_string().contains("on purpose"));
}

#[test]
fn closing_makes_the_last_writes_durable() {
    let syncs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&syncs);
    let committer = Committer::start(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    })
    .unwrap();
    committer.write(|| ());
    drop(committer);
    assert_eq!(syncs.load(Ordering::SeqCst), 1);
}
