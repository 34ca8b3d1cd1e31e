//! Making access tokens: the issuer's half (RFC 9068).

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

use crate::{KeySet, KeySetError, ed25519::Ed25519Strict};

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

/// Signs access tokens with one key.
pub struct Signer {
    key: SecretKey,
}

enum SecretKey {
    Ed25519 { key: SigningKey, id: String },
    Hs256(Hs256Key),
}

/// A token could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the access token could not be written: {0}")]
pub struct SignError(String);

impl Signer {
    /// A signer for `EdDSA`, over the Ed25519 private key of RFC 8032 §5.1.5, 32 random bytes.
    #[must_use]
    pub fn ed25519(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let id = thumbprint(&public_coordinate(&key));
        Self { key: SecretKey::Ed25519 { key, id } }
    }

    /// A signer for `HS256`, over a secret of at least 32 bytes that verifiers share.
    pub fn hs256(secret: &[u8]) -> Result<Self, KeySetError> {
        KeySet::from_secret(secret)?;
        Ok(Self { key: SecretKey::Hs256(Hs256Key::new(secret)) })
    }

    /// The `kid` of this key, its thumbprint (RFC 7638, RFC 8037 §2); a secret has none.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        match &self.key {
            SecretKey::Ed25519 { id, .. } => Some(id),
            SecretKey::Hs256(_) => None,
        }
    }

    /// The JSON Web Key Set to publish (RFC 7517 §5): the public half, or nothing where all is secret.
    #[must_use]
    pub fn public_key_set(&self) -> Value {
        let keys = match &self.key {
            SecretKey::Ed25519 { key, id } => vec![json!({
                "kty": "OKP",
                "crv": "Ed25519",
                "x": public_coordinate(key),
                "kid": id,
                "alg": Ed25519Strict::NAME,
                "use": "sig",
            })],
            SecretKey::Hs256(_) => vec![],
        };
        json!({ "keys": keys })
    }

    /// The keys that verify what this signer signs.
    pub fn key_set(&self) -> Result<KeySet, KeySetError> {
        match &self.key {
            SecretKey::Ed25519 { .. } => KeySet::from_json(&self.public_key_set().to_string()),
            SecretKey::Hs256(secret) => KeySet::from_secret(secret.as_ref()),
        }
    }

    /// Writes and signs an access token.
    pub fn sign(&self, claims: &AccessClaims<'_>) -> Result<String, SignError> {
        let header = Header::empty().with_token_type("at+jwt");
        let claims = Claims::new(claims);
        let token = match &self.key {
            SecretKey::Ed25519 { key, id } => Ed25519Strict.token(&header.with_key_id(id.as_str()), &claims, key),
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
    use crate::{Issuer, Policy, UnixSeconds, Verifier, decode};

    #[test]
    fn the_key_id_is_the_thumbprint_of_rfc_8037_appendix_a_3() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(thumbprint(x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
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
        }
    }

    #[test]
    fn a_signed_token_is_verified_with_the_signer_s_own_keys() {
        let headers = [json!({"alg": "EdDSA", "typ": "at+jwt"}), json!({"alg": "HS256", "typ": "at+jwt"})];
        for (signer, mut header) in
            [Signer::ed25519(&[7; 32]), Signer::hs256(&[7; 32]).unwrap()].into_iter().zip(headers)
        {
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
    fn a_secret_is_never_published() {
        let signer = Signer::hs256(&[7; 32]).unwrap();
        assert_eq!(signer.public_key_set(), json!({"keys": []}));
        assert_eq!(Signer::hs256(&[7; 31]).err(), Some(KeySetError::ShortSecret));
    }

    #[test]
    fn debug_shows_no_key() {
        let id = Signer::ed25519(&[7; 32]).key_id().unwrap().to_owned();
        assert_eq!(format!("{:?}", Signer::ed25519(&[7; 32])), format!("Signer {{ key_id: Some({id:?}), .. }}"));
        assert_eq!(format!("{:?}", Signer::hs256(&[7; 32]).unwrap()), "Signer { key_id: None, .. }");
    }
}
