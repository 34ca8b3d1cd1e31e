//! Hallpass itself: the crate that is also compiled to wasm.

use hallpass_token::{Issuer, KeySet, Policy, UnixSeconds, Verifier};
use serde_json::json;

use crate::clock::now;
use crate::keys::Keys;
use crate::tokens::{AUDIENCE, ISSUER, KID, Token};
use crate::{Answer, Contender};

pub(crate) fn contender(keys: &Keys) -> Contender {
    let key_set = match keys.jwk() {
        None => KeySet::from_secret(&keys.public_bytes()).unwrap(),
        Some(mut key) => {
            key["kid"] = json!(KID);
            KeySet::from_json(&json!({ "keys": [key] }).to_string()).unwrap()
        }
    };
    let verifier = Verifier::new(Policy::for_audience(AUDIENCE), Issuer::named(ISSUER, key_set));
    Contender {
        name: "hallpass-token",
        verify: Box::new(move |token: &Token| answer(&verifier, &token.text)),
        unchecked: &[],
    }
}

fn answer(verifier: &Verifier, token: &str) -> Answer {
    let now = UnixSeconds::new(now()).unwrap();
    match verifier.verify(token, now) {
        Ok(claims) => Answer::from(claims.subject().is_some()),
        // Every token here is signed with the one key that there is: the key, or its algorithm, is not understood.
        Err(refusal) if ["ERR_KEY_UNKNOWN", "ERR_ALG_NOT_ALLOWED"].contains(&refusal.code()) => Answer::NotSupported,
        Err(_) => Answer::Bad,
    }
}
