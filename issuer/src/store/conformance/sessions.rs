//! Sessions: they read back as written, swap once, and are listed completely.

use super::*;

pub(in crate::store) async fn what_was_written_is_read<B: Bench>() {
    let (_bench, store) = B::open().await;
    assert_eq!(store.add_user(&user(1, "one")).await.unwrap(), Added::Yes);
    store.add_session(&session(1, 7)).await.unwrap();
    assert_eq!(store.user(user(1, "one").id).await.unwrap(), Some(user(1, "one")));
    assert_eq!(store.user_named(&"one".parse().unwrap()).await.unwrap(), Some(user(1, "one")));
    assert_eq!(store.session(session(1, 7).id).await.unwrap(), Some(session(1, 7)));
    assert_eq!(store.user_named(&"two".parse().unwrap()).await.unwrap(), None);
    assert_eq!(store.user(UserId(Uuid::from_u128(2))).await.unwrap(), None);
    assert_eq!(store.session(SessionId(Uuid::from_u128(8))).await.unwrap(), None);
}

pub(in crate::store) async fn of_many_swaps_from_one_session_one_wins<B: Bench>() {
    let (_bench, store) = B::open().await;
    let old = session(1, 7);
    assert_eq!(store.swap_session(&old, &ended(&old)).await.unwrap(), Swapped::Conflict);
    store.add_session(&old).await.unwrap();
    let outcomes = at_once(|_| {
        let store = Arc::clone(&store);
        let old = old.clone();
        async move { store.swap_session(&old, &ended(&old)).await.unwrap() }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|swapped| **swapped == Swapped::Yes).count(), 1);
    assert_eq!(store.session(old.id).await.unwrap(), Some(ended(&old)));
}

pub(in crate::store) async fn several_sessions_are_found_by_their_ids_at_once<B: Bench>() {
    let (_bench, store) = B::open().await;
    let id = |id| SessionId(Uuid::from_u128(id));
    assert_eq!(store.sessions_by_id(&[]).await.unwrap(), []);
    assert_eq!(store.sessions_by_id(&[id(1), id(2)]).await.unwrap(), []);
    for (owner, id) in [(1, 12), (2, 11), (1, u128::MAX), (1, 13)] {
        store.add_session(&session(owner, id)).await.unwrap();
    }
    store.swap_session(&session(1, 12), &ended(&session(1, 12))).await.unwrap();
    let found = store.sessions_by_id(&[id(u128::MAX), id(12), id(9), id(11), id(12)]).await.unwrap();
    assert_eq!(found, [session(2, 11), ended(&session(1, 12)), session(1, u128::MAX)]);
    let many: Vec<_> = (0..2000).map(id).collect();
    let found = store.sessions_by_id(&many).await.unwrap();
    assert_eq!(found, [session(2, 11), ended(&session(1, 12)), session(1, 13)]);
}

pub(in crate::store) async fn a_user_lists_only_their_own_sessions<B: Bench>() {
    let (_bench, store) = B::open().await;
    // Neighbors in the order of ids, including the last id of all.
    for (owner, id) in [(1, 12), (1, 11), (2, 13), (u128::MAX - 1, 14), (u128::MAX, 15), (u128::MAX, 16)] {
        store.add_session(&session(owner, id)).await.unwrap();
    }
    store.swap_session(&session(1, 12), &ended(&session(1, 12))).await.unwrap();
    let of = |owner| store.sessions_of(UserId(Uuid::from_u128(owner)));
    assert_eq!(of(1).await.unwrap(), [session(1, 11), ended(&session(1, 12))]);
    assert_eq!(of(2).await.unwrap(), [session(2, 13)]);
    assert_eq!(of(3).await.unwrap(), []);
    assert_eq!(of(u128::MAX).await.unwrap(), [session(u128::MAX, 15), session(u128::MAX, 16)]);
}

pub(in crate::store) async fn pages_have_every_session_once_and_in_order<B: Bench>() {
    let (_bench, store) = B::open().await;
    assert_eq!(every_session(&*store, 10).await, []);
    let ids: BTreeSet<u128> =
        (0..100).map(|n: u128| n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).collect();
    for id in &ids {
        store.add_session(&session(1, *id)).await.unwrap();
    }
    let in_order: Vec<_> = ids.iter().map(|id| SessionId(Uuid::from_u128(*id))).collect();
    for limit in [1, 7, 100, 1000] {
        assert_eq!(every_session(&*store, limit).await, in_order, "in pages of {limit}");
    }
}

pub(in crate::store) async fn a_listing_under_change_misses_no_session_that_stays<B: Bench>() {
    let (_bench, store) = B::open().await;
    // Sessions that stay lie between sessions that are added and removed.
    for index in 0..u128::from(TASKS) {
        store.add_session(&session(1, index * 1000)).await.unwrap();
    }
    let stay: HashSet<_> = (0..u128::from(TASKS)).map(|index| SessionId(Uuid::from_u128(index * 1000))).collect();
    at_once(|index| {
        let store = Arc::clone(&store);
        let stay = stay.clone();
        async move {
            if index % 4 == 0 {
                let paged = every_session(&*store, 16).await.into_iter().collect();
                assert!(stay.is_subset(&paged));
                let listed = store.sessions_of(session(1, 0).user).await.unwrap();
                assert!(stay.is_subset(&listed.iter().map(|session| session.id).collect()));
            } else {
                for step in 1..30 {
                    let passing = session(1, u128::from(index) * 1000 + step);
                    store.add_session(&passing).await.unwrap();
                    if step % 3 > 0 {
                        assert_eq!(store.remove_session(&passing).await.unwrap(), Swapped::Yes);
                    }
                }
            }
        }
    })
    .await;
}
