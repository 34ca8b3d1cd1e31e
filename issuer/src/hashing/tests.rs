//! Real hashes on real threads.

use std::{num::NonZero, sync::Arc};

use super::*;
use crate::metrics::Metrics;

fn settings() -> Settings {
    Settings {
        parameters: Parameters::FLOOR,
        workers: NonZero::<usize>::MIN,
        limit: CostLimit::default(),
        deadline: Duration::from_secs(20),
    }
}

fn password(text: &str) -> Password {
    Password::parse(text.to_owned()).unwrap()
}

/// The value of a counter.
fn counted(metrics: &Metrics, name: &str) -> u64 {
    let text = metrics.to_text().unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    line.map_or(0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn a_password_matches_its_own_hash_and_never_a_decoy() {
    let hashing = Hashing::start(&settings(), Metrics::new().hashing).unwrap();
    let guard = ConnectionGuard::new();
    let requester = HashRequester { lane: Lane::Known, connection: guard.watch() };
    let hash = hash_at_once(&password("correct horse").normalised(), Parameters::FLOOR).unwrap();
    let check =
        async |text, hash, decoy| hashing.verify(&requester, password(text), hash, decoy).await.unwrap().is_match;
    assert!(check("correct horse", Some(&hash), None).await);
    assert!(!check("correct horsf", Some(&hash), None).await);
    assert!(!check("correct horse", None, Some(&hash)).await, "a decoy matches no password");
    assert!(!check("correct horse", None, None).await);
}

#[tokio::test]
async fn a_hash_beyond_the_cost_limit_matches_no_password_and_is_not_computed() {
    let hashing = Hashing::start(&settings(), Metrics::new().hashing).unwrap();
    let guard = ConnectionGuard::new();
    let requester = HashRequester { lane: Lane::Known, connection: guard.watch() };
    let expensive = "$2b$31$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKfO".parse().unwrap();
    let expensive = Credential::imported(expensive);
    assert!(!hashing.verify(&requester, password("x"), Some(&expensive), Some(&expensive)).await.unwrap().is_match);
    assert!(
        hashing.replace(&requester, password("x"), &expensive, password("y").normalised()).await.unwrap().is_none()
    );
}

#[tokio::test]
async fn no_hash_is_made_for_a_client_that_closed_its_connection() {
    let metrics = Metrics::new();
    let hashing = Arc::new(Hashing::start(&settings(), metrics.hashing.clone()).unwrap());
    let hashes_at_start = counted(&metrics, "hallpass_hash_time_seconds_count");
    let guard = ConnectionGuard::new();
    let connection = guard.watch();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let hashing = Arc::clone(&hashing);
            let requester = HashRequester { lane: Lane::Unknown, connection: connection.clone() };
            tokio::spawn(async move { hashing.verify(&requester, password("x"), None, None).await })
        })
        .collect();
    // The first poll of each submits its job. The test's thread and the worker's run at the same time.
    tokio::task::yield_now().await;
    drop(guard);
    for task in tasks {
        assert!(matches!(task.await.unwrap(), Ok(Verified { is_match: false, .. }) | Err(HashingError::ClientGone)));
    }
    // The worker reaches the canceled jobs before this one.
    let open = ConnectionGuard::new();
    let requester = HashRequester { lane: Lane::Unknown, connection: open.watch() };
    hashing.verify(&requester, password("x"), None, None).await.unwrap();
    let hashes = counted(&metrics, "hallpass_hash_time_seconds_count") - hashes_at_start;
    let canceled = counted(&metrics, "hallpass_hash_dropped_total{reason=\"client_gone\"}");
    assert!(canceled >= 6 && hashes + canceled == 9, "{canceled} canceled, {hashes} hashes");
}

#[tokio::test]
async fn a_job_that_panics_returns_an_error_and_the_worker_continues() {
    let hashing = Hashing::start(&settings(), Metrics::new().hashing).unwrap();
    let guard = ConnectionGuard::new();
    let requester = HashRequester { lane: Lane::Known, connection: guard.watch() };
    let panicked: Result<((), ()), _> = hashing.run(&requester, 1, (), |_, ()| panic!("on purpose")).await;
    assert!(matches!(panicked, Err(HashingError::Ended)));
    assert!(hashing.run(&requester, 1, (), |_, ()| Ok(())).await.is_ok());
}

#[tokio::test]
async fn an_imported_hash_is_made_again() {
    let hashing = Hashing::start(&settings(), Metrics::new().hashing).unwrap();
    let foreign = "$2y$05$abcdefghijklmnopqrstuuLbuvdZuWDkBBZreahMpYPgfZzKA2Owe".parse().unwrap();
    let foreign = Credential::imported(foreign);
    assert!(hashing.is_outdated(&foreign));
    let hash = hashing.rehash(&foreign, password("correct horse")).await.unwrap().unwrap();
    assert!(!hashing.is_outdated(&hash));
}

#[tokio::test]
async fn an_imported_hash_with_our_parameters_is_kept() {
    let metrics = Metrics::new();
    let hashing = Hashing::start(&settings(), metrics.hashing.clone()).unwrap();
    let hash = hash_at_once(&password("correct horse").normalised(), Parameters::FLOOR).unwrap().hash;
    let hashes = counted(&metrics, "hallpass_hash_time_seconds_count");
    let imported = Credential::imported(hash.clone());
    assert!(hashing.is_outdated(&imported));
    let kept = hashing.rehash(&imported, password("correct horse")).await.unwrap().unwrap();
    assert!(kept.hash == hash && !hashing.is_outdated(&kept));
    assert_eq!(counted(&metrics, "hallpass_hash_time_seconds_count"), hashes);
}

#[tokio::test]
async fn other_workers_take_over_the_jobs_behind_a_slow_hash() {
    let two = Settings { workers: NonZero::new(2).unwrap(), ..settings() };
    let hashing = Arc::new(Hashing::start(&two, Metrics::new().hashing).unwrap());
    let guard = ConnectionGuard::new();
    let requester = HashRequester { lane: Lane::Known, connection: guard.watch() };
    let (release, released) = std::sync::mpsc::channel::<()>();
    // A job that holds its thread until the others are done. They are more than both threads are assigned at once.
    let slow = tokio::spawn({
        let hashing = Arc::clone(&hashing);
        let requester = requester.clone();
        async move { hashing.run(&requester, 1, released, |_, released| Ok(released.recv())).await }
    });
    tokio::task::yield_now().await;
    let others = (0..6).map(|_| hashing.verify(&requester, password("x"), None, None));
    let others = time::timeout(Duration::from_secs(15), futures_util::future::join_all(others)).await;
    assert!(others.unwrap().iter().all(Result::is_ok));
    release.send(()).unwrap();
    assert!(slow.await.unwrap().is_ok());
}

#[tokio::test]
async fn at_the_deadline_a_client_is_refused_although_no_thread_is_free() {
    let metrics = Metrics::new();
    let settings = Settings { deadline: Duration::from_secs(1), ..settings() };
    let hashing = Arc::new(Hashing::start(&settings, metrics.hashing.clone()).unwrap());
    let guard = ConnectionGuard::new();
    let requester = |lane| HashRequester { lane, connection: guard.watch() };
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = oneshot::channel();
    let stuck = tokio::spawn({
        let hashing = Arc::clone(&hashing);
        let requester = requester(Lane::Known);
        let subject = (std::sync::Mutex::new(Some(begun)), released);
        async move {
            hashing
                .run(&requester, 1, subject, |_, (begun, released)| {
                    begun.lock().unwrap().take().unwrap().send(()).unwrap();
                    Ok(released.recv())
                })
                .await
        }
    });
    has_begun.await.unwrap();
    // One job is assigned to the thread as its next, and one more waits in each lane.
    let lanes = [Lane::Unknown, Lane::Known, Lane::Unknown].map(requester);
    let waiting = lanes.iter().map(|requester| hashing.verify(requester, password("x"), None, None));
    let waiting = time::timeout(Duration::from_mins(1), futures_util::future::join_all(waiting)).await;
    for refused in waiting.expect("an answer while the thread is still busy") {
        assert!(matches!(refused, Err(HashingError::Overloaded { .. })));
    }
    assert_eq!(counted(&metrics, "hallpass_hash_dropped_total{reason=\"late\"}"), 3);
    for lane in ["known", "unknown"] {
        assert_eq!(counted(&metrics, &format!("hallpass_hash_queue_length{{lane=\"{lane}\"}}")), 0);
    }
    // A begun job is answered, however long it takes.
    release.send(()).unwrap();
    assert!(stuck.await.unwrap().is_ok());
    assert!(hashing.verify(&requester(Lane::Unknown), password("x"), None, None).await.is_ok());
}

/// A job that holds its thread until it is released, and reports that a thread has begun it.
struct Held {
    release: std::sync::mpsc::Sender<()>,
    has_begun: oneshot::Receiver<()>,
    answered: tokio::task::JoinHandle<bool>,
}

fn hold(hashing: &Arc<Hashing>, requester: &HashRequester) -> Held {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = oneshot::channel();
    let hashing = Arc::clone(hashing);
    let requester = requester.clone();
    let subject = (std::sync::Mutex::new(Some(begun)), released);
    let answered = tokio::spawn(async move {
        let work: HashFn<_, _> = |_, (begun, released): &(std::sync::Mutex<Option<oneshot::Sender<()>>>, _)| {
            begun.lock().unwrap().take().unwrap().send(()).unwrap();
            let released: &std::sync::mpsc::Receiver<()> = released;
            Ok(released.recv())
        };
        hashing.run(&requester, 1, subject, work).await.is_ok()
    });
    Held { release, has_begun, answered }
}

#[tokio::test]
async fn a_begun_job_of_a_closed_connection_returns_its_result() {
    let metrics = Metrics::new();
    let hashing = Arc::new(Hashing::start(&settings(), metrics.hashing.clone()).unwrap());
    let guard = ConnectionGuard::new();
    let held = hold(&hashing, &HashRequester { lane: Lane::Known, connection: guard.watch() });
    held.has_begun.await.unwrap();
    drop(guard);
    tokio::task::yield_now().await;
    held.release.send(()).unwrap();
    assert!(held.answered.await.unwrap());
    assert_eq!(counted(&metrics, "hallpass_hash_dropped_total{reason=\"client_gone\"}"), 0);
}

#[tokio::test]
async fn in_a_flood_of_expensive_imported_hashes_known_devices_keep_two_thirds_of_the_time() {
    let patient = Settings { deadline: Duration::from_hours(1), ..settings() };
    let hashing = Arc::new(Hashing::start(&patient, Metrics::new().hashing).unwrap());
    let guard = ConnectionGuard::new();
    let requester = |lane| HashRequester { lane, connection: guard.watch() };
    let held = hold(&hashing, &requester(Lane::Known));
    held.has_begun.await.unwrap();
    // One counts as more than ten of our own.
    let expensive: Credential =
        Credential::imported("$2b$12$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKfO".parse().unwrap());
    let done = std::sync::Mutex::new(Vec::new());
    let lanes = [[Lane::Known; 12].as_slice(), &[Lane::Unknown; 3]].concat();
    let waiting = lanes.iter().map(async |lane| {
        let decoy = (*lane == Lane::Unknown).then_some(&expensive);
        hashing.verify(&requester(*lane), password("x"), None, decoy).await.unwrap();
        done.lock().unwrap().push(*lane);
    });
    let all = futures_util::future::join(futures_util::future::join_all(waiting), async {
        held.release.send(()).unwrap();
    });
    all.await;
    let done = done.into_inner().unwrap();
    let unknown: Vec<_> = (0..).zip(&done).filter(|(_, lane)| **lane == Lane::Unknown).map(|(at, _)| at).collect();
    // The first of them counts as more than twelve of the known devices'.
    assert!(unknown[1] >= 12, "{done:?}");
}
