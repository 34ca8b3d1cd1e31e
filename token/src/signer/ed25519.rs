//! Signing with Ed25519 (RFC 8037 §3.1), for `jwt-compact`.

use std::{borrow::Cow, num::NonZeroUsize};

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jwt_compact::{Algorithm, AlgorithmSignature};

/// Ed25519 as an algorithm of `jwt-compact`, under one of its two names.
#[derive(Clone, Copy)]
pub(crate) enum Ed25519 {
    EdDsa,
    FullySpecified,
}

impl Ed25519 {
    /// The name in `alg`: of RFC 8037 or of RFC 9864.
    pub(crate) const fn alg(self) -> &'static str {
        match self {
            Self::EdDsa => crate::Algorithm::EdDsa.name(),
            Self::FullySpecified => "Ed25519",
        }
    }
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

impl Algorithm for Ed25519 {
    type SigningKey = SigningKey;
    type VerifyingKey = VerifyingKey;
    type Signature = Ed25519Signature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(self.alg())
    }

    fn sign(&self, signing_key: &SigningKey, message: &[u8]) -> Ed25519Signature {
        Ed25519Signature(signing_key.sign(message))
    }

    fn verify_signature(&self, signature: &Ed25519Signature, verifying_key: &VerifyingKey, message: &[u8]) -> bool {
        verifying_key.verify_strict(message, &signature.0).is_ok()
    }
}
