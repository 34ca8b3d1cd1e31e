//! Changes of one record that other writers change concurrently: read, decide, swap, and repeat after a conflict.

use super::{Store, StoreError, StoreFuture, Swapped};
use crate::{
    id::{SessionId, UserId},
    session::Session,
    user::User,
};

/// The number of attempts. Each conflict means that another writer succeeded, so eight in a row mean a contended record.
pub(crate) const MAX_ATTEMPTS: usize = 8;

/// What to do with a record, and the value to return after that.
pub(crate) enum Decision<R, T> {
    /// Replace the record by this one, which has the same id.
    Swap(R, T),
    /// Remove the record.
    Remove(T),
    /// Write nothing.
    Keep(T),
}

/// Other writers changed the record at each of [`MAX_ATTEMPTS`] attempts. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contended;

/// Why a record was not changed, for a `decide` that cannot fail itself.
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

/// The record to change: its id, or the record as it was read before, which saves the first read.
pub(crate) enum Start<R: Record> {
    Id(R::Id),
    Read(R),
}

/// Changes a session by the decision of `decide`, and returns its value.
///
/// - `decide` gets the current session, or `None` if the session does not exist. It is called once for each attempt. So it must have
///   no effect of its own, or one that may happen several times.
/// - The change is durable when this returns. A concurrent change by another writer is never lost.
/// - An error of `decide` ends the update without a write. So does [`Contended`].
/// - A swap or a removal of a session that does not exist writes nothing and returns the value of the decision.
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

/// Changes a user. The guarantees are those of [`update_session`].
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
            // A record that does not exist cannot change.
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
    async fn after_a_conflict_the_change_is_decided_again_from_the_new_record() {
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
    async fn a_record_that_changes_at_each_attempt_is_contended_and_not_written() {
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
    async fn a_record_is_removed_once_and_then_missing() {
        let (_folder, store, _) = with_user().await;
        let session = session(1, 1);
        store.add_session(&session).await.unwrap();
        let remove = async |found: Option<Session>| Ok(Decision::Remove(found.is_some()));
        let removed: Result<_, UpdateError> = update_session(&store, session.clone(), remove).await;
        assert_eq!((removed, store.session(session.id).await.unwrap()), (Ok(true), None));
        // The record that was read before is out of date: the second attempt finds none.
        let removed: Result<_, UpdateError> = update_session(&store, session.clone(), remove).await;
        assert_eq!(removed, Ok(false));
        let ids: Result<_, UpdateError> = update_session(&store, session.id, remove).await;
        assert_eq!(ids, Ok(false));
    }

    #[tokio::test]
    async fn a_record_that_disappears_is_decided_as_missing_and_not_written() {
        let (_folder, store, read) = with_user().await;
        store.remove_user(&read).await.unwrap();
        let disable = async |user: Option<User>| {
            let was_found = user.is_some();
            Ok(Decision::Swap(user.unwrap_or_else(|| read.clone()).disabled(), was_found))
        };
        let found: Result<_, UpdateError> = update_user(&store, read.clone(), disable).await;
        assert_eq!((found, store.user(read.id).await.unwrap()), (Ok(false), None));
    }
}
