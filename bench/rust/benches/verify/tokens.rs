//! Tokens like the issuer's, and tokens that must be refused.

use std::cell::Cell;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::now;
use crate::keys::Keys;

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const AUDIENCE: &str = "api";
pub(crate) const KID: &str = "wQ4SXhpJ4QXnHQ8wzVjFAy9E8NCHPp8mW4SuUKdq0IQ";

/// A token, and its parts for contenders that check only the signature.
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) signature: Vec<u8>,
    message_length: usize,
}

/// An error of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    Signature,
    Expiry,
    Issuer,
    Audience,
    Type,
}

/// All claims of a token, for libraries that deserialize into a type.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "the benchmark only deserializes them")]
pub(crate) struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    iat: u64,
    jti: String,
    #[serde(flatten)]
    own: OwnClaims,
}

/// The claims that are not registered.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "the benchmark only deserializes them")]
pub(crate) struct OwnClaims {
    client_id: String,
    sid: String,
    username: String,
    roles: Vec<String>,
}

thread_local! {
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// An id of the usual format; it need not be random here.
fn next_id() -> String {
    let number = MADE.replace(MADE.get() + 1);
    format!("0192f0c1-8c3a-7d2e-9b41-{number:012x}")
}

impl Bad {
    pub(crate) const ALL: [Self; 5] = [Self::Signature, Self::Expiry, Self::Issuer, Self::Audience, Self::Type];
}

impl Token {
    /// A valid token with unique ids.
    pub(crate) fn good(keys: &Keys) -> Self {
        Self::signed(keys, "at+jwt", &claims())
    }

    /// A token with this error.
    pub(crate) fn bad(keys: &Keys, bad: Bad) -> Self {
        let mut claims = claims();
        match bad {
            Bad::Signature => return Self::good(keys).with_one_signature_byte_changed(),
            Bad::Type => return Self::signed(keys, "other+jwt", &claims),
            Bad::Expiry => claims["exp"] = json!(now() - 300),
            Bad::Issuer => claims["iss"] = json!("https://other.example.com"),
            Bad::Audience => claims["aud"] = json!("other"),
        }
        Self::signed(keys, "at+jwt", &claims)
    }

    /// The signed bytes.
    pub(crate) fn message(&self) -> &[u8] {
        &self.text.as_bytes()[..self.message_length]
    }

    fn signed(keys: &Keys, typ: &str, claims: &Value) -> Self {
        let mut header = json!({"alg": keys.algorithm().name(), "typ": typ});
        if keys.jwk().is_some() {
            header["kid"] = json!(KID);
        }
        let encode = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
        let message = format!("{}.{}", encode(&header), encode(claims));
        let signature = keys.sign(message.as_bytes());
        Self::joined(message, signature)
    }

    fn joined(message: String, signature: Vec<u8>) -> Self {
        let text = format!("{message}.{}", Base64UrlUnpadded::encode_string(&signature));
        Self { text, signature, message_length: message.len() }
    }

    fn with_one_signature_byte_changed(mut self) -> Self {
        let middle = self.signature.len() / 2;
        self.signature[middle] ^= 1;
        self.text.truncate(self.message_length);
        Self::joined(self.text, self.signature)
    }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": next_id(), "aud": AUDIENCE, "client_id": "hallpass", "iat": now() - 600,
        "exp": now() + 7200, "jti": next_id(), "sid": next_id(), "username": "exampleUser", "roles": ["member"],
    })
}
