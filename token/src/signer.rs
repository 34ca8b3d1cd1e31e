//! Signs access tokens, for the issuer (RFC 9068).

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::SigningKey;
use jwt_compact::{
    AlgorithmExt, Claims, Header,
    alg::{Hs256, Hs256Key},
};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Algorithm, Hash, KeySet, KeySetError};

mod custom_claims;
mod ed25519;
mod es256;

pub use self::custom_claims::{CustomClaims, InvalidCustomClaims, MAX_CUSTOM_CLAIMS_BYTES};
use self::{
    ed25519::Ed25519,
    es256::{Es256, Es256Key},
};

/// The claims of an access token (RFC 9068 §2.2; `sid` as in OpenID Connect). Times are seconds since 1970.
#[derive(Clone, Debug, Serialize)]
pub struct AccessClaims<'a> {
    /// The issuer.
    pub iss: &'a str,
    /// The user's id.
    pub sub: &'a str,
    /// The audience.
    pub aud: &'a str,
    /// The client that the user signed in with.
    pub client_id: &'a str,
    /// The time of issue.
    pub iat: u64,
    /// The expiry.
    pub exp: u64,
    /// The token's id.
    pub jti: &'a str,
    /// The session's id.
    pub sid: &'a str,
    /// The user's name.
    pub username: &'a str,
    /// The user's roles; omitted if there are none.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub roles: &'a [String],
    /// Custom claims of the user.
    #[serde(flatten)]
    pub custom: Option<&'a CustomClaims>,
}

/// Signs access tokens with one key.
pub struct Signer {
    key: SecretKey,
}

enum SecretKey {
    Ed25519 { key: SigningKey, id: String, algorithm: Ed25519 },
    Es256 { key: Es256Key, id: String },
    Hs256(Hs256Key),
}

/// Bytes that are not a private key of the curve P-256: zero, or not below the curve's order. Random bytes are invalid
/// once in 2^32 draws; draw again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a private key for ES256 must be a 32-byte number above zero and below the order of the curve P-256")]
pub struct InvalidPrivateKey;

/// Signing failed.
#[derive(Debug, thiserror::Error)]
#[error("the access token could not be signed: {0}")]
pub struct SignError(String);

impl Signer {
    /// A signer for `EdDSA` with an Ed25519 private key (RFC 8032 §5.1.5), 32 random bytes.
    #[must_use]
    pub fn ed25519(seed: &[u8; 32]) -> Self {
        Self::by_ed25519(seed, Ed25519::EdDsa)
    }

    /// The same under the name `Ed25519` (RFC 9864 §2.2), which not all verifiers know.
    #[must_use]
    pub fn ed25519_fully_specified(seed: &[u8; 32]) -> Self {
        Self::by_ed25519(seed, Ed25519::FullySpecified)
    }

    fn by_ed25519(seed: &[u8; 32], algorithm: Ed25519) -> Self {
        let key = SigningKey::from_bytes(seed);
        let id = thumbprint(&ed25519_jwk(&key));
        Self { key: SecretKey::Ed25519 { key, id, algorithm } }
    }

    /// A signer for `ES256` with a private key of the curve P-256, 32 random bytes (RFC 7518 §6.2.2.1). AWS-LC draws
    /// the random nonce of each signature.
    pub fn es256(private_key: &[u8; 32]) -> Result<Self, InvalidPrivateKey> {
        let key = Es256Key::from_private_key(private_key).ok_or(InvalidPrivateKey)?;
        let id = thumbprint(&key.public_jwk());
        Ok(Self { key: SecretKey::Es256 { key, id } })
    }

    /// A signer for `HS256` with a secret of at least 32 bytes that verifiers share.
    pub fn hs256(secret: &[u8]) -> Result<Self, KeySetError> {
        KeySet::from_secret(secret, Hash::Sha256)?;
        Ok(Self { key: SecretKey::Hs256(Hs256Key::new(secret)) })
    }

    /// The key's `kid`, its thumbprint (RFC 7638, RFC 8037 §2); a secret has none.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        match &self.key {
            SecretKey::Ed25519 { id, .. } | SecretKey::Es256 { id, .. } => Some(id),
            SecretKey::Hs256(_) => None,
        }
    }

    /// The JSON Web Key Set to publish (RFC 7517 §5): the public key, or no key for a secret.
    #[must_use]
    pub fn public_key_set(&self) -> Value {
        let (mut key, alg, id) = match &self.key {
            SecretKey::Ed25519 { key, id, algorithm } => (ed25519_jwk(key), algorithm.alg(), id),
            SecretKey::Es256 { key, id } => (key.public_jwk(), Algorithm::ES256.name(), id),
            SecretKey::Hs256(_) => return json!({"keys": []}),
        };
        // These members help a verifier to select the key.
        key["kid"] = id.as_str().into();
        key["alg"] = alg.into();
        key["use"] = "sig".into();
        json!({"keys": [key]})
    }

    /// The keys that verify this signer's tokens.
    pub fn key_set(&self) -> Result<KeySet, KeySetError> {
        match &self.key {
            SecretKey::Ed25519 { .. } | SecretKey::Es256 { .. } => {
                KeySet::from_json(&self.public_key_set().to_string())
            }
            SecretKey::Hs256(secret) => KeySet::from_secret(secret.as_ref(), Hash::Sha256),
        }
    }

    /// Signs an access token.
    pub fn sign(&self, claims: &AccessClaims<'_>) -> Result<String, SignError> {
        let header = Header::empty().with_token_type("at+jwt");
        let claims = Claims::new(claims);
        let token = match &self.key {
            SecretKey::Ed25519 { key, id, algorithm } => {
                algorithm.token(&header.with_key_id(id.as_str()), &claims, key)
            }
            SecretKey::Es256 { key, id } => Es256.token(&header.with_key_id(id.as_str()), &claims, key),
            SecretKey::Hs256(secret) => Hs256.token(&header, &claims, secret),
        };
        token.map_err(|error| SignError(error.to_string()))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("key_id", &self.key_id()).finish_non_exhaustive()
    }
}

/// The required members of an Ed25519 JSON Web Key (RFC 8037 §2), ordered by name.
fn ed25519_jwk(key: &SigningKey) -> Value {
    json!({"crv": "Ed25519", "kty": "OKP", "x": Base64UrlUnpadded::encode_string(key.verifying_key().as_bytes())})
}

/// SHA-256 of the required members, ordered by name, without white space (RFC 7638 §3).
fn thumbprint(required: &Value) -> String {
    Base64UrlUnpadded::encode_string(&Sha256::digest(required.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Issuer, Policy, UnixSeconds, Verifier, decode};

    #[test]
    fn the_key_id_is_the_thumbprint_of_rfc_8037_appendix_a_3() {
        let key = json!({"crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        assert_eq!(thumbprint(&key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    fn claims() -> AccessClaims<'static> {
        AccessClaims {
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
            custom: None,
        }
    }

    #[test]
    fn a_signed_token_verifies_with_the_signer_s_keys() {
        let signers = [
            ("EdDSA", Signer::ed25519(&[7; 32])),
            ("Ed25519", Signer::ed25519_fully_specified(&[7; 32])),
            ("ES256", Signer::es256(&[7; 32]).unwrap()),
            ("HS256", Signer::hs256(&[7; 32]).unwrap()),
        ];
        for (alg, signer) in signers {
            let published = signer.public_key_set()["keys"][0]["alg"].clone();
            assert!(published == alg || alg == "HS256" && published.is_null(), "{published}");
            let mut header = json!({"alg": alg, "typ": "at+jwt"});
            let claims = claims();
            let token = signer.sign(&claims).unwrap();
            let issuer = Issuer::named(claims.iss, signer.key_set().unwrap());
            let verifier = Verifier::new(Policy::for_audience(claims.aud), issuer);
            let read = verifier.verify(&token, UnixSeconds::new(claims.iat).unwrap()).unwrap();
            assert_eq!(read.json(), serde_json::to_string(&claims).unwrap());
            if let Some(id) = signer.key_id() {
                header["kid"] = id.into();
            }
            let written: Value = serde_json::from_str(decode(&token).unwrap().header_json()).unwrap();
            assert_eq!(written, header);
        }
    }

    #[test]
    fn custom_claims_are_signed_and_verified() {
        let custom: CustomClaims = r#"{"level":3,"org":{"id":"o1","tags":["a"]}}"#.parse().unwrap();
        let claims = AccessClaims { custom: Some(&custom), ..claims() };
        let signer = Signer::ed25519(&[7; 32]);
        let token = signer.sign(&claims).unwrap();
        let issuer = Issuer::named(claims.iss, signer.key_set().unwrap());
        let verifier = Verifier::new(Policy::for_audience(claims.aud), issuer);
        let read = verifier.verify(&token, UnixSeconds::new(claims.iat).unwrap()).unwrap();
        assert_eq!(read.json(), serde_json::to_string(&claims).unwrap());
        let read: Value = serde_json::from_str(read.json()).unwrap();
        assert_eq!((&read["level"], &read["org"]["id"], &read["sub"]), (&json!(3), &json!("o1"), &json!("u1")));
    }

    #[test]
    fn a_secret_is_never_published() {
        let signer = Signer::hs256(&[7; 32]).unwrap();
        assert_eq!(signer.public_key_set(), json!({"keys": []}));
        assert_eq!(Signer::hs256(&[7; 31]).err(), Some(KeySetError::ShortSecret(Hash::Sha256)));
    }

    #[test]
    fn private_keys_for_es256_are_above_zero_and_below_the_order() {
        assert!(Signer::es256(&[1; 32]).is_ok());
        assert_eq!(Signer::es256(&[0; 32]).err(), Some(InvalidPrivateKey));
        assert_eq!(Signer::es256(&[255; 32]).err(), Some(InvalidPrivateKey));
    }

    #[test]
    fn debug_shows_no_key() {
        let id = Signer::ed25519(&[7; 32]).key_id().unwrap().to_owned();
        assert_eq!(format!("{:?}", Signer::ed25519(&[7; 32])), format!("Signer {{ key_id: Some({id:?}), .. }}"));
        assert_eq!(format!("{:?}", Signer::hs256(&[7; 32]).unwrap()), "Signer { key_id: None, .. }");
    }
}
