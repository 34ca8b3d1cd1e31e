//! Signing with `ES256` (RFC 7518 §3.4) by AWS-LC, for `jwt-compact`.

use std::{borrow::Cow, num::NonZeroUsize};

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
    },
};
use base64ct::{Base64UrlUnpadded, Encoding};
use jwt_compact::{Algorithm, AlgorithmSignature};
use serde_json::{Value, json};

/// `ES256` as an algorithm of `jwt-compact`.
pub(crate) struct Es256;

/// A private key on the curve P-256, with its public point.
pub(crate) struct Es256Key(EcdsaKeyPair);

/// A signature: `r` and `s` in 32 bytes each.
pub(crate) struct Es256Signature(Vec<u8>);

impl Es256Key {
    /// Reads a number above zero and below the curve's order; `None` if it is not.
    pub(crate) fn from_private_key(private_key: &[u8; 32]) -> Option<Self> {
        let point = PrivateKey::from_private_key(&ECDH_P256, private_key).ok()?.compute_public_key().ok()?;
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        EcdsaKeyPair::from_private_key_and_public_key(algorithm, private_key, point.as_ref()).ok().map(Self)
    }

    /// The required members of the public JSON Web Key (RFC 7518 §6.2.1), ordered by name.
    pub(crate) fn public_jwk(&self) -> Value {
        // The uncompressed form of SEC 1 §2.3.3: one byte for the form, then the coordinates.
        let coordinates = self.0.public_key().as_ref().get(1..).unwrap_or_default();
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        let [x, y] = [x, y].map(Base64UrlUnpadded::encode_string);
        json!({"crv": "P-256", "kty": "EC", "x": x, "y": y})
    }
}

impl AlgorithmSignature for Es256Signature {
    const LENGTH: Option<NonZeroUsize> = NonZeroUsize::new(64);

    fn try_from_slice(slice: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(slice.to_vec()))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }
}

impl Algorithm for Es256 {
    type SigningKey = Es256Key;
    type VerifyingKey = Es256Key;
    type Signature = Es256Signature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(crate::Algorithm::ES256.name())
    }

    #[expect(clippy::expect_used, reason = "AWS-LC aborts the process without randomness; nothing else can fail")]
    fn sign(&self, signing_key: &Es256Key, message: &[u8]) -> Es256Signature {
        let signature = signing_key.0.sign(&SystemRandom::new(), message).expect("a valid key signs any message");
        Es256Signature(signature.as_ref().to_vec())
    }

    fn verify_signature(&self, signature: &Es256Signature, key: &Es256Key, message: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.0.public_key().as_ref())
            .verify(message, &signature.0)
            .is_ok()
    }
}
