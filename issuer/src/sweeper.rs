//! The sweeper: it ends the sessions of revoked keys and removes ended and expired sessions, in small steps, while the
//! issuer runs.

use std::{sync::Arc, time::Duration};

use futures_util::future::try_join_all;
use hallpass_token::UnixSeconds;
use tokio::time;

use crate::{
    clock::Clock,
    key_ring::Keeper,
    session::{Lifetimes, Session},
    store::{Store, StoreError, Swapped},
};

mod revoked;
#[cfg(test)]
mod tests;

pub(crate) use revoked::end_revoked;

/// The pause between two rounds.
pub(crate) const ROUND: Duration = Duration::from_mins(10);

/// Sessions per step. A read of this many takes less than a millisecond, after which other requests run.
const STEP: usize = 256;

/// The pause between two steps. A round of a million sessions takes four minutes.
const PAUSE: Duration = Duration::from_millis(50);

/// Concurrent changes of one step: enough to share a sync of the embedded store, and few enough that a request waits
/// for at most two of them before it gets a database connection.
pub(crate) const AT_ONCE: usize = 32;

/// How long an expired session is kept, in seconds: a clock that is wrong by less removes no live session.
const KEPT: u64 = 24 * 60 * 60;

/// The seconds by which the clock may differ from the duration of a pause before it counts as set.
const TOLERANCE: u64 = 60;

/// Ends the sessions of revoked keys: at the start, since a kill may have interrupted it, and as soon as a key leaves
/// the ring. After every `round` it repeats this, for sessions that an issuer made before it knew of the revocation,
/// and sweeps. It runs forever.
pub(crate) async fn run(
    store: Arc<dyn Store>,
    keys: Arc<Keeper>,
    clock: impl Clock,
    lifetimes: Lifetimes,
    round: Duration,
) {
    loop {
        let known = keys.latest();
        match end_revoked(&*store, &keys).await {
            Ok(0) => {}
            Ok(ended) => tracing::info!(ended, "ended the sessions of a revoked key"),
            Err(error) => {
                tracing::warn!(%error, "the sessions of a revoked key could not be ended; the next round retries");
            }
        }
        let before = clock.now();
        tokio::select! {
            () = time::sleep(round) => sweep_expired(&*store, &clock, before, lifetimes, round).await,
            () = keys.lost_refresh_key(&known) => {}
        }
    }
}

/// Sweeps after a pause that began at `before`.
async fn sweep_expired(
    store: &dyn Store,
    clock: &impl Clock,
    before: UnixSeconds,
    lifetimes: Lifetimes,
    rest: Duration,
) {
    let now = clock.now();
    if was_set(before, now, rest) {
        tracing::warn!(%before, %now, "the clock was set or the machine slept; the sweep was skipped");
        return;
    }
    let as_of = UnixSeconds::new(now.seconds().saturating_sub(KEPT)).unwrap_or(UnixSeconds::EPOCH);
    match sweep(store, &|session| session.is_over(lifetimes, as_of)).await {
        Ok(0) => {}
        Ok(swept) => tracing::info!(swept, "removed ended and expired sessions"),
        Err(error) => tracing::warn!(%error, "ended and expired sessions could not be removed"),
    }
}

/// Whether the clock was set between two readings. A session that has expired by a wrong clock may live by the correct
/// one, and a removal cannot be undone.
fn was_set(before: UnixSeconds, now: UnixSeconds, elapsed: Duration) -> bool {
    let elapsed = elapsed.as_secs();
    !(elapsed.saturating_sub(1)..=elapsed + TOLERANCE).contains(&now.seconds_since(before))
}

/// Reads all sessions once and removes those that are over. Returns their number.
///
/// A session that changes meanwhile stays until the next round.
pub(crate) async fn sweep(
    store: &dyn Store,
    is_over: &(dyn Fn(&Session) -> bool + Send + Sync),
) -> Result<usize, StoreError> {
    let mut swept = 0;
    let mut after = None;
    loop {
        let page = store.sessions_after(after, STEP).await?;
        let Some(last) = page.last() else { return Ok(swept) };
        after = Some(last.id);
        for some in page.chunks(AT_ONCE) {
            let removals = some.iter().filter(|session| is_over(session)).map(|session| store.remove_session(session));
            let removed = try_join_all(removals).await?;
            swept += removed.into_iter().filter(|removed| *removed == Swapped::Yes).count();
        }
        time::sleep(PAUSE).await;
    }
}
