//! Fuzzes key sets with any text, and checks that an accepted set contains no secret.
#![no_main]

use hallpass_token::{Issuer, KeySet, MAX_KEYS, MIN_SECRET_BYTES, Policy, UnixSeconds, Verifier};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

// A token for the key of RFC 8037 appendix A, which is in the seeds. Its `kid` is "a", and its signature is invalid.
const TOKEN: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImEifQ.e30.\
                     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fuzz_target!(|data: &[u8]| {
    assert_eq!(KeySet::from_secret(data).is_ok(), data.len() >= MIN_SECRET_BYTES);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(set) = KeySet::from_json(text) else { return };

    let json: Value = serde_json::from_str(text).expect("an accepted set is JSON");
    let keys = json["keys"].as_array().expect("an accepted set has keys");
    assert!(keys.len() <= MAX_KEYS);
    for key in keys {
        assert!(key["kty"] != "oct" && key.get("d").is_none() && key.get("k").is_none(), "a secret was accepted");
    }
    let verifier = Verifier::new(Policy::for_any_audience(), Issuer { name: None, keys: set });
    assert!(verifier.verify(TOKEN, UnixSeconds::EPOCH).is_err());
});
