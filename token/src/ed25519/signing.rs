//! The algorithm `EdDSA` with Ed25519 (RFC 8037 §3.1), as `jwt-compact` carries it: the issuer signs with it.

use std::{borrow::Cow, num::NonZeroUsize};

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jwt_compact::{Algorithm, AlgorithmSignature};

/// Ed25519 under the name that RFC 8037 gave it.
pub(crate) struct Ed25519Strict;

impl Ed25519Strict {
    pub(crate) const NAME: &'static str = "EdDSA";
}

/// An Ed25519 signature of 64 bytes.
pub(crate) struct Ed25519Signature(Signature);

impl AlgorithmSignature for Ed25519Signature {
    const LENGTH: Option<NonZeroUsize> = NonZeroUsize::new(Signature::BYTE_SIZE);

    fn try_from_slice(slice: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(Signature::from_slice(slice)?))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.0.to_bytes().to_vec())
    }
}

impl Algorithm for Ed25519Strict {
    type SigningKey = SigningKey;
    type VerifyingKey = VerifyingKey;
    type Signature = Ed25519Signature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(Self::NAME)
    }

    fn sign(&self, signing_key: &SigningKey, message: &[u8]) -> Ed25519Signature {
        Ed25519Signature(signing_key.sign(message))
    }

    fn verify_signature(&self, signature: &Ed25519Signature, verifying_key: &VerifyingKey, message: &[u8]) -> bool {
        verifying_key.verify_strict(message, &signature.0).is_ok()
    }
}
