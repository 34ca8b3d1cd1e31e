//! What every store must do, whatever its engine: one suite of tests over [`Store`], run by each implementation's own.

use std::{
    collections::{BTreeSet, HashSet},
    future::Future,
    sync::Arc,
};

use futures_util::future::join_all;
use hallpass_token::UnixSeconds;
use uuid::Uuid;

use super::*;
use crate::{
    refresh_token::RefreshToken,
    session::{Beginning, End, Label, Transport},
    sweeper::sweep,
    user::{CredentialEpoch, Roles},
};

/// Where a store of one engine is tried out.
pub(super) trait Bench {
    /// Opens an empty store.
    fn open() -> impl Future<Output = (Self, Arc<dyn Store>)>
    where
        Self: Sized;

    /// Ends the store as a crash does, with no chance to close, and opens what it left.
    fn crash(&mut self, store: Arc<dyn Store>) -> impl Future<Output = Arc<dyn Store>>;
}

/// Makes a test of each function of the suite, over one kind of bench.
macro_rules! conforms {
    ($bench:ty) => {
        $crate::store::conformance::conforms! { $bench:
            what_was_written_is_read,
            a_username_is_given_out_once_and_the_losers_leave_nothing,
            a_user_is_swapped_only_from_what_the_store_holds,
            no_step_of_a_contended_record_is_lost_or_doubled,
            a_read_never_goes_back_behind_an_earlier_one,
            of_many_swaps_from_one_session_one_wins,
            a_user_has_their_own_sessions_and_nobody_elses,
            pages_have_every_session_once_and_in_order,
            a_listing_under_change_misses_no_session_that_stays,
            a_removed_session_is_gone_from_everywhere_and_stays_gone,
            a_session_that_changed_is_not_removed,
            of_a_removal_and_a_change_at_once_one_wins,
            a_sweep_removes_what_is_over_and_nothing_that_is_renewed_meanwhile,
            what_was_acknowledged_survives_a_crash,
        }
    };
    ($bench:ty: $($name:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                $crate::store::conformance::$name::<$bench>().await;
            }
        )*
    };
}
pub(super) use conforms;

/// Tasks at once in the tests of contention.
const TASKS: u64 = 32;

pub(super) fn user(id: u128, username: &str) -> User {
    User {
        id: UserId(Uuid::from_u128(id)),
        username: username.parse().unwrap(),
        password: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo".parse().unwrap(),
        credential_epoch: CredentialEpoch::default(),
        roles: Roles::default(),
        created_at: UnixSeconds::EPOCH,
    }
}

pub(crate) fn session(user: u128, id: u128) -> Session {
    let token = RefreshToken::new(SessionId(Uuid::from_u128(id)), [1; 32]);
    let beginning = Beginning {
        user: UserId(Uuid::from_u128(user)),
        epoch: CredentialEpoch::default(),
        transport: Transport::Cookie,
        label: Label::default(),
    };
    Session::begin(beginning, &token, UnixSeconds::EPOCH)
}

pub(crate) fn ended(session: &Session) -> Session {
    session.end(End::SignedOut).unwrap()
}

/// Runs one task for each number, all at once on several threads, and gathers what came of them.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(task: impl Fn(u64) -> F) -> Vec<T> {
    let tasks: Vec<_> = (0..TASKS).map(|index| tokio::spawn(task(index))).collect();
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

/// The ids of all sessions, read in pages of `most`.
async fn every_session(store: &dyn Store, most: usize) -> Vec<SessionId> {
    let mut ids: Vec<SessionId> = Vec::new();
    loop {
        let page = store.sessions_after(ids.last().copied(), most).await.unwrap();
        assert!(page.len() <= most);
        if page.is_empty() {
            return ids;
        }
        ids.extend(page.iter().map(|session| session.id));
    }
}

pub(super) async fn what_was_written_is_read<B: Bench>() {
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

pub(super) async fn a_username_is_given_out_once_and_the_losers_leave_nothing<B: Bench>() {
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

pub(super) async fn a_user_is_swapped_only_from_what_the_store_holds<B: Bench>() {
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

pub(super) async fn no_step_of_a_contended_record_is_lost_or_doubled<B: Bench>() {
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

pub(super) async fn a_read_never_goes_back_behind_an_earlier_one<B: Bench>() {
    const STEPS: u64 = 30;
    let (_bench, store) = B::open().await;
    store.add_user(&user(1, "one")).await.unwrap();
    let at = |seconds| User { created_at: UnixSeconds::new(seconds).unwrap(), ..user(1, "one") };
    // The first task counts, the others look on.
    at_once(|index| {
        let store = Arc::clone(&store);
        async move {
            let mut seen = 0;
            while seen < STEPS {
                let now = store.user(user(1, "one").id).await.unwrap().unwrap().created_at.seconds();
                assert!(now >= seen, "{now} after {seen}");
                seen = now;
                if index == 0 && seen < STEPS {
                    assert_eq!(store.swap_user(&at(seen), &at(seen + 1)).await.unwrap(), Swapped::Yes);
                    seen += 1;
                }
            }
        }
    })
    .await;
}

pub(super) async fn of_many_swaps_from_one_session_one_wins<B: Bench>() {
    let (_bench, store) = B::open().await;
    let old = session(1, 7);
    assert_eq!(store.swap_session(&old, &ended(&old)).await.unwrap(), Swapped::Conflict);
    store.add_session(&old).await.unwrap();
    let outcomes = at_once(|_| {
        let (store, old) = (Arc::clone(&store), old.clone());
        async move { store.swap_session(&old, &ended(&old)).await.unwrap() }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|swapped| **swapped == Swapped::Yes).count(), 1);
    assert_eq!(store.session(old.id).await.unwrap(), Some(ended(&old)));
}

pub(super) async fn a_user_has_their_own_sessions_and_nobody_elses<B: Bench>() {
    let (_bench, store) = B::open().await;
    // Neighbours in the order of ids, the last of them all too.
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

pub(super) async fn pages_have_every_session_once_and_in_order<B: Bench>() {
    let (_bench, store) = B::open().await;
    assert_eq!(every_session(&*store, 10).await, []);
    let ids: BTreeSet<u128> =
        (0..100).map(|n: u128| n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).collect();
    for id in &ids {
        store.add_session(&session(1, *id)).await.unwrap();
    }
    let in_order: Vec<_> = ids.iter().map(|id| SessionId(Uuid::from_u128(*id))).collect();
    for most in [1, 7, 100, 1000] {
        assert_eq!(every_session(&*store, most).await, in_order, "in pages of {most}");
    }
}

pub(super) async fn a_listing_under_change_misses_no_session_that_stays<B: Bench>() {
    let (_bench, store) = B::open().await;
    // Those that stay lie between those that come and go.
    for index in 0..u128::from(TASKS) {
        store.add_session(&session(1, index * 1000)).await.unwrap();
    }
    let stay: HashSet<_> = (0..u128::from(TASKS)).map(|index| SessionId(Uuid::from_u128(index * 1000))).collect();
    at_once(|index| {
        let (store, stay) = (Arc::clone(&store), stay.clone());
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

pub(super) async fn a_removed_session_is_gone_from_everywhere_and_stays_gone<B: Bench>() {
    let (_bench, store) = B::open().await;
    let (gone, kept) = (session(1, 7), session(1, 8));
    store.add_session(&gone).await.unwrap();
    store.add_session(&kept).await.unwrap();
    assert_eq!(store.remove_session(&gone).await.unwrap(), Swapped::Yes);
    assert_eq!(store.remove_session(&gone).await.unwrap(), Swapped::Conflict);
    assert_eq!(store.session(gone.id).await.unwrap(), None);
    assert_eq!(store.sessions_of(gone.user).await.unwrap(), std::slice::from_ref(&kept));
    assert_eq!(every_session(&*store, 10).await, [kept.id]);
    // Whoever still has the record from before cannot bring it back.
    assert_eq!(store.swap_session(&gone, &ended(&gone)).await.unwrap(), Swapped::Conflict);
    assert_eq!(store.session(gone.id).await.unwrap(), None);
}

pub(super) async fn a_session_that_changed_is_not_removed<B: Bench>() {
    let (_bench, store) = B::open().await;
    let (old, new) = (session(1, 7), ended(&session(1, 7)));
    store.add_session(&old).await.unwrap();
    store.swap_session(&old, &new).await.unwrap();
    assert_eq!(store.remove_session(&old).await.unwrap(), Swapped::Conflict);
    assert_eq!(store.sessions_of(old.user).await.unwrap(), [new]);
}

pub(super) async fn of_a_removal_and_a_change_at_once_one_wins<B: Bench>() {
    let (_bench, store) = B::open().await;
    for id in 0..50 {
        let old = session(1, id);
        store.add_session(&old).await.unwrap();
        let outcomes = at_once(|index| {
            let (store, old) = (Arc::clone(&store), old.clone());
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

pub(super) async fn a_sweep_removes_what_is_over_and_nothing_that_is_renewed_meanwhile<B: Bench>() {
    const SESSIONS: u64 = 40;
    let (_bench, store) = B::open().await;
    let old = |task: u64, index| session(u128::from(task), u128::from(task * SESSIONS + index));
    // What is before the epoch counts as over, so that a swap can renew it.
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

pub(super) async fn what_was_acknowledged_survives_a_crash<B: Bench>() {
    let (mut bench, store) = B::open().await;
    let written = at_once(|index| {
        let store = Arc::clone(&store);
        async move {
            let owner = u128::from(index);
            store.add_user(&user(owner, &format!("user{index}"))).await.unwrap();
            let (living, over, removed) =
                (session(owner, owner * 10), session(owner, owner * 10 + 1), session(owner, owner * 10 + 2));
            for session in [&living, &over, &removed] {
                store.add_session(session).await.unwrap();
            }
            store.swap_session(&over, &ended(&over)).await.unwrap();
            store.remove_session(&removed).await.unwrap();
            (user(owner, &format!("user{index}")), vec![living, ended(&over)])
        }
    })
    .await;
    let store = bench.crash(store).await;
    for (user, sessions) in written {
        assert_eq!(store.sessions_of(user.id).await.unwrap(), sessions);
        assert_eq!(store.user_named(&user.username).await.unwrap(), Some(user));
    }
    // It goes on from there.
    store.add_session(&session(1, 9999)).await.unwrap();
    assert!(store.sessions_of(session(1, 9999).user).await.unwrap().contains(&session(1, 9999)));
}
