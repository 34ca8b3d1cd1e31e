//! Tests of the sweeper.

use super::*;
use crate::{
    clock::SystemClock,
    session::{End, State},
    store::{
        conformance::{
            ended,
            revocation::{Keys, key_in_use},
            session, session_with,
        },
        sled::SledStore,
    },
};

const LIFETIMES: Lifetimes = Lifetimes { idle: 1000, absolute: 5000 };

#[tokio::test]
async fn sessions_that_have_ended_or_expired_are_removed_while_the_issuer_runs() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder.path()).unwrap());
    // The sessions began in 1970.
    store.add_session(&session(1, 1)).await.unwrap();
    store.add_session(&ended(&session(1, 2))).await.unwrap();
    let keys = Arc::new(Keys::new().keeper(&store).await);
    let sweeper = tokio::spawn(run(Arc::clone(&store), keys, SystemClock, LIFETIMES, Duration::from_secs(1)));
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

#[tokio::test]
async fn sessions_end_once_their_key_has_left_the_ring_while_the_issuer_runs() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::new();
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder.path()).unwrap());
    let keeper = Arc::new(keys.keeper(&store).await);
    let session = session_with(1, 1, key_in_use(&keeper));
    store.add_session(&session).await.unwrap();
    let forever = Lifetimes { idle: u64::MAX, absolute: u64::MAX };
    let swept = Arc::clone(&store);
    let of_sweeper = Arc::clone(&keeper);
    let sweeper = tokio::spawn(async move { run(swept, of_sweeper, SystemClock, forever, ROUND).await });
    keys.revoke(&*store).await;
    // The issuer reads the ring, as it does every few seconds.
    keeper.fresh_view().await.unwrap();
    let ended = async {
        while store.session(session.id).await.unwrap().unwrap().state != State::Ended(End::KeyRevoked) {
            time::sleep(Duration::from_millis(20)).await;
        }
    };
    time::timeout(Duration::from_mins(1), ended).await.unwrap();
    sweeper.abort();
}
