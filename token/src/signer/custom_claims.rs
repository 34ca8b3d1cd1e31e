//! Claims of the user's own, beside those that the token itself needs.

use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::json;

/// The greatest length of custom claims, written as JSON without white space: a token with them, and with a kibibyte of
/// roles, fits into a cookie of 4 KiB, which is what browsers keep (RFC 6265 §6.1).
pub const MAX_CUSTOM_CLAIMS_BYTES: usize = 1024;

/// Names that custom claims may not have: those that the token itself carries, those that RFC 7519 §4.1 and RFC 9068 §2.2
/// give a meaning to, and those by which other readers judge whom a token is for and who acts with it (RFC 7800,
/// RFC 8693, RFC 9396, OpenID Connect Core §2). `groups` and `entitlements` of RFC 9068 §2.2.3.1 are the user's own.
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

/// Claims of the user's own: a JSON object that every strict verifier reads as it was meant, with none of the names that
/// the token needs itself. Names are kept in their order, numbers as a double or a whole number of 64 bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomClaims(Map<String, Value>);

/// A text that cannot be custom claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCustomClaims {
    /// It is not one JSON object, or a part of it is not JSON, or a number is beyond the greatest double.
    #[error("custom claims must be a JSON object such as {{\"plan\": \"pro\"}}")]
    Syntax,
    /// A member stands there twice, at whatever depth.
    #[error("custom claims must not name a member twice")]
    DuplicateMember,
    /// Objects and arrays are nested deeper than verifiers read.
    #[error("custom claims must not be nested deeper than 16 levels")]
    TooDeep,
    /// A name that means something else in a token.
    #[error("the claim {0:?} is the token's own or reserved: choose another name")]
    Reserved(String),
    /// More than a token can carry.
    #[error(
        "custom claims must have at most {MAX_CUSTOM_CLAIMS_BYTES} bytes in all: a token carries them, and must fit into a cookie"
    )]
    TooLarge,
}

impl CustomClaims {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// These and the others; of two with one name the other one.
    pub fn with(&self, others: &Self) -> Result<Self, InvalidCustomClaims> {
        let mut claims = self.0.clone();
        claims.extend(others.0.clone());
        Self::checked(claims)
    }

    /// These but for the one with that name.
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

    /// Reads them as a verifier will: what it would refuse in a token is refused here.
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
    fn claims_are_written_as_they_were_read() {
        for text in
            ["{}", r#"{"a":[1,-2.5,null,true],"b":{"c":"é\n"},"groups":["x"]}"#, r#"{"n":18446744073709551615}"#]
        {
            assert_eq!(serde_json::to_string(&claims(text).unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn every_double_comes_back_as_it_was() {
        for text in [r#"{"n":0.1}"#, r#"{"n":1.7976931348623137e308}"#, r#"{"n":2.2250738585072014e-308}"#] {
            let read = claims(text).unwrap();
            assert_eq!(claims(&serde_json::to_string(&read).unwrap()).unwrap(), read);
        }
    }

    #[test]
    fn what_a_verifier_would_refuse_is_refused() {
        let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        assert!(claims(&nested(16)).is_ok());
        assert_eq!(claims(&nested(17)), Err(InvalidCustomClaims::TooDeep));
        assert_eq!(claims(r#"{"a":1,"\u0061":2}"#), Err(InvalidCustomClaims::DuplicateMember));
        for text in ["", "[]", "1", "null", "{", r#"{"a":1e309}"#, "{\"a\":\"\t\"}", r#"{"a":"\ud800"}"#, "{} {}"] {
            assert_eq!(claims(text), Err(InvalidCustomClaims::Syntax), "{text}");
        }
    }

    #[test]
    fn no_name_of_the_token_itself_can_be_a_custom_claim() {
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
        // However it is spelled.
        assert_eq!(claims(r#"{"\u0069ss":1}"#), Err(InvalidCustomClaims::Reserved("iss".to_owned())));
    }

    #[test]
    fn claims_are_added_and_taken_away_and_stay_small() {
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
