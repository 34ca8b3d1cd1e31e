//! `GET /sessions`, `DELETE /sessions`, `DELETE /sessions/{id}`: the user's own sessions.

use std::sync::Arc;

use serde::Serialize;
use warp::reply::Response;

use super::{ApiError, Head, caller, cookies, json, no_content};
use crate::auth::{Auth, Listed};

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
    /// The user agent that began it; null where it told none.
    label: Option<String>,
    current: bool,
}

impl From<Listed> for SessionBody {
    fn from(listed: Listed) -> Self {
        Self {
            id: listed.id.to_string(),
            expires_at: listed.expires_at.seconds(),
            created_at: listed.created_at.seconds(),
            last_used_at: listed.last_used_at.seconds(),
            label: Some(listed.label.to_string()).filter(|label| !label.is_empty()),
            current: listed.is_current,
        }
    }
}

pub(crate) async fn list(auth: Arc<Auth>, head: Head) -> Result<Response, ApiError> {
    let seen = caller::see(&auth, &head).await?;
    let sessions = auth.sessions(seen.identity()).await?.into_iter().map(SessionBody::from).collect();
    caller::answer(json(&Body { sessions }), &seen)
}

pub(crate) async fn end_all(auth: Arc<Auth>, head: Head) -> Result<Response, ApiError> {
    let seen = caller::see(&auth, &head).await?;
    auth.end_all_own(seen.identity(), head.address).await?;
    let mut response = no_content();
    cookies::clear(&mut response)?;
    Ok(response)
}

pub(crate) async fn end_one(auth: Arc<Auth>, head: Head, id: String) -> Result<Response, ApiError> {
    let seen = caller::see(&auth, &head).await?;
    // What is no id is the id of no session.
    let id = id.parse().map_err(|_| ApiError::no_such_session())?;
    auth.end_own(seen.identity(), id, head.address).await?;
    let mut response = no_content();
    if id == seen.identity().session {
        cookies::clear(&mut response)?;
        return Ok(response);
    }
    caller::answer(response, &seen)
}
