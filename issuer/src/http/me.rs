//! `GET /me`: who is signed in, renewed on the way where it must be.

use std::sync::Arc;

use warp::reply::Response;

use super::{ApiError, Head, caller, json, pass::IdentityBody};
use crate::auth::Auth;

pub(crate) async fn handle(auth: Arc<Auth>, head: Head) -> Result<Response, ApiError> {
    let seen = caller::see(&auth, &head).await?;
    caller::answer(Ok(json(&IdentityBody::from(seen.identity()))), &head, &seen)
}
