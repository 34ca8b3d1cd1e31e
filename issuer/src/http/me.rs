//! `GET /me`: who is signed in, renewed on the way where it must be.

use std::sync::Arc;

use warp::{http::HeaderMap, reply::Response};

use super::{ApiError, cookies, credentials::Credentials, json, pass::IdentityBody};
use crate::auth::{Auth, Seen};

pub(crate) async fn handle(auth: Arc<Auth>, headers: HeaderMap) -> Result<Response, ApiError> {
    let credentials = Credentials::read(&headers)?;
    match auth.see(credentials.presented()).await? {
        Seen::Known(identity) => Ok(json(&IdentityBody::from(&identity))),
        Seen::Renewed(pass) => {
            let mut response = json(&IdentityBody::from(&pass.identity));
            cookies::set(&mut response, &pass)?;
            Ok(response)
        }
    }
}
