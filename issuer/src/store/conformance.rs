//! The conformance suite for [`Store`]: each implementation runs it in its own tests.

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    future::Future,
    path::Path,
    sync::Arc,
};

use futures_util::future::join_all;
use hallpass_token::UnixSeconds;
use uuid::Uuid;

use super::*;
use crate::{
    password::Credential,
    refresh_token::{KeyId, RefreshToken},
    session::{Beginning, End, Label, Transport},
    sweeper::sweep,
    user::CredentialEpoch,
};

pub(super) mod crash;
pub(super) mod key_ring;
pub(crate) mod revocation;
pub(super) mod sessions;
pub(super) mod sweep;
pub(super) mod users;

/// Provides stores of one engine for the suite.
pub(super) trait Bench {
    /// Why the engine cannot run on this machine, if so.
    fn missing() -> Option<String> {
        None
    }

    /// Opens an empty store.
    fn open() -> impl Future<Output = (Self, Arc<dyn Store>)>
    where
        Self: Sized;

    /// Ends the store as a crash does, without closing it, and opens it again.
    fn crash(&mut self, store: Arc<dyn Store>) -> impl Future<Output = Arc<dyn Store>>;
}

/// Makes one test of each function of the suite, for one bench.
macro_rules! conforms {
    ($bench:ty) => {
        $crate::store::conformance::conforms! { $bench:
            sessions::what_was_written_is_read,
            users::a_username_is_assigned_once_and_the_losers_leave_nothing,
            users::a_user_is_swapped_only_from_what_the_store_holds,
            users::no_step_of_a_contended_record_is_lost_or_doubled,
            users::a_read_never_goes_back_behind_an_earlier_one,
            users::a_removed_user_is_gone_and_the_name_is_assigned_again,
            users::a_user_who_changed_is_not_removed,
            users::concurrent_removals_changes_and_additions_have_one_winner_each,
            users::pages_have_every_user_once_and_in_order,
            users::an_unknown_name_gets_the_next_user_after_its_position_as_a_decoy,
            sessions::of_many_swaps_from_one_session_one_wins,
            sessions::several_sessions_are_found_by_their_ids_at_once,
            sessions::a_user_lists_only_their_own_sessions,
            sessions::pages_have_every_session_once_and_in_order,
            sessions::a_listing_under_change_misses_no_session_that_stays,
            sweep::a_removed_session_is_gone_from_everywhere_and_stays_gone,
            sweep::a_session_that_changed_is_not_removed,
            sweep::of_a_removal_and_a_change_at_once_one_wins,
            sweep::a_sweep_removes_only_sessions_that_are_over,
            key_ring::a_key_ring_is_swapped_only_from_what_the_store_holds,
            key_ring::of_many_first_key_rings_one_wins,
            revocation::only_the_sessions_of_a_revoked_key_end_even_after_an_interruption,
            crash::acknowledged_writes_survive_a_crash,
        }
    };
    ($bench:ty: $($part:ident::$name:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                if let Some(missing) = <$bench as $crate::store::conformance::Bench>::missing() {
                    return eprintln!("not run: {missing}");
                }
                $crate::store::conformance::$part::$name::<$bench>().await;
            }
        )*
    };
}
pub(super) use conforms;

/// Concurrent tasks in the contention tests.
const TASKS: u64 = 32;

pub(crate) fn user(id: u128, username: &str) -> User {
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo".parse().unwrap();
    let id = UserId(Uuid::from_u128(id));
    User::new(id, username.parse().unwrap(), Credential::imported(hash), UnixSeconds::EPOCH)
}

pub(crate) fn session(user: u128, id: u128) -> Session {
    session_with(user, id, KeyId::UNNAMED)
}

/// A session whose first token is made with that key.
pub(crate) fn session_with(user: u128, id: u128, key: KeyId) -> Session {
    let token = RefreshToken::new(SessionId(Uuid::from_u128(id)), [1; 32], key);
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

/// Runs one task per number concurrently on several threads, and collects the results.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(task: impl Fn(u64) -> F) -> Vec<T> {
    let tasks: Vec<_> = (0..TASKS).map(|index| tokio::spawn(task(index))).collect();
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

/// The ids of all sessions, read in pages of `limit`.
async fn every_session(store: &dyn Store, limit: usize) -> Vec<SessionId> {
    let mut ids: Vec<SessionId> = Vec::new();
    loop {
        let page = store.sessions_after(ids.last().copied(), limit).await.unwrap();
        assert!(page.len() <= limit);
        if page.is_empty() {
            return ids;
        }
        ids.extend(page.iter().map(|session| session.id));
    }
}

/// Copies a folder of files and folders.
pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let copied = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &copied);
        } else {
            fs::copy(entry.path(), copied).unwrap();
        }
    }
}
