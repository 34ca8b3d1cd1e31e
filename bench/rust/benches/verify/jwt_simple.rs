//! `jwt-simple`.

use std::collections::HashSet;

use jwt_simple::prelude::{
    Duration, ECDSAP256PublicKeyLike, ES256PublicKey, Ed25519PublicKey, EdDSAPublicKeyLike, HS256Key, MACLike,
    RS256PublicKey, RSAPublicKeyLike, VerificationOptions,
};

use crate::keys::{Algorithm, Keys};
use crate::tokens::{AUDIENCE, ISSUER, OwnClaims, Token};
use crate::{Answer, Contender};

pub(crate) fn contender(keys: &Keys) -> Contender {
    let bytes = keys.public_bytes();
    Contender {
        name: "jwt-simple",
        verify: match keys.algorithm() {
            Algorithm::EdDsa => {
                let key = Ed25519PublicKey::from_bytes(&bytes).unwrap();
                with_options(move |token, options| key.verify_token::<OwnClaims>(token, Some(options)).is_ok())
            }
            Algorithm::Es256 => {
                let key = ES256PublicKey::from_bytes(&bytes).unwrap();
                with_options(move |token, options| key.verify_token::<OwnClaims>(token, Some(options)).is_ok())
            }
            Algorithm::Rs256 => {
                let key = RS256PublicKey::from_der(&bytes).unwrap();
                with_options(move |token, options| key.verify_token::<OwnClaims>(token, Some(options)).is_ok())
            }
            Algorithm::Hs256 => {
                let key = HS256Key::from_bytes(&bytes);
                with_options(move |token, options| key.verify_token::<OwnClaims>(token, Some(options)).is_ok())
            }
        },
        unchecked: &[],
    }
}

/// It takes its options by value at each call, so each call creates them.
fn with_options(verify: impl Fn(&str, VerificationOptions) -> bool + 'static) -> Box<dyn Fn(&Token) -> Answer> {
    let options = VerificationOptions {
        allowed_issuers: Some(HashSet::from([ISSUER.to_owned()])),
        allowed_audiences: Some(HashSet::from([AUDIENCE.to_owned()])),
        required_signature_type: Some("at+jwt".to_owned()),
        time_tolerance: Some(Duration::from_secs(0)),
        ..VerificationOptions::default()
    };
    Box::new(move |token| Answer::from(verify(&token.text, options.clone())))
}
