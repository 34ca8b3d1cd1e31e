//! What a token must be to be accepted, besides well signed.

use crate::KeySet;

/// What a token must be to be accepted, whoever signed it.
///
/// The defaults are the safe ones: no leeway, `typ` an access token's. Whether the audience is checked has no default:
/// a token for somebody else is the mistake that matters most (RFC 8725 §3.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The audiences of which `aud` must contain one; `None` says: on purpose not checked.
    pub audiences: Option<Vec<String>>,
    /// How many seconds the clocks of issuer and verifier may differ.
    pub leeway: u64,
    /// How many seconds after its `iat` a token is accepted at most, whatever its `exp`; it must then have an `iat`, and
    /// not one in the future.
    pub max_token_age: Option<u64>,
    /// Claims that must be there, of whatever value.
    pub required_claims: Vec<String>,
    /// The media types of which `typ` must be one, with or without `application/` before it; `None` says: on purpose
    /// not checked, and `typ` need not be there.
    pub types: Option<Vec<String>>,
}

/// Whose tokens are accepted, and by which keys.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The issuer that `iss` must name, to the letter; `None` says: on purpose not checked.
    pub name: Option<String>,
    /// The keys that this issuer signs with.
    pub keys: KeySet,
}

impl Policy {
    /// The policy of whoever `audience` names.
    pub fn for_audience(audience: impl Into<String>) -> Self {
        Self { audiences: Some(vec![audience.into()]), ..Self::for_any_audience() }
    }

    /// A policy that does not check for whom a token is meant.
    #[must_use]
    pub fn for_any_audience() -> Self {
        Self {
            audiences: None,
            leeway: 0,
            max_token_age: None,
            required_claims: Vec::new(),
            types: Some(vec!["at+jwt".to_owned()]),
        }
    }

    /// Whether a header's `typ` is accepted. Media types know no case (RFC 2045 §5.1), and `application/` may be left
    /// out (RFC 7515 §4.1.9).
    pub(crate) fn accepts_type(&self, typ: Option<&str>) -> bool {
        match (&self.types, typ) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(types), Some(typ)) => types.iter().any(|accepted| bare(accepted).eq_ignore_ascii_case(bare(typ))),
        }
    }
}

/// A media type without the `application/` that it may have before it.
fn bare(media_type: &str) -> &str {
    const APPLICATION: &str = "application/";
    match media_type.split_at_checked(APPLICATION.len()) {
        Some((tree, rest)) if tree.eq_ignore_ascii_case(APPLICATION) => rest,
        _ => media_type,
    }
}

impl Issuer {
    /// An issuer that is known by its name.
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
