//! Removal of sessions: only an unchanged session is removed.

use super::*;

pub(in crate::store) async fn a_removed_session_is_gone_from_everywhere_and_stays_gone<B: Bench>() {
    let (_bench, store) = B::open().await;
    let gone = session(1, 7);
    let kept = session(1, 8);
    store.add_session(&gone).await.unwrap();
    store.add_session(&kept).await.unwrap();
    assert_eq!(store.remove_session(&gone).await.unwrap(), Swapped::Yes);
    assert_eq!(store.remove_session(&gone).await.unwrap(), Swapped::Conflict);
    assert_eq!(store.session(gone.id).await.unwrap(), None);
    assert_eq!(store.sessions_of(gone.user).await.unwrap(), std::slice::from_ref(&kept));
    assert_eq!(every_session(&*store, 10).await, [kept.id]);
    // A writer with the old record cannot restore the session.
    assert_eq!(store.swap_session(&gone, &ended(&gone)).await.unwrap(), Swapped::Conflict);
    assert_eq!(store.session(gone.id).await.unwrap(), None);
}

pub(in crate::store) async fn a_session_that_changed_is_not_removed<B: Bench>() {
    let (_bench, store) = B::open().await;
    let old = session(1, 7);
    let new = ended(&session(1, 7));
    store.add_session(&old).await.unwrap();
    store.swap_session(&old, &new).await.unwrap();
    assert_eq!(store.remove_session(&old).await.unwrap(), Swapped::Conflict);
    assert_eq!(store.sessions_of(old.user).await.unwrap(), [new]);
}

pub(in crate::store) async fn of_a_removal_and_a_change_at_once_one_wins<B: Bench>() {
    let (_bench, store) = B::open().await;
    for id in 0..50 {
        let old = session(1, id);
        store.add_session(&old).await.unwrap();
        let outcomes = at_once(|index| {
            let store = Arc::clone(&store);
            let old = old.clone();
            async move {
                match index % 2 {
                    0 => (store.remove_session(&old).await.unwrap(), None),
                    _ => (store.swap_session(&old, &ended(&old)).await.unwrap(), Some(ended(&old))),
                }
            }
        })
        .await;
        let winners: Vec<_> = outcomes.into_iter().filter(|(swapped, _)| *swapped == Swapped::Yes).collect();
        let [(_, left)] = &winners[..] else { panic!("{} winners", winners.len()) };
        assert_eq!(store.session(old.id).await.unwrap(), *left);
        let listed = store.sessions_of(old.user).await.unwrap();
        assert_eq!(listed.iter().any(|session| session.id == old.id), left.is_some());
    }
}

pub(in crate::store) async fn a_sweep_removes_only_sessions_that_are_over<B: Bench>() {
    const SESSIONS: u64 = 40;
    let (_bench, store) = B::open().await;
    let old = |task: u64, index| session(u128::from(task), u128::from(task * SESSIONS + index));
    // A session of an earlier epoch counts as over, so that a swap can renew it.
    let renewed = |session: &Session| session.with_epoch(CredentialEpoch(1));
    let is_over = |session: &Session| session.is_before(CredentialEpoch(1));
    for task in 0..TASKS {
        let sessions: Vec<_> = (0..SESSIONS).map(|index| old(task, index)).collect();
        join_all(sessions.iter().map(|session| store.add_session(session))).await;
    }
    let survivors = at_once(|task| {
        let store = Arc::clone(&store);
        async move {
            let mut survivors = Vec::new();
            if task % 4 == 0 {
                sweep(&*store, &is_over).await.unwrap();
            } else {
                for index in 0..SESSIONS {
                    let old = old(task, index);
                    match store.swap_session(&old, &renewed(&old)).await.unwrap() {
                        Swapped::Yes => survivors.push(renewed(&old)),
                        Swapped::Conflict => assert_eq!(store.session(old.id).await.unwrap(), None),
                    }
                }
            }
            survivors
        }
    })
    .await;
    sweep(&*store, &is_over).await.unwrap();
    for (task, survivors) in (0..).zip(survivors) {
        assert_eq!(store.sessions_of(old(task, 0).user).await.unwrap(), survivors);
    }
}
