//! The two cookies. Their prefix `__Host-` makes browsers bind them to this host, `Secure` and the whole path.

use cookie::{Cookie, SameSite, time::Duration};
use warp::{
    http::{HeaderMap, HeaderValue, header},
    reply::Response,
};

use super::ApiError;
use crate::auth::Pass;

const ACCESS: &str = "__Host-hallpass_access";
const REFRESH: &str = "__Host-hallpass_refresh";

/// What a request's cookies hold of ours.
#[derive(Default)]
pub(crate) struct Tokens {
    pub(crate) access: Option<String>,
    pub(crate) refresh: Option<String>,
}

/// Reads our cookies. One that comes twice is refused: which of the two is meant?
pub(crate) fn read(headers: &HeaderMap) -> Result<Tokens, ApiError> {
    let mut tokens = Tokens::default();
    for value in headers.get_all(header::COOKIE) {
        let Ok(value) = value.to_str() else { continue };
        for cookie in Cookie::split_parse(value).flatten() {
            let place = match cookie.name() {
                ACCESS => &mut tokens.access,
                REFRESH => &mut tokens.refresh,
                _ => continue,
            };
            if place.replace(cookie.value().to_owned()).is_some() {
                return Err(ApiError::invalid_request(format!("the cookie {} came twice", cookie.name())));
            }
        }
    }
    Ok(tokens)
}

/// Gives the client both cookies. Both last as long as the session, so that a run-out access token still arrives to
/// be renewed.
pub(crate) fn set(response: &mut Response, pass: &Pass) -> Result<(), ApiError> {
    append(response, ACCESS, &pass.access_token, pass.session_expires_in)?;
    append(response, REFRESH, &pass.refresh_token, pass.session_expires_in)
}

/// Takes both cookies away.
pub(crate) fn clear(response: &mut Response) -> Result<(), ApiError> {
    append(response, ACCESS, "", 0)?;
    append(response, REFRESH, "", 0)
}

fn append(response: &mut Response, name: &str, value: &str, seconds: u64) -> Result<(), ApiError> {
    let cookie = Cookie::build((name, value))
        .http_only(true)
        .secure(true)
        .same_site(SameSite::Lax)
        .path("/")
        .max_age(Duration::seconds(seconds.try_into().unwrap_or(i64::MAX)));
    let mut header = HeaderValue::from_str(&cookie.to_string()).map_err(ApiError::internal)?;
    header.set_sensitive(true);
    response.headers_mut().append(header::SET_COOKIE, header);
    Ok(())
}
