//! The costs of a store as it grows: a measurement, run by hand in release mode. `docs/scale.md` is drawn from it.
//!
//! ```sh
//! cargo test --release -p hallpass-issuer scale -- --ignored --nocapture --test-threads 1
//! ```

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use uuid::Uuid;

use super::{
    Added, Store, Swapped,
    conformance::{Bench, session, user},
};
use crate::{clock::Stopwatch, id::SessionId, user::CredentialEpoch};

pub(super) mod revocation;

/// The numbers of sessions at which the test measures.
const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];
const SESSIONS_OF_A_USER: u64 = 10;

/// Concurrent requests, as from many clients, and the number of timed refreshes.
const TASKS: u64 = 64;
const RENEWALS: u64 = 20_000;

/// A store that reports its disk usage.
pub(super) trait Scaled: Bench {
    /// Bytes on disk of users and of sessions, with their indexes.
    async fn bytes(&self) -> Bytes;

    /// Bytes written to a separate log so far, if known.
    async fn logged(&self) -> u64;
}

/// Disk usage. A store without separate figures counts all of it as sessions.
pub(super) struct Bytes {
    pub(super) users: u64,
    pub(super) sessions: u64,
}

/// Fills a store, and times refreshes at each size.
pub(super) async fn grow<B: Scaled>(name: &str) {
    let (bench, store) = B::open().await;
    let mut filled = 0;
    for size in SIZES {
        let stopwatch = Stopwatch::start();
        fill(&store, filled, size).await;
        let rows = size - filled + (size - filled) / SESSIONS_OF_A_USER;
        let per_second = rate(rows, stopwatch.elapsed());
        let Bytes { users, sessions } = bench.bytes().await;
        println!(
            "{name}, {size} sessions of {} users: {} bytes a session, {} a user; filled with {per_second} writes/s",
            size / SESSIONS_OF_A_USER,
            sessions / size,
            users * SESSIONS_OF_A_USER / size,
        );
        let logged = bench.logged().await;
        let stopwatch = Stopwatch::start();
        let mut latencies = renew(&store, size).await;
        let per_second = rate(RENEWALS, stopwatch.elapsed());
        let logged = (bench.logged().await - logged) / RENEWALS;
        latencies.sort_unstable();
        let at = |hundredths: usize| latencies[latencies.len() * hundredths / 100];
        println!(
            "{name}, {size} sessions: {per_second} renewals/s, p50 {:.2?}, p99 {:.2?}, {logged} bytes logged each",
            at(50),
            at(99)
        );
        filled = size;
    }
}

async fn fill(store: &Arc<dyn Store>, from: u64, to: u64) {
    in_tasks(move |task| {
        let store = Arc::clone(store);
        async move {
            for index in (from + task..to).step_by(usize::try_from(TASKS).unwrap()) {
                let owner = id(index / SESSIONS_OF_A_USER, 1);
                if index % SESSIONS_OF_A_USER == 0 {
                    let user = user(owner, &format!("user{index}@example.com"));
                    assert_eq!(store.add_user(&user).await.unwrap(), Added::Yes);
                }
                store.add_session(&session(owner, id(index, 2))).await.unwrap();
            }
        }
    })
    .await;
}

/// Refreshes sessions all over the store, each as `auth` does: two reads and a swap.
async fn renew(store: &Arc<dyn Store>, size: u64) -> Vec<Duration> {
    let latencies = in_tasks(move |task| {
        let store = Arc::clone(store);
        async move {
            let mut latencies = Vec::new();
            for step in (task..RENEWALS).step_by(usize::try_from(TASKS).unwrap()) {
                let index = step.wrapping_mul(0x9e37_79b9_7f4a_7c15) % size;
                let stopwatch = Stopwatch::start();
                let old = store.session(SessionId(Uuid::from_u128(id(index, 2)))).await.unwrap().unwrap();
                store.user(old.user).await.unwrap().unwrap();
                let new = old.with_epoch(CredentialEpoch(u32::try_from(step).unwrap() + 1));
                // Two tasks can refresh one session, as two tabs do.
                let swapped = store.swap_session(&old, &new).await.unwrap();
                assert!(swapped == Swapped::Yes || size < RENEWALS, "{swapped:?}");
                latencies.push(stopwatch.elapsed());
            }
            latencies
        }
    });
    latencies.await.into_iter().flatten().collect()
}

async fn in_tasks<T: Send + 'static, F: Future<Output = T> + Send + 'static>(task: impl Fn(u64) -> F) -> Vec<T> {
    join_all((0..TASKS).map(|index| tokio::spawn(task(index)))).await.into_iter().map(Result::unwrap).collect()
}

/// An id that is distributed as random ids are.
fn id(index: u64, kind: u128) -> u128 {
    (u128::from(index) * 4 + kind).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

fn rate(count: u64, elapsed: Duration) -> u64 {
    u64::try_from(u128::from(count) * 1000 / elapsed.as_millis().max(1)).unwrap()
}
