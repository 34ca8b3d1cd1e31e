//! Project Wycheproof's cases for the verification of signatures.
//!
//! Its messages are not tokens, so this test calls the crate's internal function; `tests/wycheproof.rs` puts its keys
//! and signatures into tokens.

mod json_web;
#[path = "../tests/support/wycheproof.rs"]
mod suites;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use crate::{Hash, KeySet};
use suites::{Suite, suites};

/// A suite's result: the number of cases, the number that agreed with Wycheproof, and the ids of the others.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    run: usize,
    agreed: usize,
    differing: Vec<usize>,
}

fn outcome(suite: &Suite) -> Outcome {
    let mut outcome = Outcome::default();
    for group in &suite.groups {
        let keys = read(&group.keys);
        for case in &group.cases {
            let key = keys.as_ref().and_then(|keys| keys.keys().first());
            let is_accepted = key.is_some_and(|key| key.verify(&case.message, &case.signature));
            outcome.run += 1;
            if is_accepted == case.is_valid {
                outcome.agreed += 1;
            } else {
                outcome.differing.push(case.id);
            }
        }
    }
    outcome
}

fn read(keys: &Value) -> Option<KeySet> {
    match keys["secret"].as_str() {
        Some(secret) => KeySet::from_secret(&Base64UrlUnpadded::decode_vec(secret).unwrap(), hash_of(keys)).ok(),
        None => KeySet::from_json(&keys.to_string()).ok(),
    }
}

fn hash_of(secret: &Value) -> Hash {
    Hash::of_hmac(secret["alg"].as_str().unwrap()).unwrap()
}

#[test]
fn every_case_agrees_with_wycheproof_except_the_listed_ones() {
    let mut runs = Vec::new();
    for suite in suites().unwrap() {
        let outcome = outcome(&suite);
        let listed: Vec<_> = suite.differing.iter().flat_map(|ids| ids.first..=ids.last).collect();
        assert_eq!(outcome.differing, listed, "{}", suite.name);
        println!("{}: {} run, {} agreed, differing: {:?}", suite.name, outcome.run, outcome.agreed, suite.differing);
        runs.push((outcome.run, outcome.agreed));
    }
    let hmac = [(174, 138); 3];
    let rsa_pkcs1 = [(259, 258), (259, 258), (258, 257), (258, 257), (258, 257), (259, 258), (259, 258), (259, 258)];
    let ecdsa = [(262, 262), (280, 280), (318, 318)];
    let rsa_pss = [(108, 108); 5];
    let rsa_pss_other_parameters = [(103, 41), (103, 41), (108, 45), (150, 1), (150, 1)];
    let rsa_pss_other_hashes = [(141, 141), (141, 141), (179, 179), (177, 45)];
    let ed25519 = [(151, 151)];
    let expected: [&[_]; 7] =
        [&hmac, &rsa_pkcs1, &ecdsa, &rsa_pss, &rsa_pss_other_parameters, &rsa_pss_other_hashes, &ed25519];
    assert_eq!(runs, expected.concat());
}
