//! The cookies of a session, and the device cookie, which outlives it. With the prefix `__Host-`, browsers bind a cookie to
//! this host and require `Secure` and `Path=/`.

use cookie::{Cookie, SameSite, time::Duration};
use warp::{
    http::{HeaderMap, HeaderValue, header},
    reply::Response,
};

use super::{ApiError, Origin};
use crate::{auth::TokenResponse, device_token::DEVICE_TTL};

/// Device tokens that are tried per request. Browsers send one.
const MAX_DEVICE_TOKENS: usize = 8;

/// The cookies of an issuer on https.
const PREFIXED: Cookies = Cookies {
    access: "__Host-hallpass_access",
    refresh: "__Host-hallpass_refresh",
    device: "__Host-hallpass_device",
    secure: true,
};

/// The cookies of an issuer on plain http, which only a loopback host may use: Safari drops `Secure` cookies there, and the
/// prefix requires `Secure` (RFC 6265bis §4.1.3.2).
const PLAIN: Cookies =
    Cookies { access: "hallpass_access", refresh: "hallpass_refresh", device: "hallpass_device", secure: false };

/// The names of the cookies that an issuer sets and reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookies {
    access: &'static str,
    refresh: &'static str,
    device: &'static str,
    secure: bool,
}

/// The session tokens in a request's cookies.
pub(crate) struct Tokens {
    pub(crate) access: Option<String>,
    pub(crate) refresh: Option<String>,
}

impl Cookies {
    /// The cookies of an issuer whose URL has this origin.
    pub(crate) fn of(issuer: &Origin) -> Self {
        if issuer.is_https() { PREFIXED } else { PLAIN }
    }

    /// Reads the tokens of a session. A duplicate cookie is refused: either of the two can be the right one.
    pub(crate) fn read(self, headers: &HeaderMap) -> Result<Tokens, ApiError> {
        Ok(Tokens { access: single(headers, self.access)?, refresh: single(headers, self.refresh)? })
    }

    /// All access tokens and all refresh tokens in the cookies, for sign-out, which ends each session.
    pub(crate) fn read_all(self, headers: &HeaderMap) -> (Vec<&str>, Vec<&str>) {
        (named(headers, self.access).collect(), named(headers, self.refresh).collect())
    }

    /// The refresh token of the session that a sign-in replaces. A duplicate does not prevent the sign-in, which sets the
    /// cookie anew.
    pub(crate) fn replaced(self, headers: &HeaderMap) -> Option<&str> {
        named(headers, self.refresh).next()
    }

    /// The device tokens in the cookies. They are no credentials, so duplicates are allowed: a sibling host's cookie must
    /// not hide the user's.
    pub(crate) fn device_tokens(self, headers: &HeaderMap) -> Vec<String> {
        named(headers, self.device).take(MAX_DEVICE_TOKENS).map(str::to_owned).collect()
    }

    /// Both cookies of a session, as headers. Both last as long as the session: the browser must still send an expired
    /// access token for its renewal.
    pub(crate) fn both(self, tokens: &TokenResponse) -> Result<[HeaderValue; 2], ApiError> {
        let seconds = tokens.session_expires_in;
        Ok([
            self.to_header(self.access, &tokens.access_token, seconds)?,
            self.to_header(self.refresh, &tokens.refresh_token, seconds)?,
        ])
    }

    /// Sets both cookies of a session.
    pub(crate) fn set(self, response: &mut Response, tokens: &TokenResponse) -> Result<(), ApiError> {
        append(response, self.both(tokens)?);
        Ok(())
    }

    /// Sets the device cookie, by which the next sign-in is known. Sign-out keeps it.
    pub(crate) fn set_device(self, response: &mut Response, device_token: &str) -> Result<(), ApiError> {
        append(response, [self.to_header(self.device, device_token, DEVICE_TTL)?]);
        Ok(())
    }

    /// Removes both cookies of a session.
    pub(crate) fn clear(self, response: &mut Response) -> Result<(), ApiError> {
        append(response, [self.to_header(self.access, "", 0)?, self.to_header(self.refresh, "", 0)?]);
        Ok(())
    }

    fn to_header(self, name: &str, value: &str, seconds: u64) -> Result<HeaderValue, ApiError> {
        let cookie = Cookie::build((name, value))
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .path("/")
            .max_age(Duration::seconds(seconds.try_into().unwrap_or(i64::MAX)));
        let mut header = HeaderValue::from_str(&cookie.to_string()).map_err(ApiError::internal)?;
        header.set_sensitive(true);
        Ok(header)
    }
}

fn single(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, ApiError> {
    let mut values = named(headers, name);
    let value = values.next().map(str::to_owned);
    if values.next().is_some() {
        return Err(ApiError::invalid_request(format!("the cookie {name} must not be repeated")));
    }
    Ok(value)
}

/// The values of the cookie with this name, in their order.
fn named<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = &'h str> {
    let headers = headers.get_all(header::COOKIE).iter();
    let pairs = headers.flat_map(|header| pairs(header.as_bytes()));
    pairs.filter_map(move |(found, value)| (found == name).then_some(value))
}

/// The cookies of a header that have the syntax of the issuer's. Cookies of other programs may hold any bytes, and must
/// neither hide nor imitate the issuer's: only SP and HTAB surround a cookie (RFC 6265 §5.2). Other whitespace is part of
/// its name, and to such a name the browser has not applied the rules of `__Host-`.
fn pairs(header: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    header.split(|byte| *byte == b';').filter_map(|pair| {
        let (name, value) = str::from_utf8(pair).ok()?.trim_matches([' ', '\t']).split_once('=')?;
        is_value(value).then_some((name, value))
    })
}

/// One or more of the bytes that a value has without quotes (RFC 6265 §4.1.1, `cookie-octet`).
fn is_value(value: &str) -> bool {
    let is_octet = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\');
    !value.is_empty() && value.bytes().all(is_octet)
}

fn append<const N: usize>(response: &mut Response, cookies: [HeaderValue; N]) {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
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
    fn the_cookies_of_other_programs_are_ignored() {
        let headers = headers(&[b"theme=zo\xeb; __Host-hallpass_access=a.b.c; x", b"__Host-hallpass_refresh=hprt_x"]);
        let tokens = PREFIXED.read(&headers).unwrap();
        assert_eq!((tokens.access.as_deref(), tokens.refresh.as_deref()), (Some("a.b.c"), Some("hprt_x")));
    }

    #[test]
    fn a_duplicate_cookie_is_refused_except_at_sign_out() {
        let headers = headers(&[b"__Host-hallpass_refresh=a; __Host-hallpass_refresh=b"]);
        assert!(PREFIXED.read(&headers).is_err());
        assert_eq!(PREFIXED.read_all(&headers), (vec![], vec!["a", "b"]));
        assert_eq!(PREFIXED.replaced(&headers), Some("a"));
    }

    #[test]
    fn several_device_tokens_are_read_up_to_a_limit() {
        let one: &[u8] = b"__Host-hallpass_device=a; __Host-hallpass_device=b";
        assert_eq!(PREFIXED.device_tokens(&headers(&[one])), ["a", "b"]);
        assert_eq!(PREFIXED.device_tokens(&headers(&[one; 100])).len(), MAX_DEVICE_TOKENS);
    }

    #[test]
    fn an_issuer_reads_exactly_the_names_that_it_sets() {
        let both = headers(&[b"__Host-hallpass_refresh=a; hallpass_refresh=b"]);
        for (issuer, expected) in [("https://auth.example.com", "a"), ("http://localhost:8080", "b")] {
            let cookies = Cookies::of(&issuer.parse().unwrap());
            assert_eq!(cookies.read(&both).unwrap().refresh.as_deref(), Some(expected), "{issuer}");
        }
    }

    #[test]
    fn only_an_issuer_on_plain_http_sets_cookies_without_secure() {
        for (issuer, expected) in [("https://auth.example.com", true), ("http://localhost:8080", false)] {
            let mut response = Response::default();
            let cookies = Cookies::of(&issuer.parse().unwrap());
            cookies.set_device(&mut response, "x").unwrap();
            cookies.clear(&mut response).unwrap();
            let set = response.headers().get_all(header::SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
            let hardened = set.map(|cookie| (cookie.starts_with("__Host-"), cookie.contains("; Secure")));
            assert_eq!(hardened.collect::<Vec<_>>(), [(expected, expected); 3], "{issuer}");
        }
    }

    /// A vector of `tests/vectors/http/cookies.json`, which the npm package passes too.
    #[derive(serde::Deserialize)]
    struct Vector {
        name: String,
        /// The headers' bytes, each as the character with its number.
        cookie: Vec<String>,
        wanted: String,
        values: Vec<String>,
    }

    #[test]
    fn the_shared_vectors_are_read_as_specified() {
        let vectors = include_str!("../../../tests/vectors/http/cookies.json");
        for Vector { name, cookie, wanted, values } in serde_json::from_str::<Vec<Vector>>(vectors).unwrap() {
            let bytes = |header: &String| header.chars().map(|byte| u8::try_from(byte).unwrap()).collect::<Vec<_>>();
            let headers: Vec<_> = cookie.iter().map(bytes).collect();
            let found = headers.iter().flat_map(|header| pairs(header)).filter(|(name, _)| *name == wanted);
            assert_eq!(found.map(|(_, value)| value).collect::<Vec<_>>(), values, "{name}");
        }
    }
}
