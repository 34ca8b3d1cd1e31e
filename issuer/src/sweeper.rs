//! Housekeeping: ends the sessions whose key was revoked, and removes those that are over, in small steps, while the issuer
//! runs.

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

/// How long the sweeper rests between two rounds.
pub(crate) const ROUND: Duration = Duration::from_mins(10);

/// Sessions that are read in one step: a fraction of a millisecond, after which others have their turn.
const STEP: usize = 256;

/// The pause between two steps. A million sessions take four minutes so.
const PAUSE: Duration = Duration::from_millis(50);

/// Changes of one step that are under way at once: enough to share a sync of the embedded store, and so few that a request
/// that needs a connection to a database waits behind two of them at most.
pub(crate) const AT_ONCE: usize = 32;

/// How long an expired session is kept, in seconds: a clock that is wrong by less costs nobody a session.
const KEPT: u64 = 24 * 60 * 60;

/// By how many seconds the clock may differ from the length of a rest before it counts as one that was set.
const TOLERANCE: u64 = 60;

/// Ends the sessions whose key was revoked: at the start, where a kill may have cut that short, and as soon as a key has left
/// the ring. After every `round` it does so once more, for what an issuer made before it knew, and sweeps. For ever.
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
            Ok(ended) => tracing::info!(ended, "ended the sessions whose key was revoked"),
            Err(error) => tracing::warn!(%error, "sessions whose key was revoked could not be ended yet"),
        }
        let before = clock.now();
        tokio::select! {
            () = time::sleep(round) => sweep_expired(&*store, &clock, before, lifetimes, round).await,
            () = keys.lost_refresh_key(&known) => {}
        }
    }
}

/// Sweeps after a rest that began at `before`.
async fn sweep_expired(
    store: &dyn Store,
    clock: &impl Clock,
    before: UnixSeconds,
    lifetimes: Lifetimes,
    rest: Duration,
) {
    let now = clock.now();
    if was_set(before, now, rest) {
        tracing::warn!(%before, %now, "the clock was set, or the machine slept: nothing is swept for now");
        return;
    }
    let as_of = UnixSeconds::new(now.seconds().saturating_sub(KEPT)).unwrap_or(UnixSeconds::EPOCH);
    match sweep(store, &|session| session.is_over(lifetimes, as_of)).await {
        Ok(0) => {}
        Ok(swept) => tracing::info!(swept, "removed sessions that are over"),
        Err(error) => tracing::warn!(%error, "sessions that are over could not be removed"),
    }
}

/// Whether the clock went another way between two readings than time did. What has expired by a clock that was just set
/// may live by the one that is set back: removing it could not be undone.
fn was_set(before: UnixSeconds, now: UnixSeconds, elapsed: Duration) -> bool {
    let elapsed = elapsed.as_secs();
    !(elapsed.saturating_sub(1)..=elapsed + TOLERANCE).contains(&now.seconds_since(before))
}

/// Goes once through all sessions and removes those that are over. Says how many.
///
/// One that is changed meanwhile stays, whatever was read of it: it is looked at again in the next round.
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
