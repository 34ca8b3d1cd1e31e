//! One key, and the check of a signature with it.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use jwt_compact::{
    AlgorithmSignature,
    alg::{Hs256, Hs256Key, Hs256Signature},
};
use serde_json::{Map, Value};

use crate::{Algorithm, KeySetError, ed25519::Ed25519Key};

/// The shortest HMAC secret in bytes: as long as the hash (RFC 7518 §3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// A key with its `kid`.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) id: Option<String>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Ed25519(Ed25519Key),
    Secret(Hs256Key),
}

impl Key {
    /// A shared secret, which has no `kid`: there is only one.
    pub(crate) fn from_secret(secret: &[u8]) -> Result<Self, KeySetError> {
        if secret.len() < MIN_SECRET_BYTES {
            return Err(KeySetError::ShortSecret);
        }
        Ok(Self { id: None, material: Material::Secret(Hs256Key::new(secret)) })
    }

    /// Reads one public JSON Web Key; `None` where it is not a signature key of a kind that is understood.
    pub(crate) fn from_jwk(jwk: &Map<String, Value>) -> Result<Option<Self>, KeySetError> {
        let text = |name| jwk.get(name).and_then(Value::as_str);
        if jwk.contains_key("d") || jwk.contains_key("k") || text("kty") == Some("oct") {
            return Err(KeySetError::Secret);
        }
        // RFC 8037 §2 for `OKP` and its curves, RFC 7517 §4.2 for `use`.
        let is_ed25519 = text("kty") == Some("OKP") && text("crv") == Some("Ed25519");
        if !is_ed25519 || jwk.get("use").is_some_and(|purpose| purpose != "sig") {
            return Ok(None);
        }
        let is_eddsa = |alg: &Value| alg.as_str().and_then(Algorithm::named) == Some(Algorithm::EdDsa);
        if jwk.get("alg").is_some_and(|alg| !is_eddsa(alg)) {
            return Err(KeySetError::Algorithm);
        }
        let id = match jwk.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return Err(KeySetError::KeyId),
        };
        Ok(Some(Self { id, material: Material::Ed25519(ed25519_point(text("x").unwrap_or_default())?) }))
    }

    /// The one algorithm that this key is for.
    pub(crate) fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Ed25519(_) => Algorithm::EdDsa,
            Material::Secret(_) => Algorithm::Hs256,
        }
    }

    /// Whether `signature` is this key's over `message`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Ed25519(key) => key.verify(message, signature),
            Material::Secret(secret) => verify_with(&Hs256, secret, message, read::<Hs256Signature>(signature)),
        }
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ed25519(key) => key.fmt(f),
            Self::Secret(_) => f.write_str("Secret(…)"),
        }
    }
}

/// Reads a signature. Its length is checked here: some of `jwt-compact`'s signatures panic over a wrong one.
fn read<S: AlgorithmSignature>(signature: &[u8]) -> Option<S> {
    let has_length = S::LENGTH.is_none_or(|length| length.get() == signature.len());
    has_length.then(|| S::try_from_slice(signature).ok()).flatten()
}

fn verify_with<A: jwt_compact::Algorithm>(
    algorithm: &A,
    key: &A::VerifyingKey,
    message: &[u8],
    signature: Option<A::Signature>,
) -> bool {
    signature.is_some_and(|signature| algorithm.verify_signature(&signature, key, message))
}

/// Reads the member `x` of an Ed25519 key (RFC 8037 §2).
fn ed25519_point(x: &str) -> Result<Ed25519Key, KeySetError> {
    let mut point = [0; 32];
    let length = Base64UrlUnpadded::decode(x, &mut point).map_err(|_| KeySetError::Point)?.len();
    let key = Ed25519Key::from_bytes(&point).ok_or(KeySetError::Point)?;
    if length == point.len() { Ok(key) } else { Err(KeySetError::Point) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_of_a_wrong_length_is_refused_and_harms_nothing() {
        let key = Key::from_secret(&[7; 32]).unwrap();
        for length in [0, 1, 31, 33, 64] {
            assert!(!key.verify(b"message", &vec![0; length]), "{length}");
        }
    }

    #[test]
    fn the_hmac_is_that_of_rfc_7515_appendix_a_1() {
        let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let key = Key::from_secret(&Base64UrlUnpadded::decode_vec(secret).unwrap()).unwrap();
        let message = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                       eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = Base64UrlUnpadded::decode_vec("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert!(key.verify(message.as_bytes(), &signature));
        assert!(!key.verify(b"another message", &signature));
    }

    #[test]
    fn a_secret_is_as_long_as_the_hash_and_never_shown() {
        assert_eq!(Key::from_secret(&[7; 31]).unwrap_err(), KeySetError::ShortSecret);
        assert_eq!(Key::from_secret(&[]).unwrap_err(), KeySetError::ShortSecret);
        let text = format!("{:?}", Key::from_secret(&[7; 32]).unwrap());
        assert_eq!(text, "Key { id: None, material: Secret(…) }");
    }
}
