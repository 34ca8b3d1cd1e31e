//! Custom claims of a user.

use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::json;

/// The maximum length of custom claims as JSON without white space. A token with them and 1 KiB of roles fits into a
/// cookie of 4 KiB, the limit of browsers (RFC 6265 §6.1).
pub const MAX_CUSTOM_CLAIMS_BYTES: usize = 1024;

/// Reserved names: the token's claims, those that RFC 7519 §4.1 and RFC 9068 §2.2 define, and those by which other
/// verifiers determine the audience or the acting party (RFC 7800, RFC 8693, RFC 9396, OpenID Connect Core §2).
/// `groups` and `entitlements` of RFC 9068 §2.2.3.1 are permitted.
const RESERVED: [&str; 24] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sid",
    "client_id",
    "username",
    "roles",
    "scope",
    "auth_time",
    "acr",
    "amr",
    "azp",
    "nonce",
    "at_hash",
    "c_hash",
    "cnf",
    "act",
    "may_act",
    "authorization_details",
    "events",
];

/// Custom claims: a JSON object that every strict verifier reads alike, without reserved names. Names keep their order;
/// a number is a double or a 64-bit integer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomClaims(Map<String, Value>);

/// Why a text is not valid as custom claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCustomClaims {
    /// It is not exactly one JSON object, or a number is beyond the largest double.
    #[error("custom claims must be a JSON object such as {{\"plan\": \"pro\"}}")]
    Syntax,
    /// It has a duplicate member, at any depth.
    #[error("custom claims must not have duplicate members")]
    DuplicateMember,
    /// Objects and arrays are nested deeper than verifiers accept.
    #[error("custom claims must not be nested deeper than 16 levels")]
    TooDeep,
    /// A name is reserved.
    #[error("the claim {0:?} is reserved: choose another name")]
    Reserved(String),
    /// They are longer than [`MAX_CUSTOM_CLAIMS_BYTES`].
    #[error(
        "custom claims must have at most {MAX_CUSTOM_CLAIMS_BYTES} bytes in total, so that the token fits into a cookie"
    )]
    TooLarge,
}

impl CustomClaims {
    /// Whether there are no claims.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// These claims and `others`, which replace claims of the same name.
    pub fn with(&self, others: &Self) -> Result<Self, InvalidCustomClaims> {
        let mut claims = self.0.clone();
        claims.extend(others.0.clone());
        Self::checked(claims)
    }

    /// These claims without the one with this name.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut claims = self.0.clone();
        claims.remove(name);
        Self(claims)
    }

    fn checked(claims: Map<String, Value>) -> Result<Self, InvalidCustomClaims> {
        if let Some(reserved) = claims.keys().find(|name| RESERVED.contains(&name.as_str())) {
            return Err(InvalidCustomClaims::Reserved(reserved.clone()));
        }
        let claims = Self(claims);
        let length = serde_json::to_string(&claims).map_err(|_| InvalidCustomClaims::Syntax)?.len();
        if length <= MAX_CUSTOM_CLAIMS_BYTES { Ok(claims) } else { Err(InvalidCustomClaims::TooLarge) }
    }
}

impl FromStr for CustomClaims {
    type Err = InvalidCustomClaims;

    /// Reads claims with the verifier's parser, and refuses what a verifier would refuse.
    fn from_str(text: &str) -> Result<Self, InvalidCustomClaims> {
        json::object(text, |_, _| ())?;
        Self::checked(serde_json::from_str(text).map_err(|_| InvalidCustomClaims::Syntax)?)
    }
}

impl From<json::JsonFault> for InvalidCustomClaims {
    fn from(fault: json::JsonFault) -> Self {
        match fault {
            json::JsonFault::Syntax => Self::Syntax,
            json::JsonFault::DuplicateMember => Self::DuplicateMember,
            json::JsonFault::TooDeep => Self::TooDeep,
        }
    }
}

impl Serialize for CustomClaims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::AccessClaims;

    fn claims(text: &str) -> Result<CustomClaims, InvalidCustomClaims> {
        text.parse()
    }

    #[test]
    fn claims_are_written_as_read() {
        for text in
            ["{}", r#"{"a":[1,-2.5,null,true],"b":{"c":"é\n"},"groups":["x"]}"#, r#"{"n":18446744073709551615}"#]
        {
            assert_eq!(serde_json::to_string(&claims(text).unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn doubles_are_preserved() {
        for text in [r#"{"n":0.1}"#, r#"{"n":1.7976931348623137e308}"#, r#"{"n":2.2250738585072014e-308}"#] {
            let read = claims(text).unwrap();
            assert_eq!(claims(&serde_json::to_string(&read).unwrap()).unwrap(), read);
        }
    }

    #[test]
    fn claims_that_a_verifier_would_refuse_are_refused() {
        let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        assert!(claims(&nested(16)).is_ok());
        assert_eq!(claims(&nested(17)), Err(InvalidCustomClaims::TooDeep));
        assert_eq!(claims(r#"{"a":1,"\u0061":2}"#), Err(InvalidCustomClaims::DuplicateMember));
        for text in ["", "[]", "1", "null", "{", r#"{"a":1e309}"#, "{\"a\":\"\t\"}", r#"{"a":"\ud800"}"#, "{} {}"] {
            assert_eq!(claims(text), Err(InvalidCustomClaims::Syntax), "{text}");
        }
    }

    #[test]
    fn reserved_names_are_refused() {
        let token = AccessClaims {
            iss: "i",
            sub: "s",
            aud: "a",
            client_id: "c",
            iat: 0,
            exp: 1,
            jti: "j",
            sid: "s",
            username: "u",
            roles: &["r".to_owned()],
            custom: None,
        };
        let token = serde_json::to_value(&token).unwrap();
        for name in token.as_object().unwrap().keys().map(String::as_str).chain(RESERVED) {
            let reserved = Err(InvalidCustomClaims::Reserved(name.to_owned()));
            assert_eq!(claims(&json!({ name: 1 }).to_string()), reserved);
        }
        // With escapes, too.
        assert_eq!(claims(r#"{"\u0069ss":1}"#), Err(InvalidCustomClaims::Reserved("iss".to_owned())));
    }

    #[test]
    fn claims_are_added_and_removed_within_the_maximum_length() {
        let one = claims(r#"{"a":1,"b":2}"#).unwrap();
        let other = claims(r#"{"b":3,"c":4}"#).unwrap();
        assert_eq!(one.with(&other).unwrap(), claims(r#"{"a":1,"b":3,"c":4}"#).unwrap());
        assert_eq!(one.without("a").names().collect::<Vec<_>>(), ["b"]);
        assert_eq!(one.without("x"), one);
        let long = |length: usize| claims(&format!("{{ \"a\" : \"{}\" }}", "x".repeat(length)));
        assert!(long(MAX_CUSTOM_CLAIMS_BYTES - 8).is_ok());
        assert_eq!(long(MAX_CUSTOM_CLAIMS_BYTES - 7), Err(InvalidCustomClaims::TooLarge));
        let half = |name: &str| claims(&format!("{{\"{name}\":\"{}\"}}", "x".repeat(600))).unwrap();
        assert_eq!(half("a").with(&half("b")), Err(InvalidCustomClaims::TooLarge));
    }
}
