//! The caller of a request that needs a session. Authentication may renew the tokens; the response then sets new cookies.

use warp::reply::Response;

use super::{ApiError, credentials::Credentials, server::head::Head};
use crate::auth::{Auth, Authenticated};

/// Authenticates the caller of a request.
pub(crate) async fn authenticate(auth: &Auth, head: &Head) -> Result<Authenticated, ApiError> {
    let credentials = Credentials::read(head)?;
    Ok(auth.authenticate(credentials.presented(), head.address).await?)
}

/// Responds, with the new tokens if the caller's were renewed. An error sets them, too: without them the client would send
/// a used refresh token next time.
pub(crate) fn respond(
    result: Result<Response, ApiError>,
    head: &Head,
    caller: &Authenticated,
) -> Result<Response, ApiError> {
    let Authenticated::Renewed(tokens) = caller else { return result };
    match result {
        Ok(mut response) => {
            head.cookies.set(&mut response, tokens)?;
            Ok(response)
        }
        Err(error) => Err(error.with_cookies(head.cookies.both(tokens)?)),
    }
}
