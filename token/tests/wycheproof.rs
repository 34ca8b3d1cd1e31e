//! Project Wycheproof's keys and signatures, put into tokens and taken through the public API.
//!
//! Wycheproof signs messages of its own, so none of its signatures, the valid ones neither, fits a token of ours:
//! whatever its length or its form, it must be refused as a signature that does not fit, and do no other harm. That the
//! check itself agrees with Wycheproof case by case is shown inside the crate, in `src/wycheproof.rs`.

#[cfg(test)]
#[path = "support/vectors.rs"]
mod vectors;

#[cfg(test)]
#[path = "support/wycheproof.rs"]
mod suites;

#[cfg(test)]
mod wrapped {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use hallpass_token::{Issuer, KeySet, KeySetError, Policy, UnixSeconds, Verifier, VerifyError};

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

    /// A token that is good in all but its signature, which is the given one.
    fn token_with(alg: &str, signature: &[u8]) -> String {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt"}}"#);
        let claims = format!(r#"{{"iss":"{ISSUER}","aud":"api","exp":{}}}"#, NOW + 300);
        let [header, claims, signature] =
            [header.as_bytes(), claims.as_bytes(), signature].map(Base64UrlUnpadded::encode_string);
        format!("{header}.{claims}.{signature}")
    }

    /// The ids of a group's cases, none of whose signatures fits a token.
    fn refused(alg: &str, group: &Group) -> Vec<usize> {
        let verifier = verifier(key_set(&group.keys).unwrap());
        let refusal = |id, token: &str| {
            assert_eq!(verifier.verify(token, now()), Err(VerifyError::Signature), "tcId {id}");
            id
        };
        group.cases.iter().map(|case| refusal(case.id, &token_with(alg, &case.signature))).collect()
    }

    #[test]
    fn every_key_is_read_and_no_foreign_signature_fits_a_token() {
        let (mut run, mut refused_keys) = (0, Vec::new());
        for suite in suites().unwrap() {
            let (short, read): (Vec<_>, Vec<_>) = suite.groups.iter().partition(|group| group.is_refused);
            let cases = read.into_iter().flat_map(|group| refused(suite.alg, group)).count();
            println!("{}: {cases} run", suite.name);
            run += cases;
            for group in short {
                assert_eq!(key_set(&group.keys).unwrap_err(), KeySetError::ShortSecret, "{}", suite.name);
                refused_keys.extend(group.cases.iter().map(|case| case.id));
            }
        }
        // The keys of these cases of HMAC have 128 bits (RFC 7518 §3.2 demands 256).
        assert_eq!((run, refused_keys), (2769, (163..=168).collect()));
    }

    /// Wycheproof gives no private keys, so that all of the above are refusals; that none is one of everything is shown by
    /// tokens of the vectors.
    #[test]
    fn a_good_token_by_each_algorithm_is_accepted() {
        for name in [
            "no kid means the one key there is",
            "a good token by a shared secret is accepted",
            "a good token by ES256 is accepted",
            "a good token by RS256 is accepted",
            "a good token by PS256 is accepted",
        ] {
            let (keys, token) = good_token(name);
            assert!(verifier(keys).verify(&token, now()).is_ok(), "{name}");
        }
    }
}
