//! A key, and the verification of signatures with it.

use std::fmt;

use crate::{Algorithm, Hash, KeySetError, base64url, ed25519::Ed25519Key};

mod ecdsa;
mod hmac;
pub(crate) mod jwk;
#[cfg(not(target_family = "wasm"))]
mod native;
mod rsa;

use ecdsa::EcdsaKey;
use hmac::Secret;
use rsa::RsaKey;
pub use rsa::{MAX_RSA_BITS, MIN_RSA_BITS};

/// A key with its `kid`.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) id: Option<String>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Ed25519(Ed25519Key),
    Secret(Secret),
    Ecdsa(EcdsaKey),
    Rsa(RsaKey),
}

impl Key {
    /// A shared secret without a `kid`, for the tokens of its algorithm whatever their `kid` is.
    pub(crate) fn from_secret(secret: &[u8], hash: Hash) -> Result<Self, KeySetError> {
        let secret = Secret::new(secret, hash).ok_or(KeySetError::ShortSecret(hash))?;
        Ok(Self { id: None, material: Material::Secret(secret) })
    }

    /// Whether it is a shared secret without a `kid`.
    pub(crate) fn is_unnamed_secret(&self) -> bool {
        self.id.is_none() && self.algorithm().is_symmetric()
    }

    /// Whether it may have signed a token with this `kid`, if it is of its algorithm.
    pub(crate) fn is_named(&self, kid: Option<&str>) -> bool {
        self.is_unnamed_secret() || kid.is_none_or(|kid| self.id.as_deref() == Some(kid))
    }

    /// Whether it is the same public key with the same `kid`.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.id == other.id
            && match (&self.material, &other.material) {
                (Material::Ed25519(key), Material::Ed25519(other)) => key.is_same_as(other),
                (Material::Ecdsa(key), Material::Ecdsa(other)) => key.is_same_as(other),
                (Material::Rsa(key), Material::Rsa(other)) => key.is_same_as(other),
                _ => false,
            }
    }

    /// Whether `kid` and `alg` of a token do not tell this key from a different one.
    pub(crate) fn is_ambiguous_beside(&self, other: &Self) -> bool {
        self.id.is_some() && self.id == other.id && self.algorithm() == other.algorithm() && !self.is_same_as(other)
    }

    /// The key's only algorithm.
    pub(crate) fn algorithm(&self) -> Algorithm {
        match &self.material {
            Material::Ed25519(_) => Algorithm::EdDsa,
            Material::Secret(secret) => Algorithm::Hmac(secret.hash()),
            Material::Ecdsa(key) => Algorithm::Ecdsa(key.curve()),
            Material::Rsa(key) => key.algorithm(),
        }
    }

    /// Whether this build leaves this key's signatures to the runtime's crypto.
    pub(crate) fn is_external(&self) -> bool {
        cfg!(target_family = "wasm") && matches!(self.material, Material::Ecdsa(_) | Material::Rsa(_))
    }

    /// Whether `signature` is this key's signature of `message`; always `false` for an [external
    /// key](Self::is_external).
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Ed25519(key) => key.verify(message, signature),
            Material::Secret(secret) => secret.verify(message, signature),
            #[cfg(not(target_family = "wasm"))]
            Material::Ecdsa(key) => key.verify(message, signature),
            #[cfg(not(target_family = "wasm"))]
            Material::Rsa(key) => key.verify(message, signature),
            #[cfg(target_family = "wasm")]
            Material::Ecdsa(_) | Material::Rsa(_) => false,
        }
    }

    /// Whether `signature` has the form of an external key's signature. Implementations differ in what they refuse
    /// here: OpenSSL accepts a PSS signature without its leading zero, and Deno's WebCrypto one plus the modulus.
    #[cfg(feature = "external-signatures")]
    pub(crate) fn admits(&self, signature: &[u8]) -> bool {
        match &self.material {
            Material::Ecdsa(key) => key.is_in_range(signature),
            Material::Rsa(key) => key.is_in_range(signature),
            Material::Ed25519(_) | Material::Secret(_) => false,
        }
    }

    /// The public JSON Web Key of an external key.
    #[cfg(feature = "external-signatures")]
    pub(crate) fn to_jwk(&self) -> Option<String> {
        let members = match &self.material {
            Material::Ecdsa(key) => key.jwk_members(),
            Material::Rsa(key) => key.jwk_members(),
            Material::Ed25519(_) | Material::Secret(_) => return None,
        };
        Some(format!(r#"{{"alg":"{}",{members}}}"#, self.algorithm().name()))
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ed25519(key) => key.fmt(f),
            Self::Secret(secret) => secret.fmt(f),
            Self::Ecdsa(key) => f.debug_tuple("Ecdsa").field(key).finish(),
            Self::Rsa(key) => f.debug_tuple("Rsa").field(key).finish(),
        }
    }
}

/// Reads the member `x` of an Ed25519 key (RFC 8037 §2).
fn ed25519_point(x: &str) -> Result<Ed25519Key, KeySetError> {
    let point = base64url::decode_array(x).map_err(|_| KeySetError::Point)?;
    Ed25519Key::from_bytes(&point).ok_or(KeySetError::Point)
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};

    use super::*;

    #[test]
    fn a_signature_of_a_wrong_length_is_refused() {
        let key = Key::from_secret(&[7; 32], Hash::Sha256).unwrap();
        for length in [0, 1, 31, 33, 64] {
            assert!(!key.verify(b"message", &vec![0; length]), "{length}");
        }
    }

    #[test]
    fn the_hmac_of_rfc_7515_appendix_a_1_is_accepted() {
        let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let key = Key::from_secret(&Base64UrlUnpadded::decode_vec(secret).unwrap(), Hash::Sha256).unwrap();
        let message = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                       eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = Base64UrlUnpadded::decode_vec("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert!(key.verify(message.as_bytes(), &signature));
        assert!(!key.verify(b"another message", &signature));
    }

    #[test]
    fn a_short_secret_is_refused_and_a_secret_is_never_shown() {
        for (hash, bytes) in [(Hash::Sha256, 32), (Hash::Sha384, 48), (Hash::Sha512, 64)] {
            assert!(Key::from_secret(&vec![7; bytes], hash).is_ok());
            for short in [0, bytes - 1] {
                assert_eq!(Key::from_secret(&vec![7; short], hash).unwrap_err(), KeySetError::ShortSecret(hash));
            }
        }
        let text = format!("{:?}", Key::from_secret(&[7; 32], Hash::Sha256).unwrap());
        assert_eq!(text, "Key { id: None, material: Secret(…) }");
    }
}
