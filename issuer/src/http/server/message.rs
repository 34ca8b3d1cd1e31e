//! Checks that a request is one well-formed HTTP/1.1 message: the checks that hyper leaves to its caller (RFC 9112). Without
//! them, a proxy in front could read another message than the issuer does.

use std::net::Ipv6Addr;

use warp::http::{HeaderMap, HeaderValue, Request, Version, header};

use crate::http::ApiError;

/// Marks a request with both Transfer-Encoding and Content-Length, since hyper removes the latter.
#[derive(Clone, Copy, Debug)]
pub(super) struct TwoLengths;

/// Refuses the requests that a server must refuse by RFC 9112.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), ApiError> {
    check_host(request.version(), request.headers())?;
    check_transfer_coding(request.headers())?;
    match request.extensions().get::<TwoLengths>() {
        Some(TwoLengths) => {
            Err(ApiError::malformed("send either Transfer-Encoding or Content-Length, not both (RFC 9112 §6.3)"))
        }
        None => Ok(()),
    }
}

/// RFC 9112 §3.2: exactly one `Host`, with a host. It is optional in HTTP/1.0.
fn check_host(version: Version, headers: &HeaderMap) -> Result<(), ApiError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version < Version::HTTP_11 => Ok(()),
        (Some(host), None) if is_host(host) => Ok(()),
        _ => Err(ApiError::malformed(
            "send exactly one Host header, such as auth.example.com or localhost:8080 (RFC 9112 §3.2)",
        )),
    }
}

/// RFC 9112 §6.1: the only supported coding is chunked. Its name is case-insensitive (§7).
fn check_transfer_coding(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(ApiError::malformed("the only supported Transfer-Encoding is chunked (RFC 9112 §6.1)")),
    }
}

/// `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2). The host is not empty (RFC 9110 §4.2.1).
fn is_host(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let in_brackets = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (is_host, port) = if let Some((address, port)) = in_brackets {
        (address.parse::<Ipv6Addr>().is_ok(), port)
    } else {
        let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
        (is_registered_name(name), port)
    };
    is_host && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// RFC 3986 §3.2.2, which includes IPv4 addresses; without the comma, which joins two header lines (RFC 9110 §5.3).
fn is_registered_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    while let Some(byte) = bytes.next() {
        let is_good = match byte {
            b'%' => {
                [bytes.next(), bytes.next()].iter().all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
            }
            byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=".contains(&byte),
        };
        if !is_good {
            return false;
        }
    }
    !name.is_empty()
}

/// RFC 3986 §3.2.3: a port may be empty.
fn is_port(digits: &str) -> bool {
    digits.is_empty() || (digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_an_optional_port() {
        for good in
            ["a", "a.example:", "a.example:80", "192.0.2.1:65535", "[::1]", "[2001:db8::1]:443", "%41_~!$&'()*+;="]
        {
            assert!(is_host(&HeaderValue::from_static(good)), "{good}");
        }
        for bad in [
            "", ":80", "a b", "a,b", "u@a", "a/b", "a?b", "a#b", "a:b", "a:65536", "a:+1", "a:1:2", "::1", "[::1",
            "[a]", "[::1]a", "%4", "%zz", "[]",
        ] {
            assert!(!is_host(&HeaderValue::from_static(bad)), "{bad}");
        }
        assert!(!is_host(&HeaderValue::from_bytes("höst".as_bytes()).unwrap()));
    }
}
