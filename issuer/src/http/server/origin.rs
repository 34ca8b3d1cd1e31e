//! The pages that may act for a user: the issuer's own and those of allowed origins (RFC 6454, Fetch Metadata).

use std::{borrow::Cow, str::FromStr};

use warp::http::{HeaderMap, HeaderValue, Method, Uri, header};

use crate::http::ApiError;

/// An origin: scheme, host and port, as browsers write it (RFC 6454 §6.2). Apps and browser extensions have other schemes
/// than http and https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(HeaderValue);

/// A text that is not an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a scheme, a host and optionally a port, such as https://app.example.com, http://localhost:5173 or \
     tauri://localhost"
)]
pub(crate) struct InvalidOrigin;

/// The longest origin that the log names in full: a host has at most 253 characters (RFC 1035 §3.1).
const MAX_NAMED_BYTES: usize = 300;

impl Origin {
    /// The origin of a URL (RFC 6454 §4).
    pub(crate) fn of_url(url: &str) -> Result<Self, InvalidOrigin> {
        let url: Uri = url.parse().map_err(|_| InvalidOrigin)?;
        let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else { return Err(InvalidOrigin) };
        let scheme = scheme.to_ascii_lowercase();
        let host = authority.host().to_ascii_lowercase();
        // A scheme begins with a letter (RFC 3986 §3.1).
        let has_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
        if authority.as_str().contains(['@', '*']) || host.is_empty() || !has_scheme {
            return Err(InvalidOrigin);
        }
        let default_port = match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        let text = match authority.as_str().get(host.len()..) {
            None | Some("") => format!("{scheme}://{host}"),
            // An invalid port, such as 99999, must not turn one origin into another.
            Some(_) => match authority.port_u16().ok_or(InvalidOrigin)? {
                port if Some(port) == default_port => format!("{scheme}://{host}"),
                port => format!("{scheme}://{host}:{port}"),
            },
        };
        text.parse().map(Self).map_err(|_| InvalidOrigin)
    }

    /// The origin in a header, if it is written as browsers write it.
    fn of_header(header: &HeaderValue) -> Option<Self> {
        let text = header.to_str().ok().filter(|text| text.len() <= MAX_NAMED_BYTES)?;
        text.parse().ok().filter(|origin: &Self| origin.0 == header)
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.as_bytes().starts_with(b"https://")
    }

    pub(crate) fn is_http(&self) -> bool {
        self.0.as_bytes().starts_with(b"http://")
    }

    /// Whether the host is a loopback name or address.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.host(), "localhost" | "127.0.0.1" | "[::1]")
    }

    /// The host without its port; an IPv6 address in its brackets.
    fn host(&self) -> &str {
        let authority = self.0.to_str().ok().and_then(|text| text.split_once("://")).map_or("", |(_, rest)| rest);
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        }
    }

    /// As a browser writes it.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.0.as_bytes())
    }

    /// The value of the header `Origin` that a browser sends for it.
    pub(crate) fn header(&self) -> &HeaderValue {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let origin = Self::of_url(text)?;
        // Browsers send no path, so a path in the option would have no effect.
        let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
        if after_scheme.contains(['/', '?', '#']) { Err(InvalidOrigin) } else { Ok(origin) }
    }
}

/// Refuses a request that changes state if a page of another origin made it. Clients other than browsers send neither
/// header; a page cannot make a browser omit both on a POST.
pub(crate) fn check(method: &Method, headers: &HeaderMap, allowed: &[Origin]) -> Result<(), ApiError> {
    if method.is_safe() {
        return Ok(());
    }
    let site = headers.get("sec-fetch-site");
    if site.is_some_and(|site| site == "same-origin" || site == "none") {
        return Ok(());
    }
    match (site, sent(headers)) {
        (None, Sent::Nothing) => Ok(()),
        (_, Sent::One(origin)) if allowed.iter().any(|allowed| allowed.header() == origin) => Ok(()),
        (_, sent) => Err(ApiError::csrf_rejected(sent.remedy())),
    }
}

/// Refuses a page that reaches this issuer over TLS through a proxy, on the same site, while the issuer's URL is plain http:
/// the operator did not set `--issuer`, and any other host of the site could set cookies without the prefix `__Host-`.
pub(crate) fn check_issuer(own: &Origin, headers: &HeaderMap) -> Result<(), ApiError> {
    let is_on_site = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin" || site == "same-site");
    let page = match sent(headers) {
        Sent::One(header) if is_on_site && own.is_http() => Origin::of_header(header),
        _ => None,
    };
    let over_tls = page.filter(|page| page.is_https() && !page.is_local());
    over_tls.map_or(Ok(()), |page| Err(ApiError::issuer_on_plain_http(&page)))
}

/// The values of the header `Origin`.
pub(super) enum Sent<'h> {
    Nothing,
    One(&'h HeaderValue),
    /// Ambiguous.
    Several,
}

/// Reads the header `Origin`.
pub(super) fn sent(headers: &HeaderMap) -> Sent<'_> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => Sent::Nothing,
        (Some(origin), None) => Sent::One(origin),
        (Some(_), Some(_)) => Sent::Several,
    }
}

impl Sent<'_> {
    /// For the log of a refusal: the option that admits the page.
    pub(super) fn remedy(&self) -> String {
        match self {
            Sent::Nothing => "the request is cross-site and has no Origin header".to_owned(),
            Sent::Several => "the request has several Origin headers".to_owned(),
            Sent::One(header) => match Origin::of_header(header) {
                Some(origin) => {
                    format!("the page's origin is not allowed: to allow it, set --allowed-origin {}", origin.text())
                }
                None => "the page has an origin that no option can allow, such as null".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(headers: &[(&'static str, &'static str)]) -> bool {
        let allowed = ["https://app.example".parse().unwrap()];
        let pair =
            |(name, value): &(&'static str, &'static str)| (name.parse().unwrap(), HeaderValue::from_static(value));
        let mut map = HeaderMap::new();
        map.extend(headers.iter().map(pair).map(|(name, value): (header::HeaderName, _)| (name, value)));
        check(&Method::POST, &map, &allowed).is_ok()
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, written) in [
            ("https://App.Example", "https://app.example"),
            ("https://app.example:443", "https://app.example"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[::1]:80", "http://[::1]"),
            ("tauri://localhost", "tauri://localhost"),
            ("App://A.Example:80", "app://a.example:80"),
            ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().header(), written, "{text}");
        }
        for text in [
            "",
            "null",
            "*",
            "app.example",
            "https://",
            "https://a.example/",
            "file:///",
            "://a.example",
            "tauri:localhost",
            "ta_uri://localhost",
            "https://u@a",
            "https://a:99999",
            "https://a:",
            "https://*.a.example",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(InvalidOrigin), "{text}");
        }
    }

    #[test]
    fn only_pages_of_allowed_origins_act_for_a_user() {
        assert!(passes(&[]));
        assert!(passes(&[("sec-fetch-site", "same-origin"), ("origin", "https://anything.example")]));
        assert!(passes(&[("sec-fetch-site", "none")]));
        assert!(passes(&[("origin", "https://app.example")]));
        assert!(passes(&[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")]));
        assert!(!passes(&[("sec-fetch-site", "cross-site")]));
        assert!(!passes(&[("sec-fetch-site", "same-site"), ("origin", "https://evil.app.example")]));
        assert!(!passes(&[("origin", "null")]));
        assert!(!passes(&[("origin", "https://app.example.evil.example")]));
        assert!(!passes(&[("origin", "http://app.example")]));
    }

    #[test]
    fn an_issuer_on_plain_http_refuses_its_pages_over_tls() {
        let is_refused = |own: &str, site: &'static str, page: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            headers.insert("origin", HeaderValue::from_static(page));
            check_issuer(&own.parse().unwrap(), &headers).is_err()
        };
        assert!(is_refused("http://localhost:8080", "same-origin", "https://app.example"));
        assert!(is_refused("http://[::1]:8080", "same-site", "https://localhost.example:444"));
        for page in ["https://localhost:5173", "https://[::1]", "http://192.168.1.5:5173", "null", "tauri://localhost"]
        {
            assert!(!is_refused("http://localhost:8080", "same-origin", page), "{page}");
        }
        assert!(!is_refused("http://localhost:8080", "cross-site", "https://app.example"));
        assert!(!is_refused("https://auth.example", "same-origin", "https://app.example"));
    }

    #[test]
    fn several_origins_are_refused() {
        let mut headers = HeaderMap::new();
        headers.append("origin", HeaderValue::from_static("https://app.example"));
        headers.append("origin", HeaderValue::from_static("https://evil.example"));
        assert!(check(&Method::POST, &headers, &["https://app.example".parse().unwrap()]).is_err());
    }
}
