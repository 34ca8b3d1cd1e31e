//! Project Wycheproof's JSON Web Signatures and Keys: signed texts that are no claims, so this test calls the crate's internal
//! functions up to the signature.

use serde_json::{Value, json};

use crate::{KeySet, MAX_TOKEN_BYTES, Policy, Workspace, compact::Segments, header::Header};

/// Cases with another result than Wycheproof's: their ids and the reason.
type Differing = &'static [(&'static [u64], &'static str)];

const SIGNATURE: Differing = &[
    (&[263, 267, 271, 275, 323, 328], "the signed text is not UTF-8, which claims must be (RFC 7519 §3)"),
    (&[346, 350], "the key is for PS256, and the token says PS384 (RFC 8725 §3.1)"),
    (&[347, 351], "the key is for `ES521`, which is no algorithm: its name is `ES512` (RFC 7518 §3.4)"),
    (&[367, 370], "the token has no padding: it is the valid one of its group"),
    (&[372, 373], "a character that is not in the alphabet is an error (RFC 7515 §2, RFC 4648 §3.3)"),
];
const MIXED: &str =
    "secrets beside public keys are allowed in the verifier's own configuration; a fetched set skips them";
const ROCA: &str = "the key is weak (CVE-2017-15361): a verifier uses the keys that the issuer chose";
const KEY: Differing =
    &[(&[1], MIXED), (&[4], "the second key of the `kid` has a stray bit in its `k`, and is skipped"), (&[7], ROCA)];
const CRYPTO: Differing = &[(&[46], ROCA), (&[47], MIXED)];

/// The files, in `token/tests/wycheproof/`.
const SUITES: [(&str, &str, Differing); 3] = [
    ("signature", include_str!("../../tests/wycheproof/json_web_signature_test.json"), SIGNATURE),
    ("key", include_str!("../../tests/wycheproof/json_web_key_test.json"), KEY),
    ("crypto", include_str!("../../tests/wycheproof/json_web_crypto_test.json"), CRYPTO),
];

#[test]
fn every_json_web_signature_agrees_with_wycheproof_except_the_listed_ones() {
    for (name, text, listed) in SUITES {
        let suite: Value = serde_json::from_str(text).unwrap();
        let mut run = 0;
        let mut differing = Vec::new();
        for group in suite["testGroups"].as_array().unwrap() {
            let key = group.get("public").unwrap_or(&group["private"]);
            let keys = if key.get("keys").is_some() { key.clone() } else { json!({ "keys": [key] }) };
            for test in group["tests"].as_array().unwrap() {
                // The others are encrypted.
                let Some(token) = test["jws"].as_str() else { continue };
                run += 1;
                if is_accepted(&keys, token) != (test["result"] == "valid") {
                    differing.push(test["tcId"].as_u64().unwrap());
                }
            }
        }
        println!("json_web_{name}: {run} run, differing: {listed:?}");
        let mut expected: Vec<u64> = listed.iter().flat_map(|(ids, _)| ids.iter().copied()).collect();
        expected.sort_unstable();
        assert_eq!(differing, expected, "json_web_{name}");
    }
}

/// Whether a key of the set has signed the token, with the header that the crate requires of every token.
fn is_accepted(keys: &Value, token: &str) -> bool {
    let Ok(keys) = KeySet::from_json_with_secrets(&keys.to_string()) else { return false };
    let policy = Policy { types: None, ..Policy::for_any_audience() };
    let mut workspace = Workspace::new();
    let Ok(token) = Segments::of(token, MAX_TOKEN_BYTES).and_then(|segments| segments.decode(&mut workspace)) else {
        return false;
    };
    let Ok(header) = Header::read(token.header).and_then(|header| header.check(&policy)) else { return false };
    let Ok(candidates) = keys.candidates(&header) else { return false };
    candidates.iter().any(|key| key.verify(token.signing_input.as_bytes(), token.signature))
}
