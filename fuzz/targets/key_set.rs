//! Fuzzes key sets with any text, and checks that an accepted set contains no secret.
#![no_main]

use hallpass_token::{Hash, Issuer, KeySet, MAX_KEYS, Policy, UnixSeconds, Verifier};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

// A token for the key of RFC 8037 appendix A, which is in the seeds. Its `kid` is "a", and its signature is invalid.
const TOKEN: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImEifQ.e30.\
                     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fuzz_target!(|data: &[u8]| {
    for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        assert_eq!(KeySet::from_secret(data, hash).is_ok(), data.len() >= hash.bytes());
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(set) = KeySet::from_json(text) else { return };

    let json: Value = serde_json::from_str(text).expect("an accepted set is JSON");
    let keys = json["keys"].as_array().expect("an accepted set has keys");
    assert!(keys.len() <= MAX_KEYS);
    for (index, key) in keys.iter().enumerate() {
        let is_set = |name| key.get(name).is_some_and(|value| !value.is_null() && value != "");
        let is_secret = key["kty"] == "oct" || is_set("d") || is_set("k");
        let is_skipped = set.skipped().iter().any(|skipped| skipped.index == index);
        assert!(is_skipped || !is_secret, "a secret was accepted");
    }
    let verifier = Verifier::new(Policy::for_any_audience(), Issuer { name: None, keys: set });
    assert!(verifier.verify(TOKEN, UnixSeconds::EPOCH).is_err());
});
