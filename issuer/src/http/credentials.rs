//! The credentials of a request.

use warp::http::{HeaderMap, HeaderValue, header};

use super::{ApiError, cookies::Tokens, server::head::Head};
use crate::auth::Presented;

/// The scheme of a bearer token (RFC 6750 §2.1).
const BEARER: &[u8] = b"bearer";

/// The scheme of a token that is bound to a key (RFC 9449 §7.1). The issuer does not issue any.
const DPOP: &[u8] = b"dpop";

/// The credentials of a request.
pub(crate) enum Credentials {
    Bearer(String),
    Cookies(Tokens),
}

impl Credentials {
    /// Reads `Authorization: Bearer` (RFC 6750 §2.1), or else the cookies.
    pub(crate) fn read(head: &Head) -> Result<Self, ApiError> {
        match bearer(&head.headers)? {
            Some(token) => Ok(Self::Bearer(token)),
            None => head.cookies.read(&head.headers).map(Self::Cookies),
        }
    }

    pub(crate) fn presented(&self) -> Presented<'_> {
        match self {
            Self::Bearer(token) => Presented::Bearer(token),
            Self::Cookies(tokens) => {
                Presented::Cookies { access: tokens.access.as_deref(), refresh: tokens.refresh.as_deref() }
            }
        }
    }
}

/// The bearer token of a request. Other schemes are ignored: for a proxy with HTTP Basic, browsers add its credentials to
/// every request of the site (RFC 9110 §11.6.2).
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let values = headers.get_all(header::AUTHORIZATION).iter().map(scheme_and_rest).collect::<Vec<_>>();
    if !values.iter().any(|(scheme, _)| is_token_scheme(scheme)) {
        return Ok(None);
    }
    match values.as_slice() {
        [(scheme, token)] if scheme.eq_ignore_ascii_case(BEARER) => {
            Ok(Some(String::from_utf8_lossy(token).into_owned()))
        }
        [_] => Err(ApiError::no_credentials()),
        _ => Err(ApiError::invalid_request("the header Authorization must not be repeated")),
    }
}

/// The name of a scheme is case-insensitive; spaces separate it from the token (RFC 9110 §11.1, §11.4).
fn scheme_and_rest(value: &HeaderValue) -> (&[u8], &[u8]) {
    let value = value.as_bytes();
    let (scheme, rest) = value.split_at(value.iter().position(|byte| *byte == b' ').unwrap_or(value.len()));
    (scheme, rest.trim_ascii())
}

fn is_token_scheme(scheme: &[u8]) -> bool {
    [BEARER, DPOP].iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static [u8]]) -> Result<Option<String>, u16> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        bearer(&headers).map_err(|error| error.status.as_u16())
    }

    #[test]
    fn a_bearer_token_is_read_by_a_scheme_of_any_case() {
        for value in [&b"Bearer a.b.c"[..], b"bearer a.b.c", b"BEARER   a.b.c "] {
            assert_eq!(read(&[value]), Ok(Some("a.b.c".to_owned())));
        }
        assert_eq!(read(&[b"Bearer"]), Ok(Some(String::new())));
    }

    #[test]
    fn a_header_of_another_scheme_is_ignored() {
        let others = [&b"Basic dTpw"[..], b"Digest a=b", b"Bearers a.b.c", b"Bearer-x a", b"", b"\xff", b"Negotiate"];
        for value in others {
            assert_eq!(read(&[value]), Ok(None));
            assert_eq!(read(&[value, value]), Ok(None));
        }
    }

    #[test]
    fn two_headers_with_a_token_among_them_are_refused_and_so_is_a_dpop_token() {
        assert_eq!(read(&[b"Bearer a", b"Bearer a"]), Err(400));
        assert_eq!(read(&[b"Basic dTpw", b"Bearer a"]), Err(400));
        assert_eq!(read(&[b"DPoP a"]), Err(401));
    }
}
