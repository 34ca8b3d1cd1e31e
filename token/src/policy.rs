//! The conditions that a token must satisfy besides its signature.

use crate::{KeySet, MAX_TOKEN_BYTES};

/// The conditions for every token, of any issuer.
///
/// The defaults are the safe ones: no leeway, and only access tokens. The audience has no default: a token for another
/// audience is the most dangerous mistake (RFC 8725 §3.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The audiences of which `aud` must contain one; `None` disables the check explicitly.
    pub audiences: Option<Vec<String>>,
    /// The permitted clock difference of issuer and verifier in seconds.
    pub leeway: u64,
    /// The maximum age of a token in seconds since `iat`, whatever its `exp`. It requires an `iat` that is not in the
    /// future.
    pub max_token_age: Option<u64>,
    /// Claims that must be present, with any value.
    pub required_claims: Vec<String>,
    /// The media types of which `typ` must be one, with or without the prefix `application/`; `None` disables the check
    /// explicitly, also for tokens without `typ`.
    pub types: Option<Vec<String>>,
    /// The maximum length of a token in bytes, at most [`LARGEST_TOKEN_BYTES`](crate::LARGEST_TOKEN_BYTES).
    pub max_token_bytes: usize,
}

/// An accepted issuer and its keys.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The exact value of `iss`; `None` disables the check explicitly.
    pub name: Option<String>,
    /// The keys that this issuer signs with.
    pub keys: KeySet,
}

impl Policy {
    /// The policy of a service with this audience.
    pub fn for_audience(audience: impl Into<String>) -> Self {
        Self { audiences: Some(vec![audience.into()]), ..Self::for_any_audience() }
    }

    /// A policy that does not check the audience.
    #[must_use]
    pub fn for_any_audience() -> Self {
        Self {
            audiences: None,
            leeway: 0,
            max_token_age: None,
            required_claims: Vec::new(),
            types: Some(vec!["at+jwt".to_owned()]),
            max_token_bytes: MAX_TOKEN_BYTES,
        }
    }

    /// Whether a header's `typ` is accepted. Media types are case-insensitive (RFC 2045 §5.1), and may omit
    /// `application/` (RFC 7515 §4.1.9).
    pub(crate) fn accepts_type(&self, typ: Option<&str>) -> bool {
        match (&self.types, typ) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(types), Some(typ)) => types.iter().any(|accepted| bare(accepted).eq_ignore_ascii_case(bare(typ))),
        }
    }
}

/// A media type without the prefix `application/`.
fn bare(media_type: &str) -> &str {
    const APPLICATION: &str = "application/";
    match media_type.split_at_checked(APPLICATION.len()) {
        Some((tree, rest)) if tree.eq_ignore_ascii_case(APPLICATION) => rest,
        _ => media_type,
    }
}

impl Issuer {
    /// An issuer whose tokens have this `iss`.
    pub fn named(name: impl Into<String>, keys: KeySet) -> Self {
        Self { name: Some(name.into()), keys }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_a_media_type_with_or_without_application() {
        let policy = Policy::for_any_audience();
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
            assert!(policy.accepts_type(Some(typ)), "{typ}");
        }
        for typ in ["", "jwt", "at+jwt ", "text/at+jwt", "application/", "at+jwt+x"] {
            assert!(!policy.accepts_type(Some(typ)), "{typ}");
        }
        assert!(!policy.accepts_type(None));
        let unchecked = Policy { types: None, ..policy };
        assert!(unchecked.accepts_type(None) && unchecked.accepts_type(Some("anything")));
    }
}
