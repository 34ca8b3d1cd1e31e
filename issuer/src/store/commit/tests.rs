//! Who waits for which sync, with syncs that the tests hold up.

use std::{
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use super::*;

/// A record, where it does not matter which.
const KEYS: &[&str] = &["record"];

#[tokio::test]
async fn a_wait_ends_only_after_a_sync_that_began_after_the_write() {
    let (started, starts) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let committer = Committer::start(move || {
        started.send(()).unwrap();
        released.recv().map_err(io::Error::other)
    })
    .unwrap();
    committer.durable(committer.last_write()).await.unwrap();
    committer.write(KEYS, || ());
    starts.recv().unwrap();
    // This write comes while the first sync is under way, which therefore does not cover it.
    committer.write(KEYS, || ());
    let second = committer.durable(committer.last_write());
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
            committer.write(KEYS, || {
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
            futures_util::future::FutureExt::now_or_never(committer.durable(committer.last_write()));
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
    committer.durable(committer.last_write()).await.unwrap();
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_durable_any_more() {
    let committer = Committer::start(|| Err(io::Error::other("disk full"))).unwrap();
    committer.write(KEYS, || ());
    assert!(committer.durable(committer.last_write()).await.unwrap_err().to_string().contains("disk full"));
    assert!(committer.durable(committer.last_write()).await.is_err());
    assert!(committer.failed().await.to_string().contains("disk full"));
}

#[tokio::test]
async fn a_panic_is_a_failure_and_leaves_nobody_waiting() {
    let committer = Committer::start(|| panic!("on purpose")).unwrap();
    committer.write(KEYS, || ());
    assert!(committer.durable(committer.last_write()).await.unwrap_err().to_string().contains("panicked"));
    assert!(committer.failed().await.to_string().contains("panicked"));
}

#[tokio::test]
async fn a_write_that_panicked_counts_since_it_may_have_changed_something() {
    let (release, released) = mpsc::channel::<()>();
    let committer = Committer::start(move || released.recv().map_err(io::Error::other)).unwrap();
    let panicked = panic::catch_unwind(AssertUnwindSafe(|| committer.write(KEYS, || panic!("on purpose"))));
    assert!(panicked.is_err());
    let mut durable = std::pin::pin!(committer.durable(committer.last_write()));
    assert!(futures_util::future::FutureExt::now_or_never(durable.as_mut()).is_none());
    release.send(()).unwrap();
    durable.await.unwrap();
}

#[tokio::test]
async fn after_a_failure_no_sync_makes_anything_durable() {
    let committer = Committer::start(|| Ok(())).unwrap();
    committer.fail(StoreError::Engine("on purpose".to_owned()));
    committer.write(KEYS, || ());
    assert!(committer.durable(committer.last_write()).await.unwrap_err().to_string().contains("on purpose"));
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
    committer.write(KEYS, || ());
    drop(committer);
    assert_eq!(syncs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_read_waits_for_the_last_change_of_what_it_read_and_for_no_other() {
    let (started, starts) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let committer = Committer::start(move || {
        started.send(()).unwrap();
        released.recv().map_err(io::Error::other)
    })
    .unwrap();
    let done = |keys: &[&str]| {
        let position = committer.last_change(keys);
        futures_util::future::FutureExt::now_or_never(committer.durable(position)).is_some()
    };
    let ((), first) = committer.write(&["one", "two"], || ());
    starts.recv().unwrap();
    assert_eq!(
        [done(&["one"]), done(&["two"]), done(&["three"]), done(&["three", "two"])],
        [false, false, true, false]
    );
    let ((), second) = committer.write(&["three"], || ());
    assert!(!done(&["three"]));
    release.send(()).unwrap();
    committer.durable(first).await.unwrap();
    assert_eq!([done(&["one"]), done(&["two"]), done(&["three"])], [true, true, false]);
    release.send(()).unwrap();
    committer.durable(second).await.unwrap();
    assert!(done(&["three"]));
}

#[tokio::test]
async fn after_a_failure_nothing_is_read_that_was_durable_before() {
    let committer = Committer::start(|| Ok(())).unwrap();
    let ((), written) = committer.write(KEYS, || ());
    committer.durable(written).await.unwrap();
    committer.fail(StoreError::Engine("on purpose".to_owned()));
    assert!(committer.durable(written).await.is_err());
}
