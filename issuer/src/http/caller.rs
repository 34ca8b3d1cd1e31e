//! Who makes a request that needs a session: read, found out, and answered with new cookies where it was renewed on the
//! way.

use warp::reply::Response;

use super::{ApiError, Head, cookies, credentials::Credentials};
use crate::auth::{Auth, Seen};

/// Finds out who makes a request.
pub(crate) async fn see(auth: &Auth, head: &Head) -> Result<Seen, ApiError> {
    let credentials = Credentials::read(&head.headers)?;
    Ok(auth.see(credentials.presented(), head.address).await?)
}

/// Answers, with the new pair where the caller was renewed.
pub(crate) fn answer(mut response: Response, seen: &Seen) -> Result<Response, ApiError> {
    if let Seen::Renewed(pass) = seen {
        cookies::set(&mut response, pass)?;
    }
    Ok(response)
}
