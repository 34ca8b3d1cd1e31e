//! `GET /me`: who is signed in, renewed on the way where it must be.

use std::sync::Arc;

use warp::reply::Response;

use crate::auth::Auth;
use crate::http::{ApiError, caller, json, server::head::Head, token_response::IdentityBody};

pub(crate) async fn handle(auth: Arc<Auth>, head: Head) -> Result<Response, ApiError> {
    let seen = caller::see(&auth, &head).await?;
    caller::answer(Ok(json(&IdentityBody::from(seen.identity()))), &head, &seen)
}
