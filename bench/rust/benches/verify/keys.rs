//! Keys of each algorithm, in the formats of the contenders.

use aws_lc_rs::encoding::{AsBigEndian, EcPublicKeyUncompressedBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use aws_lc_rs::{hmac, rsa};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};

/// A signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    EdDsa,
    Es256,
    Rs256,
    Hs256,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 4] = [Self::EdDsa, Self::Es256, Self::Rs256, Self::Hs256];

    /// The value of `alg`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }
}

/// One key.
pub(crate) enum Keys {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Secret([u8; 32]),
}

impl Keys {
    pub(crate) fn generate(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDsa => Self::Ed25519(Ed25519KeyPair::generate().unwrap()),
            Algorithm::Es256 => Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()),
            Algorithm::Rs256 => Self::Rsa(RsaKeyPair::generate(rsa::KeySize::Rsa2048).unwrap()),
            Algorithm::Hs256 => {
                let mut secret = [0; 32];
                aws_lc_rs::rand::fill(&mut secret).unwrap();
                Self::Secret(secret)
            }
        }
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::EdDsa,
            Self::P256(_) => Algorithm::Es256,
            Self::Rsa(_) => Algorithm::Rs256,
            Self::Secret(_) => Algorithm::Hs256,
        }
    }

    /// A point as in RFC 8032 §5.1.2 or SEC 1 §2.3.3, a PKCS #1 `RSAPublicKey`, or the secret.
    pub(crate) fn public_bytes(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
            Self::P256(pair) => {
                let point: EcPublicKeyUncompressedBin<'_> = pair.public_key().as_be_bytes().unwrap();
                point.as_ref().to_vec()
            }
            Self::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Self::Secret(secret) => secret.to_vec(),
        }
    }

    /// The members `n` and `e` of an RSA key.
    pub(crate) fn rsa_components(&self) -> Option<(&[u8], &[u8])> {
        let Self::Rsa(pair) = self else { return None };
        let key = pair.public_key();
        Some((key.modulus().big_endian_without_leading_zero(), key.exponent().big_endian_without_leading_zero()))
    }

    /// The public key as a JSON Web Key without a `kid`; `None` for a secret.
    pub(crate) fn jwk(&self) -> Option<Value> {
        let encode = Base64UrlUnpadded::encode_string;
        let bytes = self.public_bytes();
        match self {
            Self::Ed25519(_) => Some(json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&bytes)})),
            Self::P256(_) => {
                let (x, y) = (encode(&bytes[1..33]), encode(&bytes[33..]));
                Some(json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}))
            }
            Self::Rsa(_) => {
                let (n, e) = self.rsa_components()?;
                Some(json!({"kty": "RSA", "n": encode(n), "e": encode(e)}))
            }
            Self::Secret(_) => None,
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            Self::Secret(secret) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec(),
        }
    }
}
