//! The bearer token of a request (RFC 6750 §2.1).

use http::{HeaderMap, header};

/// What a request's `Authorization` holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bearer<'r> {
    /// No bearer token: no such header, or one of another scheme.
    Missing,
    /// Two headers, or one that is no text: it cannot be told who is meant.
    Malformed,
    Token(&'r str),
}

/// Reads the header. A scheme knows no case (RFC 9110 §11.1).
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
    fn one_bearer_token_is_read_whatever_the_scheme_s_case() {
        for value in [b"Bearer a.b.c", b"bearer a.b.c", b"BEARER a.b.c"] {
            assert_eq!(read(&headers(&[value])), Bearer::Token("a.b.c"));
        }
        assert_eq!(read(&headers(&[b"Bearer   a.b.c "])), Bearer::Token("a.b.c"));
    }

    #[test]
    fn another_scheme_is_no_bearer_token_and_an_empty_or_doubled_one_is_malformed() {
        for values in [&[][..], &[&b"Basic dTpw"[..]], &[b""], &[b"Bearera.b.c"]] {
            assert_eq!(read(&headers(values)), Bearer::Missing, "{values:?}");
        }
        for values in [&[&b"Bearer"[..]][..], &[b"Bearer  "], &[b"Bearer a", b"Bearer b"], &[b"Bearer \xff"]] {
            assert_eq!(read(&headers(values)), Bearer::Malformed, "{values:?}");
        }
    }
}
