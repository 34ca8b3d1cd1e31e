//! The signature alone, over a prepared message and signature: a lower bound for every verifier with the same library.

use aws_lc_rs::signature as aws;
use ed25519_dalek::VerifyingKey;
use ring::signature as ring_signature;

use crate::keys::{Algorithm, Keys};
use crate::tokens::{Bad, Token};
use crate::{Answer, Contender};

pub(crate) fn contenders(keys: &Keys) -> Vec<Contender> {
    let mut contenders = vec![aws_lc_rs(keys), ring(keys)];
    if keys.algorithm() == Algorithm::EdDsa {
        contenders.push(dalek(keys, "ed25519-dalek verify (signature alone)", |key, message, signature| {
            ed25519_dalek::Verifier::verify(key, message, signature).is_ok()
        }));
        contenders.push(dalek(keys, "ed25519-dalek verify_strict (signature alone)", |key, message, signature| {
            key.verify_strict(message, signature).is_ok()
        }));
    }
    contenders
}

fn contender(name: &'static str, verify: impl Fn(&[u8], &[u8]) -> bool + 'static) -> Contender {
    Contender {
        name,
        verify: Box::new(move |token: &Token| Answer::from(verify(token.message(), &token.signature))),
        unchecked: &[Bad::Expiry, Bad::Issuer, Bad::Audience, Bad::Type],
    }
}

fn aws_lc_rs(keys: &Keys) -> Contender {
    let name = "aws-lc-rs (signature alone)";
    let bytes = keys.public_bytes();
    let algorithm: &'static dyn aws::VerificationAlgorithm = match keys.algorithm() {
        Algorithm::EdDsa => &aws::ED25519,
        Algorithm::Es256 => &aws::ECDSA_P256_SHA256_FIXED,
        Algorithm::Rs256 => &aws::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Hs256 => {
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &bytes);
            return contender(name, move |message, tag| aws_lc_rs::hmac::verify(&key, message, tag).is_ok());
        }
    };
    let key = aws::UnparsedPublicKey::new(algorithm, bytes).parse().unwrap();
    contender(name, move |message, signature| key.verify_sig(message, signature).is_ok())
}

fn ring(keys: &Keys) -> Contender {
    let name = "ring (signature alone)";
    let bytes = keys.public_bytes();
    let algorithm: &'static dyn ring_signature::VerificationAlgorithm = match keys.algorithm() {
        Algorithm::EdDsa => &ring_signature::ED25519,
        Algorithm::Es256 => &ring_signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::Rs256 => &ring_signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Hs256 => {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &bytes);
            return contender(name, move |message, tag| ring::hmac::verify(&key, message, tag).is_ok());
        }
    };
    let key = ring_signature::UnparsedPublicKey::new(algorithm, bytes);
    contender(name, move |message, signature| key.verify(message, signature).is_ok())
}

fn dalek(
    keys: &Keys,
    name: &'static str,
    verify: fn(&VerifyingKey, &[u8], &ed25519_dalek::Signature) -> bool,
) -> Contender {
    let key = VerifyingKey::from_bytes(keys.public_bytes().as_slice().try_into().unwrap()).unwrap();
    contender(name, move |message, signature| {
        let signature = ed25519_dalek::Signature::from_slice(signature);
        signature.is_ok_and(|signature| verify(&key, message, &signature))
    })
}
