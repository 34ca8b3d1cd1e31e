//! `GET /sessions`, `DELETE /sessions`, `DELETE /sessions/{id}`: the user's own sessions.

use std::sync::Arc;

use serde::Serialize;
use warp::reply::Response;

use crate::auth::{Auth, ListedSession};
use crate::http::{ApiError, caller, json, no_content, server::head::Head};

#[derive(Serialize)]
struct Body {
    sessions: Vec<SessionBody>,
}

#[derive(Serialize)]
struct SessionBody {
    id: String,
    expires_at: u64,
    created_at: u64,
    last_used_at: u64,
    /// The `User-Agent` of the sign-in; null if there was none.
    label: Option<String>,
    /// The client that the user agent names, such as `Firefox 145 on Linux`.
    client: Option<String>,
    current: bool,
}

impl From<ListedSession> for SessionBody {
    fn from(listed: ListedSession) -> Self {
        Self {
            id: listed.id.to_string(),
            expires_at: listed.expires_at.seconds(),
            created_at: listed.created_at.seconds(),
            last_used_at: listed.last_used_at.seconds(),
            label: Some(listed.label.to_string()).filter(|label| !label.is_empty()),
            client: listed.label.client(),
            current: listed.is_current,
        }
    }
}

pub(crate) async fn list(auth: Arc<Auth>, head: Head) -> Result<Response, ApiError> {
    let caller = caller::authenticate(&auth, &head).await?;
    let listed = auth.sessions(caller.identity()).await;
    let body = listed.map(|listed| Body { sessions: listed.into_iter().map(SessionBody::from).collect() });
    caller::respond(body.map(|body| json(&body)).map_err(ApiError::from), &head, &caller)
}

pub(crate) async fn end_all(auth: Arc<Auth>, head: Head) -> Result<Response, ApiError> {
    let caller = caller::authenticate(&auth, &head).await?;
    match auth.end_all_own(caller.identity(), head.address).await {
        Ok(()) => signed_out(&head),
        Err(error) => caller::respond(Err(error.into()), &head, &caller),
    }
}

pub(crate) async fn end_one(auth: Arc<Auth>, head: Head, id: String) -> Result<Response, ApiError> {
    let caller = caller::authenticate(&auth, &head).await?;
    // An invalid id belongs to no session.
    let Ok(id) = id.parse() else { return caller::respond(Err(ApiError::no_such_session()), &head, &caller) };
    match auth.end_own(caller.identity(), id, head.address).await {
        Ok(()) if id == caller.identity().session => signed_out(&head),
        ended => caller::respond(ended.map(|()| no_content()).map_err(ApiError::from), &head, &caller),
    }
}

/// The caller's own session has ended, so the response removes its cookies.
fn signed_out(head: &Head) -> Result<Response, ApiError> {
    let mut response = no_content();
    head.cookies.clear(&mut response)?;
    Ok(response)
}
