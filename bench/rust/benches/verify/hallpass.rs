//! `hallpass-token`, the crate that is also compiled to wasm.

use hallpass_token::{Hash, Issuer, KeySet, Policy, UnixSeconds, VerifiedClaims, Verifier};
use serde_json::json;

use crate::clock::now;
use crate::keys::Keys;
use crate::tokens::{AUDIENCE, Claims, ISSUER, KID, Token};
use crate::{Answer, Contender};

/// With all claims deserialized into a type, as the peers do, and `verify` alone, which leaves them as JSON text.
pub(crate) fn contenders(keys: &Keys) -> [Contender; 2] {
    [
        contender("hallpass-token", keys, |claims| serde_json::from_str::<Claims>(claims.json()).is_ok()),
        contender("hallpass-token, verify alone", keys, |claims| claims.subject().is_some()),
    ]
}

fn contender(name: &'static str, keys: &Keys, read: fn(&VerifiedClaims) -> bool) -> Contender {
    let key_set = match keys.jwk() {
        None => KeySet::from_secret(&keys.public_bytes(), Hash::Sha256).unwrap(),
        Some(mut key) => {
            key["kid"] = json!(KID);
            KeySet::from_json(&json!({ "keys": [key] }).to_string()).unwrap()
        }
    };
    let verifier = Verifier::new(Policy::for_audience(AUDIENCE), Issuer::named(ISSUER, key_set));
    Contender { name, verify: Box::new(move |token: &Token| answer(&verifier, &token.text, read)), unchecked: &[] }
}

fn answer(verifier: &Verifier, token: &str, read: fn(&VerifiedClaims) -> bool) -> Answer {
    let now = UnixSeconds::new(now()).unwrap();
    match verifier.verify(token, now) {
        Ok(claims) => Answer::from(read(&claims)),
        // Every token here is signed with the only key, so the key or its algorithm is not supported.
        Err(refusal) if ["ERR_KEY_UNKNOWN", "ERR_ALG_NOT_ALLOWED"].contains(&refusal.code()) => Answer::NotSupported,
        Err(_) => Answer::Bad,
    }
}
