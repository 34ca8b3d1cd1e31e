//! Who makes a request that needs a session: read, found out, and answered with new cookies where it was renewed on the
//! way.

use warp::reply::Response;

use super::{ApiError, credentials::Credentials, server::head::Head};
use crate::auth::{Auth, Authenticated};

/// Finds out who makes a request.
pub(crate) async fn see(auth: &Auth, head: &Head) -> Result<Authenticated, ApiError> {
    let credentials = Credentials::read(head)?;
    Ok(auth.authenticate(credentials.presented(), head.address).await?)
}

/// Answers, with the new pair where the caller was renewed. An error brings it too: without, the client would come back
/// with a refresh token that is used.
pub(crate) fn answer(
    result: Result<Response, ApiError>,
    head: &Head,
    seen: &Authenticated,
) -> Result<Response, ApiError> {
    let Authenticated::Renewed(pass) = seen else { return result };
    match result {
        Ok(mut response) => {
            head.cookies.set(&mut response, pass)?;
            Ok(response)
        }
        Err(error) => Err(error.with_cookies(head.cookies.both(pass)?)),
    }
}
