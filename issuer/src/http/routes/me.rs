//! `GET /me`: the signed-in user and the session. Renews an expired access token from the refresh cookie.

use std::sync::Arc;

use warp::reply::Response;

use crate::auth::Auth;
use crate::http::{ApiError, caller, json, server::head::Head, token_response::IdentityBody};

pub(crate) async fn handle(auth: Arc<Auth>, head: Head) -> Result<Response, ApiError> {
    let caller = caller::authenticate(&auth, &head).await?;
    caller::respond(Ok(json(&IdentityBody::from(caller.identity()))), &head, &caller)
}
