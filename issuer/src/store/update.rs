//! Changes of a record that others change at the same time: read it, decide, and swap; again where others were first.

use super::{Store, StoreError, StoreFuture, Swapped};
use crate::{
    id::{SessionId, UserId},
    session::Session,
    user::User,
};

/// How often a record that others keep changing is read and decided again. A conflict takes another writer that succeeded, so
/// that eight in a row mean that the record is contended.
pub(crate) const MAX_ATTEMPTS: usize = 8;

/// What to do with a record, and what to return once it is done.
pub(crate) enum Decision<R, T> {
    /// The record becomes this one, which has the same id.
    Swap(R, T),
    /// The record is removed.
    Remove(T),
    /// The record stays as it is.
    Keep(T),
}

/// Others changed the record at each of [`MAX_ATTEMPTS`] attempts. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contended;

/// Why a record was not changed, for decisions that cannot fail themselves.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UpdateError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("other writers changed the record at each attempt")]
    Contended,
}

impl From<Contended> for UpdateError {
    fn from(_: Contended) -> Self {
        Self::Contended
    }
}

/// The record to change: by its id, or as it was read already, which saves the first read.
pub(crate) enum Start<R: Record> {
    Id(R::Id),
    Read(R),
}

/// Changes a session as `decide` says, and returns what it says.
///
/// `decide` gets the session as it is, or `None` where there is none. It is called again with the new session where another
/// writer was first, so it changes nothing by itself. The change is durable once this returns, and a change by another writer
/// is never lost.
pub(crate) async fn update_session<T, E, Deciding>(
    store: &dyn Store,
    session: impl Into<Start<Session>>,
    decide: impl FnMut(Option<Session>) -> Deciding,
) -> Result<T, E>
where
    E: From<StoreError> + From<Contended>,
    Deciding: Future<Output = Result<Decision<Session, T>, E>>,
{
    update(store, session.into(), decide).await
}

/// Changes a user as `decide` says, and returns what it says: the same as [`update_session`].
pub(crate) async fn update_user<T, E, Deciding>(
    store: &dyn Store,
    user: impl Into<Start<User>>,
    decide: impl FnMut(Option<User>) -> Deciding,
) -> Result<T, E>
where
    E: From<StoreError> + From<Contended>,
    Deciding: Future<Output = Result<Decision<User, T>, E>>,
{
    update(store, user.into(), decide).await
}

async fn update<R, T, E, Deciding>(
    store: &dyn Store,
    start: Start<R>,
    mut decide: impl FnMut(Option<R>) -> Deciding,
) -> Result<T, E>
where
    R: Record,
    E: From<StoreError> + From<Contended>,
    Deciding: Future<Output = Result<Decision<R, T>, E>>,
{
    let (id, mut record) = match start {
        Start::Id(id) => (id, R::read(store, id).await?),
        Start::Read(record) => (record.id(), Some(record)),
    };
    for _ in 0..MAX_ATTEMPTS {
        let (swapped, outcome) = match (decide(record.clone()).await?, &record) {
            (Decision::Swap(new, outcome), Some(old)) => (R::swap(store, old, &new).await?, outcome),
            (Decision::Remove(outcome), Some(old)) => (R::remove(store, old).await?, outcome),
            // There is nothing to change where there is no record.
            (Decision::Swap(_, outcome) | Decision::Remove(outcome) | Decision::Keep(outcome), _) => {
                return Ok(outcome);
            }
        };
        if swapped == Swapped::Yes {
            return Ok(outcome);
        }
        record = R::read(store, id).await?;
    }
    Err(Contended.into())
}

/// A record that the store can compare and swap.
pub(crate) trait Record: Clone + Send + Sync {
    type Id: Copy + Send;

    fn id(&self) -> Self::Id;
    fn read(store: &dyn Store, id: Self::Id) -> StoreFuture<'_, Option<Self>>;
    fn swap<'s>(store: &'s dyn Store, old: &'s Self, new: &'s Self) -> StoreFuture<'s, Swapped>;
    fn remove<'s>(store: &'s dyn Store, old: &'s Self) -> StoreFuture<'s, Swapped>;
}

impl Record for Session {
    type Id = SessionId;

    fn id(&self) -> SessionId {
        self.id
    }

    fn read(store: &dyn Store, id: SessionId) -> StoreFuture<'_, Option<Self>> {
        store.session(id)
    }

    fn swap<'s>(store: &'s dyn Store, old: &'s Self, new: &'s Self) -> StoreFuture<'s, Swapped> {
        store.swap_session(old, new)
    }

    fn remove<'s>(store: &'s dyn Store, old: &'s Self) -> StoreFuture<'s, Swapped> {
        store.remove_session(old)
    }
}

impl Record for User {
    type Id = UserId;

    fn id(&self) -> UserId {
        self.id
    }

    fn read(store: &dyn Store, id: UserId) -> StoreFuture<'_, Option<Self>> {
        store.user(id)
    }

    fn swap<'s>(store: &'s dyn Store, old: &'s Self, new: &'s Self) -> StoreFuture<'s, Swapped> {
        store.swap_user(old, new)
    }

    fn remove<'s>(store: &'s dyn Store, old: &'s Self) -> StoreFuture<'s, Swapped> {
        store.remove_user(old)
    }
}

impl From<SessionId> for Start<Session> {
    fn from(id: SessionId) -> Self {
        Self::Id(id)
    }
}

impl From<UserId> for Start<User> {
    fn from(id: UserId) -> Self {
        Self::Id(id)
    }
}

impl<R: Record> From<R> for Start<R> {
    fn from(record: R) -> Self {
        Self::Read(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{
            conformance::{session, user},
            sled::SledStore,
        },
        user::Failures,
    };

    /// A store with a user, and the user.
    async fn with_user() -> (tempfile::TempDir, SledStore, User) {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        let user = user(1, "one");
        store.add_user(&user).await.unwrap();
        (folder, store, user)
    }

    fn refusal() -> UpdateError {
        UpdateError::Store(StoreError::Gone)
    }

    fn failing(times: u16) -> Failures {
        Failures { unknown: times, known: 0 }
    }

    #[tokio::test]
    async fn a_change_that_lost_a_race_is_decided_again_by_what_the_winner_wrote() {
        let (_folder, store, read) = with_user().await;
        store.swap_user(&read, &read.with_failures(failing(3))).await.unwrap();
        let disable =
            async |user: Option<User>| Ok(Decision::Swap(user.as_ref().unwrap().disabled(), user.unwrap().failures));
        let failures: Result<_, UpdateError> = update_user(&store, read.clone(), disable).await;
        assert_eq!(failures, Ok(failing(3)));
        let now = store.user(read.id).await.unwrap().unwrap();
        assert_eq!((now.is_disabled, now.failures), (true, failing(3)));
    }

    #[tokio::test]
    async fn a_record_that_others_change_at_each_attempt_is_contended_and_stays_theirs() {
        let (_folder, store, read) = with_user().await;
        let mut attempts = 0;
        let store = &store;
        let decide = |user: Option<User>| {
            attempts += 1;
            async move {
                let user = user.unwrap();
                store.swap_user(&user, &user.with_failures(failing(attempts))).await?;
                Ok(Decision::Swap(user.disabled(), ()))
            }
        };
        let outcome: Result<(), UpdateError> = update_user(store, read.id, decide).await;
        assert_eq!(outcome, Err(UpdateError::Contended));
        assert_eq!(usize::from(attempts), MAX_ATTEMPTS);
        assert!(!store.user(read.id).await.unwrap().unwrap().is_disabled);
    }

    #[tokio::test]
    async fn a_refusal_and_a_decision_to_keep_write_nothing() {
        let (_folder, store, read) = with_user().await;
        let refused: Result<(), UpdateError> = update_user(&store, read.id, async |_| Err(refusal())).await;
        let kept: Result<u8, UpdateError> = update_user(&store, read.id, async |_| Ok(Decision::Keep(7))).await;
        assert_eq!((refused, kept), (Err(refusal()), Ok(7)));
        assert_eq!(store.user(read.id).await.unwrap(), Some(read));
    }

    #[tokio::test]
    async fn a_record_is_removed_as_it_is_now_and_a_missing_one_is_told_apart() {
        let (_folder, store, _) = with_user().await;
        let session = session(1, 1);
        store.add_session(&session).await.unwrap();
        let remove = async |found: Option<Session>| Ok(Decision::Remove(found.is_some()));
        let removed: Result<_, UpdateError> = update_session(&store, session.clone(), remove).await;
        assert_eq!((removed, store.session(session.id).await.unwrap()), (Ok(true), None));
        // What was read before is out of date: the second look finds nothing.
        let removed: Result<_, UpdateError> = update_session(&store, session.clone(), remove).await;
        assert_eq!(removed, Ok(false));
        let ids: Result<_, UpdateError> = update_session(&store, session.id, remove).await;
        assert_eq!(ids, Ok(false));
    }
}
