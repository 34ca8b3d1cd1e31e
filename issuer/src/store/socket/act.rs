//! Carries out requests on a store.

use super::{
    protocol::{Answer, Request},
    record::Record,
};
use crate::{
    id::{SessionId, UserId},
    session::Session,
    store::{KeyRingRecord, Store, StoreError},
    user::{User, Username},
};

/// The maximum number of records in a page, so that a page of any records fits into an answer.
const MAX_PER_PAGE: usize = 1024;

/// Carries out a request. A failure is an answer too.
pub(super) async fn act(store: &dyn Store, request: Request) -> Answer {
    carry_out(store, request).await.unwrap_or_else(|error| Answer::Failed(for_client(error)))
}

/// The error that the client gets. The variants about a connection mean the client's own connection there.
fn for_client(error: StoreError) -> StoreError {
    match error {
        StoreError::Away(_) | StoreError::Gone | StoreError::Unanswered => StoreError::Engine(error.to_string()),
        StoreError::Engine(_) | StoreError::Record(_) | StoreError::TooLarge { .. } => error,
    }
}

async fn carry_out(store: &dyn Store, request: Request) -> Result<Answer, StoreError> {
    match request {
        Request::User(id) => found(store.user(UserId(id)).await?.as_ref()),
        Request::UserNamed(name) => found(store.user_named(&username(&name)?).await?.as_ref()),
        Request::AddUser(user) => store.add_user(&user.to_user()?).await.map(Answer::Added),
        Request::SwapUser(old, new) => store.swap_user(&old.to_user()?, &new.to_user()?).await.map(Answer::Swapped),
        Request::RemoveUser(user) => store.remove_user(&user.to_user()?).await.map(Answer::Swapped),
        Request::UsersAfter(after, limit) => {
            let users = store.users_after(after.map(UserId), page(limit)).await?;
            let records: Result<_, _> = users.iter().map(Record::of_user).collect();
            Ok(Answer::Listed(records?))
        }
        Request::Session(id) => Ok(Answer::Found(store.session(SessionId(id)).await?.as_ref().map(Record::of_session))),
        Request::SessionsById(ids) => {
            let ids: Vec<_> = ids.into_iter().map(SessionId).collect();
            Ok(listed(&store.sessions_by_id(&ids).await?))
        }
        Request::SessionsOf(user) => Ok(listed(&store.sessions_of(UserId(user)).await?)),
        Request::SessionsAfter(after, limit) => {
            Ok(listed(&store.sessions_after(after.map(SessionId), page(limit)).await?))
        }
        Request::AddSession(session) => store.add_session(&session.to_session()?).await.map(|()| Answer::Done),
        Request::SwapSession(old, new) => {
            store.swap_session(&old.to_session()?, &new.to_session()?).await.map(Answer::Swapped)
        }
        Request::RemoveSession(session) => store.remove_session(&session.to_session()?).await.map(Answer::Swapped),
        Request::KeyRing => Ok(Answer::KeyRing(store.key_ring().await?.map(|KeyRingRecord(record)| record))),
        Request::SwapKeyRing(old, new) => {
            let old = old.map(KeyRingRecord);
            store.swap_key_ring(old.as_ref(), &KeyRingRecord(new)).await.map(Answer::Swapped)
        }
    }
}

fn username(text: &str) -> Result<Username, StoreError> {
    text.parse().map_err(|error| StoreError::Record(format!("a username: {error}")))
}

/// The number of records in a page: the requested limit, up to the maximum.
fn page(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(MAX_PER_PAGE).min(MAX_PER_PAGE)
}

fn found(user: Option<&User>) -> Result<Answer, StoreError> {
    Ok(Answer::Found(user.map(Record::of_user).transpose()?))
}

fn listed(sessions: &[Session]) -> Answer {
    Answer::Listed(sessions.iter().map(Record::of_session).collect())
}
