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

/// How often that was counted.
fn counted(metrics: &Metrics, name: &str) -> u64 {
    let text = metrics.to_text().unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    line.map_or(0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn a_password_fits_its_own_hash_and_no_other_and_never_nobodys() {
    let (hashing, here) = (Hashing::start(&settings(), Metrics::new().hashing).unwrap(), ConnectionGuard::new());
    let requester = HashRequester { lane: Lane::Known, connection: here.watch() };
    let hash = hash_at_once(&password("correct horse").normalised(), Parameters::FLOOR).unwrap();
    let check = async |text, hash, decoy| hashing.verify(&requester, password(text), hash, decoy).await.unwrap().fits;
    assert!(check("correct horse", Some(&hash), None).await);
    assert!(!check("correct horsf", Some(&hash), None).await);
    assert!(!check("correct horse", None, Some(&hash)).await, "a decoy lets nobody in");
    assert!(!check("correct horse", None, None).await);
}

#[tokio::test]
async fn a_hash_that_is_too_costly_fits_no_password_and_takes_no_long_time() {
    let (hashing, here) = (Hashing::start(&settings(), Metrics::new().hashing).unwrap(), ConnectionGuard::new());
    let requester = HashRequester { lane: Lane::Known, connection: here.watch() };
    let costly = "$2b$31$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKfO".parse().unwrap();
    let costly = Credential::imported(costly);
    assert!(!hashing.verify(&requester, password("x"), Some(&costly), Some(&costly)).await.unwrap().fits);
    assert!(hashing.replace(&requester, password("x"), &costly, password("y").normalised()).await.unwrap().is_none());
}

#[tokio::test]
async fn nobody_hashes_for_a_client_that_is_closed() {
    let metrics = Metrics::new();
    let hashing = Arc::new(Hashing::start(&settings(), metrics.hashing.clone()).unwrap());
    let hashes_at_start = counted(&metrics, "hallpass_hash_time_seconds_count");
    let here = ConnectionGuard::new();
    let connection = here.watch();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (hashing, requester) =
                (Arc::clone(&hashing), HashRequester { lane: Lane::Unknown, connection: connection.clone() });
            tokio::spawn(async move { hashing.verify(&requester, password("x"), None, None).await })
        })
        .collect();
    // The first poll of each lets it wait; the threads of the test and of the worker run beside each other.
    tokio::task::yield_now().await;
    drop(here);
    for task in tasks {
        assert!(matches!(task.await.unwrap(), Ok(Checked { fits: false, .. }) | Err(HashingError::ClientGone)));
    }
    // The worker comes past those who have gone before it does anything else.
    let stays = ConnectionGuard::new();
    let requester = HashRequester { lane: Lane::Unknown, connection: stays.watch() };
    hashing.verify(&requester, password("x"), None, None).await.unwrap();
    let hashes = counted(&metrics, "hallpass_hash_time_seconds_count") - hashes_at_start;
    let gone = counted(&metrics, "hallpass_hash_dropped_total{reason=\"client_gone\"}");
    assert!(gone >= 6 && hashes + gone == 9, "{gone} gone, {hashes} hashes");
}

#[tokio::test]
async fn work_that_panics_answers_an_error_and_the_worker_goes_on() {
    let (hashing, here) = (Hashing::start(&settings(), Metrics::new().hashing).unwrap(), ConnectionGuard::new());
    let requester = HashRequester { lane: Lane::Known, connection: here.watch() };
    let panicked: Result<((), ()), _> = hashing.run(&requester, 1, (), |_, ()| panic!("on purpose")).await;
    assert!(matches!(panicked, Err(HashingError::Ended)));
    assert!(hashing.run(&requester, 1, (), |_, ()| Ok(())).await.is_ok());
}

#[tokio::test]
async fn a_hash_that_nobody_waits_for_is_made_too() {
    let hashing = Hashing::start(&settings(), Metrics::new().hashing).unwrap();
    let foreign = "$2y$05$abcdefghijklmnopqrstuuLbuvdZuWDkBBZreahMpYPgfZzKA2Owe".parse().unwrap();
    let foreign = Credential::imported(foreign);
    assert!(hashing.is_outdated(&foreign));
    let hash = hashing.rewrite(&foreign, password("correct horse")).await.unwrap().unwrap();
    assert!(!hashing.is_outdated(&hash));
}

#[tokio::test]
async fn a_hash_from_elsewhere_that_is_as_good_as_ours_is_kept_without_another() {
    let metrics = Metrics::new();
    let hashing = Hashing::start(&settings(), metrics.hashing.clone()).unwrap();
    let hash = hash_at_once(&password("correct horse").normalised(), Parameters::FLOOR).unwrap().hash;
    let hashes = counted(&metrics, "hallpass_hash_time_seconds_count");
    let imported = Credential::imported(hash.clone());
    assert!(hashing.is_outdated(&imported));
    let kept = hashing.rewrite(&imported, password("correct horse")).await.unwrap().unwrap();
    assert!(kept.hash == hash && !hashing.is_outdated(&kept));
    assert_eq!(counted(&metrics, "hallpass_hash_time_seconds_count"), hashes);
}

#[tokio::test]
async fn of_what_a_slow_hash_holds_up_others_take_over() {
    let two = Settings { workers: NonZero::new(2).unwrap(), ..settings() };
    let (hashing, here) = (Arc::new(Hashing::start(&two, Metrics::new().hashing).unwrap()), ConnectionGuard::new());
    let requester = HashRequester { lane: Lane::Known, connection: here.watch() };
    let (release, released) = std::sync::mpsc::channel::<()>();
    // What holds its thread until the others are done, and more of them than both threads are given at once.
    let slow = tokio::spawn({
        let (hashing, requester) = (Arc::clone(&hashing), requester.clone());
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
async fn at_the_deadline_a_client_is_refused_though_no_thread_is_ever_free() {
    let metrics = Metrics::new();
    let settings = Settings { deadline: Duration::from_secs(1), ..settings() };
    let (hashing, here) =
        (Arc::new(Hashing::start(&settings, metrics.hashing.clone()).unwrap()), ConnectionGuard::new());
    let requester = |lane| HashRequester { lane, connection: here.watch() };
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = oneshot::channel();
    let stuck = tokio::spawn({
        let (hashing, requester) = (Arc::clone(&hashing), requester(Lane::Known));
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
    // The thread is given the next one to go on with, and one more waits in each lane.
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
    // What a thread has begun is answered, however long it takes.
    release.send(()).unwrap();
    assert!(stuck.await.unwrap().is_ok());
    assert!(hashing.verify(&requester(Lane::Unknown), password("x"), None, None).await.is_ok());
}

/// What holds its thread until it is released, and tells when a thread has begun it.
struct Held {
    release: std::sync::mpsc::Sender<()>,
    has_begun: oneshot::Receiver<()>,
    answered: tokio::task::JoinHandle<bool>,
}

fn hold(hashing: &Arc<Hashing>, requester: &HashRequester) -> Held {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = oneshot::channel();
    let (hashing, requester) = (Arc::clone(hashing), requester.clone());
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
async fn what_was_begun_for_a_client_that_hangs_up_is_answered_so_that_it_is_counted() {
    let metrics = Metrics::new();
    let (hashing, here) =
        (Arc::new(Hashing::start(&settings(), metrics.hashing.clone()).unwrap()), ConnectionGuard::new());
    let held = hold(&hashing, &HashRequester { lane: Lane::Known, connection: here.watch() });
    held.has_begun.await.unwrap();
    drop(here);
    tokio::task::yield_now().await;
    held.release.send(()).unwrap();
    assert!(held.answered.await.unwrap());
    assert_eq!(counted(&metrics, "hallpass_hash_dropped_total{reason=\"client_gone\"}"), 0);
}

#[tokio::test]
async fn in_a_flood_of_costly_imported_hashes_known_devices_keep_two_thirds_of_the_time() {
    let patient = Settings { deadline: Duration::from_hours(1), ..settings() };
    let (hashing, here) = (Arc::new(Hashing::start(&patient, Metrics::new().hashing).unwrap()), ConnectionGuard::new());
    let requester = |lane| HashRequester { lane, connection: here.watch() };
    let held = hold(&hashing, &requester(Lane::Known));
    held.has_begun.await.unwrap();
    // One is worth ten of ours and more.
    let costly: Credential =
        Credential::imported("$2b$12$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKfO".parse().unwrap());
    let done = std::sync::Mutex::new(Vec::new());
    let lanes = [[Lane::Known; 12].as_slice(), &[Lane::Unknown; 3]].concat();
    let waiting = lanes.iter().map(async |lane| {
        let decoy = (*lane == Lane::Unknown).then_some(&costly);
        hashing.verify(&requester(*lane), password("x"), None, decoy).await.unwrap();
        done.lock().unwrap().push(*lane);
    });
    let all = futures_util::future::join(futures_util::future::join_all(waiting), async {
        held.release.send(()).unwrap();
    });
    all.await;
    let done = done.into_inner().unwrap();
    let unknown: Vec<_> = (0..).zip(&done).filter(|(_, lane)| **lane == Lane::Unknown).map(|(at, _)| at).collect();
    // The first of them is worth more than twelve of the known devices'.
    assert!(unknown[1] >= 12, "{done:?}");
}
