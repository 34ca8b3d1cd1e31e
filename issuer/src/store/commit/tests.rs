//! Who waits for which sync, with syncs that the tests hold up.

use std::{
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use super::*;

/// Where no write waits for others.
const NONE: Duration = Duration::ZERO;

/// Where one that does waits until the test is over.
const ENDLESS: Duration = Duration::from_hours(1);

/// A record, where it does not matter which.
const KEYS: &[&str] = &["record"];

#[tokio::test]
async fn a_wait_ends_only_after_a_sync_that_began_after_the_write() {
    let (started, starts) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let committer = Committer::start(NONE, move || {
        started.send(()).unwrap();
        released.recv().map_err(io::Error::other)
    })
    .unwrap();
    committer.durable(committer.last_write()).await.unwrap();
    committer.write(KEYS, Urgency::Now, || ());
    starts.recv().unwrap();
    // This write comes while the first sync is under way, which therefore does not cover it.
    committer.write(KEYS, Urgency::Now, || ());
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
        Committer::start(NONE, move || {
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
            committer.write(KEYS, Urgency::Now, || {
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
    let committer = Committer::start(NONE, || Err(io::Error::other("disk full"))).unwrap();
    committer.write(KEYS, Urgency::Now, || ());
    assert!(committer.durable(committer.last_write()).await.unwrap_err().to_string().contains("disk full"));
    assert!(committer.durable(committer.last_write()).await.is_err());
    assert!(committer.failed().await.to_string().contains("disk full"));
}

#[tokio::test]
async fn a_panic_is_a_failure_and_leaves_nobody_waiting() {
    let committer = Committer::start(NONE, || panic!("on purpose")).unwrap();
    committer.write(KEYS, Urgency::Now, || ());
    assert!(committer.durable(committer.last_write()).await.unwrap_err().to_string().contains("panicked"));
    assert!(committer.failed().await.to_string().contains("panicked"));
}

#[tokio::test]
async fn a_write_that_panicked_counts_since_it_may_have_changed_something() {
    let (release, released) = mpsc::channel::<()>();
    let committer = Committer::start(NONE, move || released.recv().map_err(io::Error::other)).unwrap();
    let panicked =
        panic::catch_unwind(AssertUnwindSafe(|| committer.write(KEYS, Urgency::Now, || panic!("on purpose"))));
    assert!(panicked.is_err());
    let mut durable = std::pin::pin!(committer.durable(committer.last_write()));
    assert!(futures_util::future::FutureExt::now_or_never(durable.as_mut()).is_none());
    release.send(()).unwrap();
    durable.await.unwrap();
}

#[tokio::test]
async fn after_a_failure_no_sync_makes_anything_durable() {
    let committer = Committer::start(NONE, || Ok(())).unwrap();
    committer.fail(StoreError::Engine("on purpose".to_owned()));
    committer.write(KEYS, Urgency::Now, || ());
    assert!(committer.durable(committer.last_write()).await.unwrap_err().to_string().contains("on purpose"));
}

#[test]
fn closing_makes_the_last_writes_durable() {
    let syncs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&syncs);
    let committer = Committer::start(NONE, move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    })
    .unwrap();
    committer.write(KEYS, Urgency::Now, || ());
    drop(committer);
    assert_eq!(syncs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_read_waits_for_the_last_change_of_what_it_read_and_for_no_other() {
    let (started, starts) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let committer = Committer::start(NONE, move || {
        started.send(()).unwrap();
        released.recv().map_err(io::Error::other)
    })
    .unwrap();
    let done = |keys: &[&str]| {
        let position = committer.last_change(keys);
        futures_util::future::FutureExt::now_or_never(committer.durable(position)).is_some()
    };
    let ((), first) = committer.write(&["one", "two"], Urgency::Now, || ());
    starts.recv().unwrap();
    assert_eq!(
        [done(&["one"]), done(&["two"]), done(&["three"]), done(&["three", "two"])],
        [false, false, true, false]
    );
    let ((), second) = committer.write(&["three"], Urgency::Now, || ());
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
    let committer = Committer::start(NONE, || Ok(())).unwrap();
    let ((), written) = committer.write(KEYS, Urgency::Now, || ());
    committer.durable(written).await.unwrap();
    committer.fail(StoreError::Engine("on purpose".to_owned()));
    assert!(committer.durable(written).await.is_err());
}

/// A committer that counts its syncs.
fn counting(patience: Duration) -> (Committer, Arc<AtomicU32>) {
    let syncs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&syncs);
    let sync = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    };
    (Committer::start(patience, sync).unwrap(), syncs)
}

/// Writes that can wait.
fn write_shareable<const N: usize>(committer: &Committer) -> [Position; N] {
    [(); N].map(|()| committer.write(KEYS, Urgency::Shareable, || ()).1)
}

#[tokio::test]
async fn an_urgent_write_shares_its_sync_with_the_waiting_ones() {
    let (committer, syncs) = counting(ENDLESS);
    let patient: [Position; 3] = write_shareable(&committer);
    let ((), urgent) = committer.write(KEYS, Urgency::Now, || ());
    for position in patient.into_iter().chain([urgent]) {
        committer.durable(position).await.unwrap();
    }
    assert_eq!(syncs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_read_ends_the_wait_of_what_it_read() {
    let (committer, syncs) = counting(ENDLESS);
    let [first, second] = write_shareable(&committer);
    committer.durable_now(first).await.unwrap();
    committer.durable(second).await.unwrap();
    assert_eq!(syncs.load(Ordering::SeqCst), 1);
    // What is durable already wants no sync for those who wait.
    let [third] = write_shareable(&committer);
    committer.durable_now(second).await.unwrap();
    assert!(futures_util::future::FutureExt::now_or_never(committer.durable(third)).is_none());
}

#[tokio::test]
async fn the_wait_ends_with_the_patience() {
    let (committer, _) = counting(Duration::from_millis(1));
    for _ in 0..3 {
        let [position] = write_shareable(&committer);
        committer.durable(position).await.unwrap();
    }
}

#[test]
fn closing_ends_the_wait_for_others() {
    let (committer, syncs) = counting(ENDLESS);
    let [_] = write_shareable(&committer);
    drop(committer);
    assert_eq!(syncs.load(Ordering::SeqCst), 1);
}
