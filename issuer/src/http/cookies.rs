//! The cookies of a session, and the one that outlives it, by which a device is known. Their prefix `__Host-` makes browsers bind them to this host, `Secure` and the whole path.

use cookie::{Cookie, SameSite, time::Duration};
use warp::{
    http::{HeaderMap, HeaderValue, header},
    reply::Response,
};

use super::ApiError;
use crate::{auth::Pass, device_token::DEVICE_TTL};

const ACCESS: &str = "__Host-hallpass_access";
const REFRESH: &str = "__Host-hallpass_refresh";
const DEVICE: &str = "__Host-hallpass_device";

/// What a request's cookies hold of ours.
#[derive(Default)]
pub(crate) struct Tokens {
    pub(crate) access: Option<String>,
    pub(crate) refresh: Option<String>,
}

/// Reads our cookies. One that comes twice is refused: which of the two is meant?
pub(crate) fn read(headers: &HeaderMap) -> Result<Tokens, ApiError> {
    let mut tokens = Tokens::default();
    for (name, value) in ours(headers, [ACCESS, REFRESH]) {
        let place = if name == ACCESS { &mut tokens.access } else { &mut tokens.refresh };
        if place.replace(value.to_owned()).is_some() {
            return Err(ApiError::invalid_request(format!("the cookie {name} came twice")));
        }
    }
    Ok(tokens)
}

/// Every access token and every refresh token in the cookies, for sign-out, which wants to end them all.
pub(crate) fn read_all(headers: &HeaderMap) -> (Vec<&str>, Vec<&str>) {
    let named = |wanted| ours(headers, [wanted]).map(|(_, value)| value).collect();
    (named(ACCESS), named(REFRESH))
}

/// The device token in the cookies. It is no credential: one that is odd or comes twice is no reason to refuse a request.
pub(crate) fn device(headers: &HeaderMap) -> Option<String> {
    ours(headers, [DEVICE]).next().map(|(_, value)| value.to_owned())
}

/// The cookies with these names of ours, in their order. Those of our neighbours may hold any bytes, and must not hide ours.
fn ours<'h, const N: usize>(
    headers: &'h HeaderMap,
    names: [&'static str; N],
) -> impl Iterator<Item = (&'static str, &'h str)> {
    let pairs = headers.get_all(header::COOKIE).iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let (name, value) = str::from_utf8(pair).ok()?.trim().split_once('=')?;
        names.into_iter().find(|ours| *ours == name).map(|name| (name, value))
    })
}

/// Both cookies of a pass, as headers. Both last as long as the session, so that a run-out access token still arrives to
/// be renewed.
pub(crate) fn both(pass: &Pass) -> Result<[HeaderValue; 2], ApiError> {
    let seconds = pass.session_expires_in;
    Ok([to_header(ACCESS, &pass.access_token, seconds)?, to_header(REFRESH, &pass.refresh_token, seconds)?])
}

/// Gives the client both cookies.
pub(crate) fn set(response: &mut Response, pass: &Pass) -> Result<(), ApiError> {
    append(response, both(pass)?);
    Ok(())
}

/// Gives the client the cookie by which its next sign-in is known. Signing out leaves it.
pub(crate) fn set_device(response: &mut Response, device_token: &str) -> Result<(), ApiError> {
    append(response, [to_header(DEVICE, device_token, DEVICE_TTL)?]);
    Ok(())
}

/// Takes the cookies of a session away.
pub(crate) fn clear(response: &mut Response) -> Result<(), ApiError> {
    append(response, [to_header(ACCESS, "", 0)?, to_header(REFRESH, "", 0)?]);
    Ok(())
}

fn append<const N: usize>(response: &mut Response, cookies: [HeaderValue; N]) {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

fn to_header(name: &str, value: &str, seconds: u64) -> Result<HeaderValue, ApiError> {
    let cookie = Cookie::build((name, value))
        .http_only(true)
        .secure(true)
        .same_site(SameSite::Lax)
        .path("/")
        .max_age(Duration::seconds(seconds.try_into().unwrap_or(i64::MAX)));
    let mut header = HeaderValue::from_str(&cookie.to_string()).map_err(ApiError::internal)?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&[u8]]) -> HeaderMap {
        let pair = |value: &&[u8]| (header::COOKIE, HeaderValue::from_bytes(value).unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in cookies.iter().map(pair) {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn a_neighbour_s_cookie_hides_none_of_ours() {
        let headers = headers(&[b"theme=zo\xeb; __Host-hallpass_access=a.b.c; x", b"__Host-hallpass_refresh=hprt_x"]);
        let tokens = read(&headers).unwrap();
        assert_eq!((tokens.access.as_deref(), tokens.refresh.as_deref()), (Some("a.b.c"), Some("hprt_x")));
    }

    #[test]
    fn a_cookie_that_comes_twice_is_refused_but_for_sign_out() {
        let headers = headers(&[b"__Host-hallpass_refresh=a; __Host-hallpass_refresh=b"]);
        assert!(read(&headers).is_err());
        assert_eq!(read_all(&headers), (vec![], vec!["a", "b"]));
    }
}
