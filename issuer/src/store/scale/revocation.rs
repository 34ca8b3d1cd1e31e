//! How long it takes to end all sessions of a revoked key, and the latency of requests meanwhile.

use std::{
    env, fs,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::time;

use super::*;
use crate::{
    entropy::random_bytes,
    refresh_token::KeyId,
    store::conformance::{
        revocation::{Keys, key_in_use, sessions_with},
        session_with,
    },
    sweeper::end_revoked,
};

/// The number of sessions; `HALLPASS_SESSIONS` changes it.
const SESSIONS: u64 = 1_000_000;

/// How long requests are timed afterward.
const ALONE: Duration = Duration::from_secs(20);

/// The pause between two timed requests.
const PAUSE: Duration = Duration::from_millis(10);

/// Ends the sessions of a revoked key, and prints the duration, the memory, and the latency of requests.
pub(in crate::store) async fn revoke<B: Scaled>(name: &str) {
    let sessions = env::var("HALLPASS_SESSIONS").map_or(SESSIONS, |text| text.parse().unwrap());
    let (_bench, store) = B::open().await;
    let keys = Keys::new();
    let keeper = keys.keeper(&store).await;
    let key = key_in_use(&keeper);
    for from in (0..sessions).step_by(1000) {
        let some = sessions_with(key, (from..sessions.min(from + 1000)).map(|index| id(index, 2)));
        join_all(some.iter().map(|session| store.add_session(session))).await;
    }
    keys.revoke(&*store).await;
    keeper.fresh_view().await.unwrap();
    let before = memory();
    let stopwatch = Stopwatch::start();
    let is_over = Arc::new(AtomicBool::new(false));
    let requests = tokio::spawn(time_requests(Arc::clone(&store), sessions, key_in_use(&keeper), Arc::clone(&is_over)));
    let ended = end_revoked(&*store, &keeper).await.unwrap();
    let elapsed = stopwatch.elapsed();
    is_over.store(true, Ordering::Relaxed);
    println!(
        "{name}, {ended} of {sessions} sessions ended in {elapsed:.1?}; memory before {before} KiB, after {} KiB",
        memory()
    );
    print_latencies(name, "while sessions are ended", &mut requests.await.unwrap());
    is_over.store(false, Ordering::Relaxed);
    let alone = tokio::spawn(time_requests(Arc::clone(&store), sessions, key_in_use(&keeper), Arc::clone(&is_over)));
    time::sleep(ALONE).await;
    is_over.store(true, Ordering::Relaxed);
    print_latencies(name, "alone", &mut alone.await.unwrap());
}

/// Times requests until `is_over`.
async fn time_requests(store: Arc<dyn Store>, sessions: u64, key: KeyId, is_over: Arc<AtomicBool>) -> Vec<Duration> {
    let mut latencies = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        latencies.push(request(&store, latencies.len() as u64, sessions, key).await);
        time::sleep(PAUSE).await;
    }
    latencies
}

/// One request: it reads a session and writes another one.
async fn request(store: &Arc<dyn Store>, step: u64, sessions: u64, key: KeyId) -> Duration {
    let stopwatch = Stopwatch::start();
    let index = step.wrapping_mul(0x9e37_79b9_7f4a_7c15) % sessions;
    store.session(SessionId(Uuid::from_u128(id(index, 2)))).await.unwrap().unwrap();
    store.add_session(&session_with(1, u128::from_be_bytes(random_bytes().unwrap()), key)).await.unwrap();
    stopwatch.elapsed()
}

fn print_latencies(name: &str, when: &str, latencies: &mut [Duration]) {
    latencies.sort_unstable();
    let at = |thousandths: usize| latencies[(latencies.len() - 1) * thousandths / 1000];
    println!("{name}, {when}: p50 {:.2?}, p99 {:.2?}, longest {:.2?}", at(500), at(990), at(1000));
}

/// The resident memory of this process.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
