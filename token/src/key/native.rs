//! P-256 and RSA signatures, verified by AWS-LC in native builds.

use std::{fmt, sync::Arc};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents,
};

use super::rsa::RsaPadding;

/// A public key, parsed once.
#[derive(Clone)]
pub(crate) struct PublicKey(Arc<ParsedPublicKey>);

impl PublicKey {
    /// The key of a point on P-256.
    pub(crate) fn p256(x: &[u8; 32], y: &[u8; 32]) -> Option<Self> {
        // The uncompressed form of SEC 1 §2.3.3.
        let point = [&[4], &x[..], &y[..]].concat();
        Some(Self(Arc::new(ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()?)))
    }

    /// The RSA key of a modulus and an exponent, big-endian, for one padding.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8], padding: RsaPadding) -> Option<Self> {
        let parameters = match padding {
            RsaPadding::Pkcs1 => &RSA_PKCS1_2048_8192_SHA256,
            RsaPadding::Pss => &RSA_PSS_2048_8192_SHA256,
        };
        let components = RsaPublicKeyComponents { n: modulus, e: exponent };
        Some(Self(Arc::new(components.to_parsed_public_key(parameters).ok()?)))
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(…)")
    }
}
