//! Parsers of option values. Each value has one fallible constructor, and its error describes the valid values.

use std::{net::SocketAddr, num::NonZero, str::FromStr, time::Duration};

use tracing::level_filters::LevelFilter;

use crate::http::{MAX_HOPS, Origin};

/// The maximum of an issuer's URL and of an audience, in bytes of JSON. A token with both, the largest roles and claims and
/// the longest username fits into a cookie of 4 KiB; browsers silently drop a larger one (RFC 6265 §6.1).
const MAX_TOKEN_BYTES: usize = 160;

/// The issuer's public URL and the origin of its pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IssuerUrl {
    pub(crate) url: String,
    pub(crate) origin: Origin,
}

impl IssuerUrl {
    /// The default with a loopback address.
    pub(crate) fn localhost(port: u16) -> Result<Self, String> {
        format!("http://localhost:{port}").parse()
    }
}

impl FromStr for IssuerUrl {
    type Err = String;

    /// RFC 8414 §2: https, without query or fragment. Plain http is allowed on loopback hosts.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected a URL such as https://auth.example.com, without `?`, `#` or a final `/`";
        let origin = Origin::of_url(text).map_err(|_| expected.to_owned())?;
        if text.contains(['?', '#']) || text.ends_with('/') {
            return Err(expected.to_owned());
        }
        fit_into_token(text)?;
        if origin.is_https() || (origin.is_http() && origin.is_local()) {
            Ok(Self { url: text.to_owned(), origin })
        } else {
            Err("an issuer's URL must use https, except on localhost: cookies and tokens would be sent unencrypted"
                .into())
        }
    }
}

/// An address and a port to listen on.
pub(super) fn socket_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "expected an address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080")
}

/// The `aud` of access tokens (RFC 7519 §4.1.3), which a verifier compares byte by byte.
pub(super) fn audience(text: &str) -> Result<String, String> {
    fit_into_token(text)?;
    named(text).ok_or_else(|| "expected a name or a URL, such as api or https://api.example.com".to_owned())
}

/// Fails for a text that is too long to be in each token.
fn fit_into_token(text: &str) -> Result<(), String> {
    let bytes = text.len() + text.matches(['"', '\\']).count();
    if bytes <= MAX_TOKEN_BYTES {
        return Ok(());
    }
    Err(format!("expected at most {MAX_TOKEN_BYTES} bytes: each token contains it, and must fit into a cookie"))
}

/// The name of a claim.
pub(super) fn claim_name(text: &str) -> Result<String, String> {
    named(text).ok_or_else(|| "expected the name of a claim, such as plan".to_owned())
}

/// The name of a key, or a prefix of it.
pub(super) fn key_name(text: &str) -> Result<String, String> {
    named(text).ok_or_else(|| "expected a key's name from `hallpass keys list`, or a prefix of it".to_owned())
}

/// A text that is not empty, and has no control characters and no white space at its ends: an unset variable leaves an empty
/// text, and a file a line break.
fn named(text: &str) -> Option<String> {
    let is_named = !text.is_empty() && text.trim() == text && !text.chars().any(char::is_control);
    is_named.then(|| text.to_owned())
}

/// The maximum number of proxies.
pub(super) fn hops(text: &str) -> Result<u8, String> {
    let hops = text.parse().ok().filter(|hops| (1..=MAX_HOPS).contains(hops));
    hops.ok_or_else(|| format!("expected a number from 1 to {MAX_HOPS}"))
}

/// The maximum number of connections.
pub(super) fn connections(text: &str) -> Result<NonZero<u16>, &'static str> {
    text.parse().map_err(|_| "expected a number from 1 to 65535")
}

/// The log level. `tracing` would parse an empty text as `error`.
pub(super) fn log_level(text: &str) -> Result<LevelFilter, &'static str> {
    let level = if text.is_empty() { None } else { text.parse().ok() };
    level.ok_or("expected error, warn, info, debug or trace")
}

/// Whole seconds, from 1 s to 10 years.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const TEN_YEARS: u64 = 10 * 366 * 24 * 60 * 60;
    let expected = || "expected whole seconds, minutes, hours or days, such as 30s, 5m, 12h or 30d".to_owned();
    let duration = humantime::parse_duration(text).map_err(|_| expected())?;
    let whole = duration.subsec_nanos() == 0 && (1..=TEN_YEARS).contains(&duration.as_secs());
    if whole { Ok(duration) } else { Err(format!("{}, from 1s to 10 years", expected())) }
}

/// The same, or 0.
pub(super) fn duration_or_zero(text: &str) -> Result<Duration, String> {
    match text {
        "0" | "0s" => Ok(Duration::ZERO),
        text => duration(text).map_err(|expected| format!("{expected}; or 0")),
    }
}

/// The seconds that a client may wait, up to 20: proxies commonly time out after 30 or 60.
pub(super) fn duration_to_wait(text: &str) -> Result<Duration, String> {
    let expected = || "expected whole seconds, from 1s to 20s".to_owned();
    duration(text).ok().filter(|duration| duration.as_secs() <= 20).ok_or_else(expected)
}

/// Milliseconds, from 1 ms to 10 s.
pub(super) fn millis(text: &str) -> Result<Duration, String> {
    let expected = || "expected a duration such as 50ms, from 1ms to 10s".to_owned();
    let duration = humantime::parse_duration(text).map_err(|_| expected())?;
    if (1..=10_000).contains(&duration.as_millis()) { Ok(duration) } else { Err(expected()) }
}

/// A size of memory, in bytes.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let expected = || "expected a whole number of KiB, MiB or GiB, such as 19MiB".to_owned();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).ok_or_else(expected)?);
    let unit: u64 = match unit {
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(expected()),
    };
    number.parse().ok().and_then(|number: u64| number.checked_mul(unit)).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("12h", 43_200), ("30d", 2_592_000)] {
            assert_eq!(duration(text).unwrap().as_secs(), seconds);
        }
        for text in ["", "0s", "5", "100ms", "1.5s", "-5m", "soon", "11years"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(duration_or_zero("0"), Ok(Duration::ZERO));
        assert_eq!(duration_or_zero("2s"), Ok(Duration::from_secs(2)));
        assert!(duration_or_zero("none").is_err());
    }

    #[test]
    fn sizes_and_waits_have_a_unit() {
        assert_eq!(bytes("19MiB"), Ok(19 << 20));
        assert_eq!((bytes("7168KiB"), bytes("2GiB")), (Ok(7 << 20), Ok(2 << 30)));
        for text in ["", "19", "MiB", "19MB", "19 MiB", "-1MiB", "1.5GiB", "99999999999GiB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
        assert_eq!(millis("50ms"), Ok(Duration::from_millis(50)));
        assert!(millis("11s").is_err() && millis("50").is_err());
        assert!(duration_to_wait("20s").is_ok() && duration_to_wait("21s").is_err() && duration_to_wait("0s").is_err());
    }

    #[test]
    fn the_parts_of_each_token_are_short() {
        let issuer = |length: usize| format!("https://a.example/{}", "p".repeat(length - 18)).parse::<IssuerUrl>();
        assert!(issuer(160).is_ok() && audience(&"a".repeat(160)).is_ok());
        // In JSON a quotation mark takes two bytes.
        for refused in [issuer(161).map(|_| ()), audience(&"\"".repeat(81)).map(|_| ())] {
            assert!(refused.unwrap_err().starts_with("expected at most 160 bytes"));
        }
    }

    #[test]
    fn an_issuer_uses_https_except_on_this_machine() {
        for text in ["https://auth.example.com", "https://example.com/auth", "http://localhost:8080", "http://[::1]:1"]
        {
            assert_eq!(text.parse::<IssuerUrl>().unwrap().url, text);
        }
        for text in [
            "auth.example.com",
            "http://auth.example.com",
            "https://a.example/",
            "https://a.example?x",
            "ftp://localhost",
        ] {
            assert!(text.parse::<IssuerUrl>().is_err(), "{text}");
        }
    }
}
