//! ECDSA and RSA signatures, verified by AWS-LC in native builds.

use std::{fmt, sync::Arc};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaPublicKeyComponents,
};

use crate::algorithm::{Curve, Hash, Padding};

/// A public key, parsed once.
#[derive(Clone)]
pub(crate) struct PublicKey(Arc<ParsedPublicKey>);

impl PublicKey {
    /// The key of a point on a curve.
    pub(crate) fn ecdsa(curve: Curve, x: &[u8], y: &[u8]) -> Option<Self> {
        let parameters = match curve {
            Curve::P256 => &ECDSA_P256_SHA256_FIXED,
            Curve::P384 => &ECDSA_P384_SHA384_FIXED,
            Curve::P521 => &ECDSA_P521_SHA512_FIXED,
        };
        // The uncompressed form of SEC 1 §2.3.3.
        let point = [&[4], x, y].concat();
        Some(Self(Arc::new(ParsedPublicKey::new(parameters, point).ok()?)))
    }

    /// The RSA key of a modulus and an exponent, big-endian, for one algorithm.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8], padding: Padding, hash: Hash) -> Option<Self> {
        let parameters = match (padding, hash) {
            (Padding::Pkcs1, Hash::Sha256) => &RSA_PKCS1_2048_8192_SHA256,
            (Padding::Pkcs1, Hash::Sha384) => &RSA_PKCS1_2048_8192_SHA384,
            (Padding::Pkcs1, Hash::Sha512) => &RSA_PKCS1_2048_8192_SHA512,
            (Padding::Pss, Hash::Sha256) => &RSA_PSS_2048_8192_SHA256,
            (Padding::Pss, Hash::Sha384) => &RSA_PSS_2048_8192_SHA384,
            (Padding::Pss, Hash::Sha512) => &RSA_PSS_2048_8192_SHA512,
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
