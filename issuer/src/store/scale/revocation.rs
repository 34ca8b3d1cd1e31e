//! What it takes to end all sessions of a store, whose key was revoked, and what requests notice of it.

use std::{env, fs};

use tokio::time;

use super::*;
use crate::{
    entropy::random_bytes,
    store::conformance::revocation::{Keys, key_in_use, sessions_with},
    sweeper::end_revoked,
};

/// How many sessions there are; `HALLPASS_SESSIONS` says otherwise.
const SESSIONS: u64 = 1_000_000;

/// How often a request is timed meanwhile.
const PAUSE: Duration = Duration::from_millis(10);

/// Ends the sessions of a revoked key, and says how long that takes, what memory it needs, and how long requests take.
pub(in crate::store) async fn revoke<B: Scaled>(name: &str) {
    let sessions = env::var("HALLPASS_SESSIONS").map_or(SESSIONS, |text| text.parse().unwrap());
    let ((_bench, store), keys) = (B::open().await, Keys::new());
    let keeper = keys.keeper(&store).await;
    let key = key_in_use(&keeper);
    for from in (0..sessions).step_by(1000) {
        let some = sessions_with(key, (from..sessions.min(from + 1000)).map(|index| id(index, 2)));
        join_all(some.iter().map(|session| store.add_session(session))).await;
    }
    keys.revoke(&*store).await;
    keeper.fresh_view().await.unwrap();
    let (before, stopwatch) = (memory(), Stopwatch::start());
    let requests = tokio::spawn(requests(Arc::clone(&store), sessions));
    let ended = end_revoked(&*store, &keeper).await.unwrap();
    let elapsed = stopwatch.elapsed();
    requests.abort();
    println!(
        "{name}, {ended} of {sessions} sessions ended in {elapsed:.1?}; memory before {before} KiB, after {} KiB",
        memory()
    );
    let mut latencies = alone(&store, sessions).await;
    print_latencies(name, "alone", &mut latencies);
}

/// Times requests until it is aborted, and says what it has seen every thousand.
async fn requests(store: Arc<dyn Store>, sessions: u64) {
    let mut latencies = Vec::new();
    for step in 0.. {
        latencies.push(request(&store, step, sessions).await);
        if latencies.len() == 1000 {
            print_latencies("requests", "while sessions are ended", &mut latencies);
            latencies.clear();
        }
        time::sleep(PAUSE).await;
    }
}

async fn alone(store: &Arc<dyn Store>, sessions: u64) -> Vec<Duration> {
    let mut latencies = Vec::new();
    for step in 0..1000 {
        latencies.push(request(store, step, sessions).await);
        time::sleep(PAUSE).await;
    }
    latencies
}

/// A request reads a session, and writes another one.
async fn request(store: &Arc<dyn Store>, step: u64, sessions: u64) -> Duration {
    let stopwatch = Stopwatch::start();
    let index = step.wrapping_mul(0x9e37_79b9_7f4a_7c15) % sessions;
    store.session(SessionId(Uuid::from_u128(id(index, 2)))).await.unwrap().unwrap();
    store.add_session(&session(1, u128::from_be_bytes(random_bytes().unwrap()))).await.unwrap();
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
