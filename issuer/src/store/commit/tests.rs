//! Which task waits for which sync. The tests delay the syncs.

use std::{
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use super::*;

/// No write waits to share a sync.
const NONE: Duration = Duration::ZERO;

/// A patient write waits until the test ends.
const ENDLESS: Duration = Duration::from_hours(1);

/// Any record.
const KEYS: &[&str] = &["record"];

/// A committer that reports the start of each sync, and ends it when the test says so.
fn controlled() -> (Committer, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (started, starts) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let committer = Committer::start(NONE, move || {
        started.send(()).unwrap();
        released.recv().map_err(io::Error::other)
    });
    (committer.unwrap(), starts, release)
}

#[tokio::test]
async fn a_wait_ends_only_after_a_sync_that_began_after_the_write() {
    let (committer, starts, release) = controlled();
    committer.durable(committer.last_write()).await.unwrap();
    committer.write(KEYS, Urgency::Now, || ());
    starts.recv().unwrap();
    // The first sync began before this write and does not cover it.
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
async fn a_read_waits_for_the_write_that_it_depends_on() {
    let (committer, starts, release) = controlled();
    let committer = Arc::new(committer);
    // A writer that is delayed after its write took effect and before it is counted.
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
    // Without the lock the reader would find nothing to wait for and return immediately.
    assert!(has_read.recv_timeout(Duration::from_millis(300)).is_err());
    resume.send(()).unwrap();
    writer.join().unwrap();
    reader.join().unwrap();
    starts.recv().unwrap();
    release.send(()).unwrap();
    committer.durable(committer.last_write()).await.unwrap();
}

#[tokio::test]
async fn after_a_failed_sync_no_write_becomes_durable() {
    let committer = Committer::start(NONE, || Err(io::Error::other("disk full"))).unwrap();
    committer.write(KEYS, Urgency::Now, || ());
    assert!(committer.durable(committer.last_write()).await.unwrap_err().to_string().contains("disk full"));
    assert!(committer.durable(committer.last_write()).await.is_err());
    assert!(committer.failed().await.to_string().contains("disk full"));
}

#[tokio::test]
async fn a_panic_is_a_failure_and_leaves_no_task_waiting() {
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
async fn a_read_waits_only_for_the_last_change_of_its_records() {
    let (committer, starts, release) = controlled();
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
async fn after_a_failure_no_read_is_answered() {
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

/// Makes patient writes.
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
    // A read of durable data starts no sync.
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
