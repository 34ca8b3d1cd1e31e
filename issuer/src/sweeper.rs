//! Housekeeping: removes the sessions that are over, in small steps, while the issuer runs.

use std::{sync::Arc, time::Duration};

use futures_util::future::try_join_all;
use hallpass_token::UnixSeconds;
use tokio::time;

use crate::{
    clock::Clock,
    session::{Lifetimes, Session},
    store::{Store, StoreError, Swapped},
};

/// How long the sweeper rests between two rounds.
pub(crate) const ROUND: Duration = Duration::from_mins(10);

/// Sessions that are read in one step: a fraction of a millisecond, after which others have their turn.
const STEP: usize = 256;

/// The pause between two steps. A million sessions take four minutes so.
const PAUSE: Duration = Duration::from_millis(50);

/// How long an expired session is kept, in seconds: a clock that is wrong by less costs nobody a session.
const KEPT: u64 = 24 * 60 * 60;

/// By how many seconds the clock may differ from the length of a rest before it counts as one that was set.
const TOLERANCE: u64 = 60;

/// Sweeps after every `round`, for ever.
pub(crate) async fn run(store: Arc<dyn Store>, clock: impl Clock, lifetimes: Lifetimes, round: Duration) {
    loop {
        let before = clock.now();
        time::sleep(round).await;
        let now = clock.now();
        if was_set(before, now, round) {
            tracing::warn!(%before, %now, "the clock was set, or the machine slept: nothing is swept for now");
            continue;
        }
        let as_of = UnixSeconds::new(now.seconds().saturating_sub(KEPT)).unwrap_or(UnixSeconds::EPOCH);
        match sweep(&*store, &|session| session.is_over(lifetimes, as_of)).await {
            Ok(0) => {}
            Ok(swept) => tracing::info!(swept, "removed sessions that are over"),
            Err(error) => tracing::warn!(%error, "sessions that are over could not be removed"),
        }
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
    let (mut swept, mut after) = (0, None);
    loop {
        let page = store.sessions_after(after, STEP).await?;
        let Some(last) = page.last() else { return Ok(swept) };
        after = Some(last.id);
        // At once: they wait for the same sync.
        let removals = page.iter().filter(|session| is_over(session)).map(|session| store.remove_session(session));
        let removed = try_join_all(removals).await?;
        swept += removed.into_iter().filter(|removed| *removed == Swapped::Yes).count();
        time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::SystemClock,
        store::{
            conformance::{ended, session},
            sled::SledStore,
        },
    };

    const LIFETIMES: Lifetimes = Lifetimes { idle: 1000, absolute: 5000 };

    #[tokio::test]
    async fn sessions_that_have_ended_or_expired_are_removed_while_the_issuer_runs() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SledStore::open(folder.path()).unwrap());
        // They began in 1970.
        store.add_session(&session(1, 1)).await.unwrap();
        store.add_session(&ended(&session(1, 2))).await.unwrap();
        let sweeper = tokio::spawn(run(Arc::clone(&store), SystemClock, LIFETIMES, Duration::from_secs(1)));
        let gone = async {
            while !store.sessions_of(session(1, 1).user).await.unwrap().is_empty() {
                time::sleep(Duration::from_millis(20)).await;
            }
        };
        time::timeout(Duration::from_secs(30), gone).await.unwrap();
        sweeper.abort();
    }

    #[tokio::test]
    async fn a_sweep_goes_through_more_sessions_than_a_step_has_and_keeps_the_living() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        let sessions: Vec<_> = (0..STEP as u128 + 10).map(|id| session(1, id)).collect();
        try_join_all(sessions.iter().map(|session| store.add_session(session))).await.unwrap();
        let lives = session(1, 7).id;
        assert_eq!(sweep(&store, &|session| session.id != lives).await.unwrap(), STEP + 9);
        assert_eq!(store.sessions_after(None, STEP).await.unwrap(), [session(1, 7)]);
        assert_eq!(sweep(&store, &|session| session.id != lives).await.unwrap(), 0);
    }

    #[test]
    fn a_clock_that_jumped_is_noticed() {
        let at = |seconds| UnixSeconds::new(seconds).unwrap();
        for (now, jumped) in [(1600, false), (1601, false), (1660, false), (1599, false), (1598, true), (1661, true)] {
            assert_eq!(was_set(at(1000), at(now), ROUND), jumped, "{now}");
        }
        assert!(was_set(at(1000), at(0), ROUND));
        assert!(was_set(at(1000), at(9_000_000), ROUND));
    }
}
