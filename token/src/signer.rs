//! Making access tokens: the issuer's half (RFC 9068).

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::SigningKey;
use jwt_compact::{AlgorithmExt, Claims, Header};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::ed25519::Ed25519Strict;

/// What the issuer writes into an access token (RFC 9068 §2.2; `sid` as in OpenID Connect). Times are
/// seconds since 1970.
#[derive(Clone, Debug, Serialize)]
pub struct AccessClaims<'a> {
    /// Who made the token.
    pub iss: &'a str,
    /// The user's id.
    pub sub: &'a str,
    /// Whom the token is for.
    pub aud: &'a str,
    /// The client that the user signed in with.
    pub client_id: &'a str,
    /// When the token was made.
    pub iat: u64,
    /// When the token runs out.
    pub exp: u64,
    /// This token's own id.
    pub jti: &'a str,
    /// The session that the token was made in.
    pub sid: &'a str,
    /// The user's name.
    pub username: &'a str,
    /// The user's roles; left out where there are none.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub roles: &'a [String],
}

/// Signs access tokens with one Ed25519 key.
pub struct Signer {
    key: SigningKey,
    key_id: String,
}

/// A token could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the access token could not be written: {0}")]
pub struct SignError(String);

impl Signer {
    /// A signer over the Ed25519 private key of RFC 8032 §5.1.5, 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let key_id = thumbprint(&public_coordinate(&key));
        Self { key, key_id }
    }

    /// The `kid` of this key: its thumbprint (RFC 7638, RFC 8037 §2).
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public half, as a JSON Web Key.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": public_coordinate(&self.key),
            "kid": self.key_id,
            "alg": Ed25519Strict::NAME,
            "use": "sig",
        })
    }

    /// Writes and signs an access token.
    pub fn sign(&self, claims: &AccessClaims<'_>) -> Result<String, SignError> {
        let header = Header::empty().with_token_type("at+jwt").with_key_id(self.key_id.as_str());
        Ed25519Strict.token(&header, &Claims::new(claims), &self.key).map_err(|error| SignError(error.to_string()))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// The member `x` of an Ed25519 JSON Web Key (RFC 8037 §2).
fn public_coordinate(key: &SigningKey) -> String {
    Base64UrlUnpadded::encode_string(key.verifying_key().as_bytes())
}

/// SHA-256 over the required members in the order of their names, without white space (RFC 7638 §3).
fn thumbprint(x: &str) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    Base64UrlUnpadded::encode_string(&Sha256::digest(canonical.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Issuer, KeySet, Policy, UnixSeconds, Verifier, decode};

    #[test]
    fn the_key_id_is_the_thumbprint_of_rfc_8037_appendix_a_3() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(thumbprint(x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_signed_token_is_verified_with_the_published_key() {
        let signer = Signer::from_seed(&[7; 32]);
        let claims = AccessClaims {
            iss: "https://auth.example",
            sub: "u1",
            aud: "api",
            client_id: "hallpass",
            iat: 1_790_000_000,
            exp: 1_790_000_300,
            jti: "t1",
            sid: "s1",
            username: "exampleUser",
            roles: &[],
        };
        let token = signer.sign(&claims).unwrap();
        let keys = KeySet::from_json(&json!({"keys": [signer.public_jwk()]}).to_string()).unwrap();
        let verifier = Verifier::new(Policy::for_audience(claims.aud), Issuer::named(claims.iss, keys));
        let read = verifier.verify(&token, UnixSeconds::new(claims.iat).unwrap()).unwrap();
        assert_eq!(read.json(), serde_json::to_string(&claims).unwrap());
        let header: Value = serde_json::from_str(decode(&token).unwrap().header_json()).unwrap();
        assert_eq!(header, json!({"alg": "EdDSA", "typ": "at+jwt", "kid": signer.key_id()}));
    }

    #[test]
    fn debug_shows_no_key() {
        let text = format!("{:?}", Signer::from_seed(&[7; 32]));
        assert_eq!(text, format!("Signer {{ key_id: {:?}, .. }}", Signer::from_seed(&[7; 32]).key_id));
    }
}
