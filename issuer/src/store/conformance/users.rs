//! Users: each name is assigned once, and concurrent swaps of one record are serialized.

use super::*;

pub(in crate::store) async fn a_username_is_assigned_once_and_the_losers_leave_nothing<B: Bench>() {
    let (_bench, store) = B::open().await;
    let outcomes = at_once(|index| {
        let store = Arc::clone(&store);
        async move { store.add_user(&user(u128::from(index), "one")).await.unwrap() }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|added| **added == Added::Yes).count(), 1);
    let named = store.user_named(&"one".parse().unwrap()).await.unwrap().unwrap();
    for index in 0..TASKS {
        let id = UserId(Uuid::from_u128(u128::from(index)));
        assert_eq!(store.user(id).await.unwrap().is_some(), id == named.id);
    }
}

pub(in crate::store) async fn a_user_is_swapped_only_from_what_the_store_holds<B: Bench>() {
    let (_bench, store) = B::open().await;
    let old = user(1, "one");
    let new = User { created_at: UnixSeconds::new(5).unwrap(), ..old.clone() };
    assert_eq!(store.swap_user(&old, &new).await.unwrap(), Swapped::Conflict);
    store.add_user(&old).await.unwrap();
    assert_eq!(store.swap_user(&new, &old).await.unwrap(), Swapped::Conflict);
    assert_eq!(store.swap_user(&old, &new).await.unwrap(), Swapped::Yes);
    assert_eq!(store.swap_user(&old, &new).await.unwrap(), Swapped::Conflict);
    assert_eq!(store.user_named(&old.username).await.unwrap(), Some(new));
}

pub(in crate::store) async fn no_step_of_a_contended_record_is_lost_or_doubled<B: Bench>() {
    const STEPS: u64 = 10;
    let (_bench, store) = B::open().await;
    store.add_user(&user(1, "one")).await.unwrap();
    at_once(|_| {
        let store = Arc::clone(&store);
        async move {
            let mut steps = 0;
            while steps < STEPS {
                let old = store.user(user(1, "one").id).await.unwrap().unwrap();
                let new = User { created_at: old.created_at.saturating_add(1), ..old.clone() };
                if store.swap_user(&old, &new).await.unwrap() == Swapped::Yes {
                    steps += 1;
                }
            }
        }
    })
    .await;
    let counted = store.user(user(1, "one").id).await.unwrap().unwrap();
    assert_eq!(counted.created_at.seconds(), TASKS * STEPS);
}

pub(in crate::store) async fn a_read_never_goes_back_behind_an_earlier_one<B: Bench>() {
    const STEPS: u64 = 30;
    let (_bench, store) = B::open().await;
    store.add_user(&user(1, "one")).await.unwrap();
    let at = |seconds| User { created_at: UnixSeconds::new(seconds).unwrap(), ..user(1, "one") };
    // The first task counts; the others read.
    at_once(|index| {
        let store = Arc::clone(&store);
        async move {
            let mut latest = 0;
            while latest < STEPS {
                let now = store.user(user(1, "one").id).await.unwrap().unwrap().created_at.seconds();
                assert!(now >= latest, "{now} after {latest}");
                latest = now;
                if index == 0 && latest < STEPS {
                    assert_eq!(store.swap_user(&at(latest), &at(latest + 1)).await.unwrap(), Swapped::Yes);
                    latest += 1;
                }
            }
        }
    })
    .await;
}

pub(in crate::store) async fn an_unknown_name_gets_the_next_user_after_its_position_as_a_decoy<B: Bench>() {
    let (_bench, store) = B::open().await;
    let find = async |name: &str, position: u128| {
        store.user_or_decoy(&name.parse().unwrap(), UserId(Uuid::from_u128(position))).await.unwrap()
    };
    assert_eq!(find("one", 0).await, None);
    let users = [user(10, "one"), user(20, "two"), user(30, "three")];
    for user in &users {
        store.add_user(user).await.unwrap();
    }
    for position in [0, 10, 25, 30, 40] {
        assert_eq!(find("two", position).await, Some(Candidate::Named(users[1].clone())));
    }
    for (position, next) in [(0, 0), (9, 0), (10, 1), (25, 2), (30, 0), (u128::MAX, 0)] {
        assert_eq!(find("none", position).await, Some(Candidate::Decoy(users[next].clone())), "{position}");
    }
}

pub(in crate::store) async fn pages_have_every_user_once_and_in_order<B: Bench>() {
    let (_bench, store) = B::open().await;
    assert_eq!(store.users_after(None, 10).await.unwrap(), []);
    let ids: BTreeSet<u128> =
        (1..40).map(|n: u128| n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).collect();
    for id in &ids {
        store.add_user(&user(*id, &format!("user {id}"))).await.unwrap();
    }
    // A session's id is not a user's id.
    store.add_session(&session(1, 7)).await.unwrap();
    let in_order: Vec<_> = ids.iter().map(|id| user(*id, &format!("user {id}"))).collect();
    for limit in [1, 7, 1000] {
        let mut users: Vec<User> = Vec::new();
        loop {
            let page = store.users_after(users.last().map(|user| user.id), limit).await.unwrap();
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            users.extend(page);
        }
        assert_eq!(users, in_order, "in pages of {limit}");
    }
}

pub(in crate::store) async fn a_removed_user_is_gone_and_the_name_is_assigned_again<B: Bench>() {
    let (mut bench, store) = B::open().await;
    let gone = user(1, "one");
    let kept = user(2, "two");
    let next = user(3, "one");
    assert_eq!(store.remove_user(&gone).await.unwrap(), Swapped::Conflict);
    store.add_user(&gone).await.unwrap();
    store.add_user(&kept).await.unwrap();
    store.add_session(&session(1, 7)).await.unwrap();
    assert_eq!(store.remove_user(&gone).await.unwrap(), Swapped::Yes);
    assert_eq!(store.remove_user(&gone).await.unwrap(), Swapped::Conflict);
    let store = bench.crash(store).await;
    assert_eq!(store.user(gone.id).await.unwrap(), None);
    assert_eq!(store.user_named(&gone.username).await.unwrap(), None);
    assert_eq!(store.users_after(None, 10).await.unwrap(), [kept]);
    // A writer with the old record cannot restore the user, and the sessions can still be removed.
    assert_eq!(store.swap_user(&gone, &gone.disabled()).await.unwrap(), Swapped::Conflict);
    assert_eq!(store.sessions_of(gone.id).await.unwrap(), [session(1, 7)]);
    assert_eq!(store.add_user(&next).await.unwrap(), Added::Yes);
    assert_eq!(store.user_named(&gone.username).await.unwrap(), Some(next.clone()));
    assert_eq!(store.sessions_of(next.id).await.unwrap(), []);
}

pub(in crate::store) async fn a_user_who_changed_is_not_removed<B: Bench>() {
    let (_bench, store) = B::open().await;
    let old = user(1, "one");
    store.add_user(&old).await.unwrap();
    store.swap_user(&old, &old.disabled()).await.unwrap();
    assert_eq!(store.remove_user(&old).await.unwrap(), Swapped::Conflict);
    assert_eq!(store.user_named(&old.username).await.unwrap(), Some(old.disabled()));
}

pub(in crate::store) async fn concurrent_removals_changes_and_additions_have_one_winner_each<B: Bench>() {
    let (_bench, store) = B::open().await;
    for round in 0..50 {
        let old = user(round * 100, &format!("user {round}"));
        store.add_user(&old).await.unwrap();
        let outcomes = at_once(|index| {
            let store = Arc::clone(&store);
            let old = old.clone();
            async move {
                match index % 3 {
                    0 => (store.remove_user(&old).await.unwrap(), None),
                    1 => (store.swap_user(&old, &old.disabled()).await.unwrap(), Some(old.disabled())),
                    _ => {
                        let other = User { id: UserId(Uuid::from_u128(round * 100 + u128::from(index))), ..old };
                        match store.add_user(&other).await.unwrap() {
                            Added::Yes => (Swapped::Yes, Some(other)),
                            Added::UsernameTaken => (Swapped::Conflict, None),
                        }
                    }
                }
            }
        })
        .await;
        let winners = outcomes.into_iter().filter(|(swapped, _)| *swapped == Swapped::Yes).map(|(_, left)| left);
        let winners: Vec<_> = winners.collect();
        let named = store.user_named(&old.username).await.unwrap();
        match &winners[..] {
            [left] => assert_eq!(named, *left),
            // The user was removed and the name assigned again.
            [one, other] => {
                assert!(one.is_none() || other.is_none());
                assert_eq!(named, one.clone().or(other.clone()));
            }
            winners => panic!("{} winners", winners.len()),
        }
        let listed = store.users_after(None, 10_000).await.unwrap();
        assert_eq!(listed.iter().filter(|user| user.username == old.username).count(), usize::from(named.is_some()));
    }
}
