//! `jsonwebtoken`, the most common crate. It does not check `typ`.

use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::{Algorithm as Alg, DecodingKey, Validation, decode};

use crate::keys::{Algorithm, Keys};
use crate::tokens::{AUDIENCE, Bad, Claims, ISSUER, Token};
use crate::{Answer, Contender};

pub(crate) fn contender(keys: &Keys) -> Contender {
    let encode = Base64UrlUnpadded::encode_string;
    let bytes = keys.public_bytes();
    let (alg, key) = match keys.algorithm() {
        Algorithm::EdDsa => (Alg::EdDSA, DecodingKey::from_ed_components(&encode(&bytes)).unwrap()),
        Algorithm::Es256 => {
            (Alg::ES256, DecodingKey::from_ec_components(&encode(&bytes[1..33]), &encode(&bytes[33..])).unwrap())
        }
        Algorithm::Rs256 => (Alg::RS256, DecodingKey::from_rsa_der(&bytes)),
        Algorithm::Hs256 => (Alg::HS256, DecodingKey::from_secret(&bytes)),
    };
    let mut validation = Validation::new(alg);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation.leeway = 0;
    Contender {
        name: "jsonwebtoken",
        verify: Box::new(move |token: &Token| Answer::from(decode::<Claims>(&token.text, &key, &validation).is_ok())),
        unchecked: &[Bad::Type],
    }
}
