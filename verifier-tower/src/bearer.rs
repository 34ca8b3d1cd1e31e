//! The bearer token of a request (RFC 6750 §2.1).

use http::{HeaderMap, header};

/// The content of a request's `Authorization`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bearer<'r> {
    /// No bearer token: no such header, or another scheme.
    Missing,
    /// Two headers, or one that is not text.
    Malformed,
    Token(&'r str),
}

/// Reads the header. The scheme is case-insensitive (RFC 9110 §11.1).
pub(crate) fn read(headers: &HeaderMap) -> Bearer<'_> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Bearer::Missing,
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Bearer::Malformed,
    };
    let Ok(value) = value.to_str() else { return Bearer::Malformed };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Bearer::Missing;
    }
    match token.trim_matches(' ') {
        "" => Bearer::Malformed,
        token => Bearer::Token(token),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&'static [u8]]) -> HeaderMap {
        let pair = |value: &&'static [u8]| (header::AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in values.iter().map(pair) {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn a_bearer_token_is_read_with_any_case_of_the_scheme() {
        for value in [b"Bearer a.b.c", b"bearer a.b.c", b"BEARER a.b.c"] {
            assert_eq!(read(&headers(&[value])), Bearer::Token("a.b.c"));
        }
        assert_eq!(read(&headers(&[b"Bearer   a.b.c "])), Bearer::Token("a.b.c"));
    }

    #[test]
    fn another_scheme_is_missing_and_an_empty_or_second_token_is_malformed() {
        for values in [&[][..], &[&b"Basic dTpw"[..]], &[b""], &[b"Bearera.b.c"]] {
            assert_eq!(read(&headers(values)), Bearer::Missing, "{values:?}");
        }
        for values in [&[&b"Bearer"[..]][..], &[b"Bearer  "], &[b"Bearer a", b"Bearer b"], &[b"Bearer \xff"]] {
            assert_eq!(read(&headers(values)), Bearer::Malformed, "{values:?}");
        }
    }
}
