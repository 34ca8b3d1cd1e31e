//! Project Wycheproof's keys and signatures in tokens, verified by the public API.
//!
//! Wycheproof signs its own messages, so none of its signatures is valid for a token: each must be refused as an
//! invalid signature, whatever its length or form. `src/wycheproof.rs` compares the verification with Wycheproof case
//! by case.

#[cfg(test)]
#[path = "support/vectors.rs"]
mod vectors;

#[cfg(test)]
#[path = "support/wycheproof.rs"]
mod suites;

#[cfg(test)]
mod wrapped {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use hallpass_token::{Hash, Issuer, KeySet, KeySetError, Policy, UnixSeconds, Verifier, VerifyError};

    use crate::{
        suites::{Group, suites},
        vectors::{good_token, key_set},
    };

    const ISSUER: &str = "https://auth.example";
    const NOW: u64 = 1_790_000_000;

    fn verifier(keys: KeySet) -> Verifier {
        Verifier::new(Policy::for_audience("api"), Issuer::named(ISSUER, keys))
    }

    fn now() -> UnixSeconds {
        UnixSeconds::new(NOW).unwrap()
    }

    /// A token that is valid except for the given signature.
    fn token_with(alg: &str, signature: &[u8]) -> String {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt"}}"#);
        let claims = format!(r#"{{"iss":"{ISSUER}","aud":"api","exp":{}}}"#, NOW + 300);
        let [header, claims, signature] =
            [header.as_bytes(), claims.as_bytes(), signature].map(Base64UrlUnpadded::encode_string);
        format!("{header}.{claims}.{signature}")
    }

    /// The ids of a group's cases, after a check that every signature is refused.
    fn refused(alg: &str, group: &Group) -> Vec<usize> {
        let verifier = verifier(key_set(&group.keys).unwrap());
        let refusal = |id, token: &str| {
            assert_eq!(verifier.verify(token, now()), Err(VerifyError::Signature), "tcId {id}");
            id
        };
        group.cases.iter().map(|case| refusal(case.id, &token_with(alg, &case.signature))).collect()
    }

    #[test]
    fn every_key_is_accepted_and_every_signature_is_refused() {
        let mut run = 0;
        let mut refused_keys = Vec::new();
        for suite in suites().unwrap() {
            let (short, read): (Vec<_>, Vec<_>) = suite.groups.iter().partition(|group| group.is_refused);
            let cases = read.into_iter().flat_map(|group| refused(suite.alg, group)).count();
            println!("{}: {cases} run", suite.name);
            run += cases;
            for group in short {
                let hash = Hash::of_hmac(suite.alg).unwrap();
                assert_eq!(key_set(&group.keys).unwrap_err(), KeySetError::ShortSecret(hash), "{}", suite.name);
                refused_keys.extend(group.cases.iter().map(|case| case.id));
            }
        }
        // The keys of these cases of each hash are shorter than the hash (RFC 7518 §3.2).
        assert_eq!((run, refused_keys), (5376, [163, 164, 165, 166, 167, 168].repeat(3)));
    }

    /// Wycheproof has no private keys, so the test above has only refusals. This one shows that not everything is
    /// refused.
    #[test]
    fn a_valid_token_of_each_algorithm_is_accepted() {
        for name in [
            "no kid means the one key there is",
            "a good token by a shared secret is accepted",
            "a good token by ES256 is accepted",
            "a good token by RS256 is accepted",
            "a good token by PS256 is accepted",
            "a good token by ES384 is accepted",
            "a good token by ES512 is accepted",
            "a good token by RS384 is accepted",
            "a good token by RS512 is accepted",
            "a good token by PS384 is accepted",
            "a good token by PS512 is accepted",
        ] {
            let (keys, token) = good_token(name);
            assert!(verifier(keys).verify(&token, now()).is_ok(), "{name}");
        }
    }
}
