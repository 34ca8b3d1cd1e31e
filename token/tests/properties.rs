//! Properties of every token: any change is refused, no input panics, and verified claims are the signed ones.
//!
//! The tests try every change of one token, and pseudorandom inputs with a fixed seed. The fuzz targets in `fuzz/`
//! search further.

#[cfg(test)]
#[path = "support/vectors.rs"]
mod vectors;

#[cfg(test)]
mod properties {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use ed25519_dalek::{Signer as _, SigningKey};
    use hallpass_token::{
        AccessClaims, Issuer, KeySet, Policy, Signer, UnixSeconds, VerifiedClaims, Verifier, VerifyError, decode,
        expires_at,
    };
    use serde_json::Value;

    use crate::vectors::good_token;

    const ISSUER: &str = "https://auth.example";
    const NOW: u64 = 1_790_000_000;

    fn signers() -> [Signer; 3] {
        [Signer::ed25519(&[7; 32]), Signer::hs256(&[7; 32]).unwrap(), Signer::es256(&[7; 32]).unwrap()]
    }

    /// Two valid tokens of one key, and their verifier.
    struct Sample {
        verifier: Verifier,
        tokens: [String; 2],
    }

    /// One sample per algorithm. The RSA samples come from the vectors, because the crate does not sign with RSA.
    fn samples() -> Vec<Sample> {
        let signed = signers().map(|signer| Sample {
            verifier: verifier_of(&signer),
            tokens: ["t1", "t2"].map(|id| token_of(&signer, "u1", id)),
        });
        let by_rsa = ["RS256", "PS256"].map(|alg| {
            let (keys, first) = good_token(&format!("a good token by {alg} is accepted"));
            let article = if alg == "RS256" { "an" } else { "a" };
            let (_, second) = good_token(&format!("{article} {alg} signature with a leading zero is accepted"));
            let verifier = Verifier::new(Policy::for_audience("api"), Issuer::named(ISSUER, keys));
            Sample { verifier, tokens: [first, second] }
        });
        let samples: Vec<_> = signed.into_iter().chain(by_rsa).collect();
        for Sample { verifier, tokens } in &samples {
            assert!(tokens.iter().all(|token| verify(verifier, token).is_ok()), "{tokens:?}");
        }
        samples
    }

    fn verifier_of(signer: &Signer) -> Verifier {
        Verifier::new(Policy::for_audience("api"), Issuer::named(ISSUER, signer.key_set().unwrap()))
    }

    fn verify(verifier: &Verifier, token: &str) -> Result<VerifiedClaims<'static>, VerifyError> {
        verifier.verify(token, UnixSeconds::new(NOW).unwrap())
    }

    fn claims_of<'a>(subject: &'a str, id: &'a str, roles: &'a [String]) -> AccessClaims<'a> {
        AccessClaims {
            iss: ISSUER,
            sub: subject,
            aud: "api",
            client_id: "hallpass",
            iat: NOW,
            exp: NOW + 300,
            jti: id,
            sid: "s1",
            username: subject,
            roles,
            custom: None,
        }
    }

    fn token_of(signer: &Signer, subject: &str, id: &str) -> String {
        signer.sign(&claims_of(subject, id, &[])).unwrap()
    }

    /// Pseudorandom numbers with a fixed seed (xorshift64, Marsaglia 2003).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).unwrap() % end
        }

        fn choose<'a>(&mut self, choices: &[&'a str]) -> &'a str {
            choices[self.below(choices.len())]
        }

        fn text(&mut self, parts: &[&str], max: usize) -> String {
            (0..self.below(max + 1)).map(|_| self.choose(parts)).collect()
        }
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        for Sample { verifier, tokens: [token, _] } in samples() {
            for bit in 0..token.len() * 8 {
                let mut bytes = token.clone().into_bytes();
                bytes[bit / 8] ^= 1 << (bit % 8);
                let changed = String::from_utf8_lossy(&bytes);
                assert!(verify(&verifier, &changed).is_err(), "bit {bit} of {token}");
            }
        }
    }

    #[test]
    fn every_truncation_deletion_and_insertion_is_refused() {
        for Sample { verifier, tokens: [token, _] } in samples() {
            for index in 0..token.len() {
                let (before, after) = token.split_at(index);
                assert!(verify(&verifier, before).is_err(), "the first {index} bytes of {token}");
                assert!(index == 0 || verify(&verifier, after).is_err(), "without the first {index} bytes of {token}");
                let without = [before, &after[1..]].concat();
                assert!(verify(&verifier, &without).is_err(), "without byte {index} of {token}");
                for added in [".", "A", "=", "\n", "\0", "é"] {
                    let with = [before, added, after].concat();
                    assert!(verify(&verifier, &with).is_err(), "{added:?} before byte {index} of {token}");
                }
            }
        }
    }

    #[test]
    fn every_splice_of_two_valid_tokens_is_refused() {
        for Sample { verifier, tokens } in samples() {
            let [first, second] = &tokens;
            // Two RSA tokens have 300,000 splices; the test tries every 29th.
            let step = if first.len() > 500 { 29 } else { 1 };
            for end in 0..=first.len() {
                for start in (0..=second.len()).rev().step_by(step) {
                    let spliced = [&first[..end], &second[start..]].concat();
                    let is_whole = tokens.contains(&spliced);
                    assert_eq!(
                        verify(&verifier, &spliced).is_ok(),
                        is_whole,
                        "{end} bytes of {first}, from {start} of {second}"
                    );
                }
            }
        }
    }

    #[test]
    fn segments_of_different_tokens_never_make_a_valid_one() {
        let other_key = Signer::ed25519(&[8; 32]);
        let tokens: Vec<_> = signers()
            .iter()
            .chain([&other_key])
            .flat_map(|signer| ["u1", "u2"].map(|subject| token_of(signer, subject, "t1")))
            .collect();
        let segments: Vec<Vec<_>> = tokens.iter().map(|token| token.split('.').collect()).collect();
        let verifiers = signers().map(|signer| verifier_of(&signer));
        let mut accepted = 0;
        for [header, claims, signature] in
            segments.iter().flat_map(|a| segments.iter().flat_map(|b| segments.iter().map(|c| [a[0], b[1], c[2]])))
        {
            let mixed = [header, claims, signature].join(".");
            for verifier in &verifiers {
                let is_accepted = verify(verifier, &mixed).is_ok();
                assert!(!is_accepted || tokens.contains(&mixed), "{mixed}");
                accepted += usize::from(is_accepted);
            }
        }
        assert!(accepted >= 6, "the valid tokens were not tried");
    }

    #[test]
    fn no_text_panics() {
        let parts = [
            ".",
            "e30",
            "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9",
            "eyJleHAiOjE3OTAwMDAzMDB9",
            "AQ",
            "A",
            "=",
            "-_",
            "\u{feff}",
            "é",
            "\u{10ffff}",
            "\0",
            "\n",
            "{",
            "}",
            "[",
            "]",
            "\"",
            ":",
            ",",
            "\\ud800",
            "\\u0000",
            "1e400",
            "-0",
            "18446744073709551616",
            "\"keys\"",
            "\"kty\"",
            "\"OKP\"",
            "\"crv\"",
            "\"Ed25519\"",
            "\"x\"",
            "\"EC\"",
            "\"P-256\"",
            "\"y\"",
            "\"RSA\"",
            "\"n\"",
            "\"e\"",
            "\"AQAB\"",
            "\"exp\"",
            "null",
        ];
        let verifiers = signers().map(|signer| verifier_of(&signer));
        let mut numbers = Numbers(0x5eed);
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..numbers.below(64)).map(|_| numbers.below(256).to_le_bytes()[0]).collect();
            let in_segments =
                [&bytes[..], numbers.text(&parts, 40).as_bytes()].map(Base64UrlUnpadded::encode_string).join(".");
            for text in
                [String::from_utf8_lossy(&bytes).into_owned(), numbers.text(&parts, 40), format!("{in_segments}.AQ")]
            {
                let _ = (decode(&text), expires_at(&text), KeySet::from_json(&text));
                assert!(
                    verifiers
                        .iter()
                        .all(|verifier| verify(verifier, &text).is_err() && verifier.issuer_of(&text).is_err())
                );
            }
        }
    }

    #[test]
    fn verified_claims_are_exactly_the_signed_ones() {
        let parts =
            ["a", "\"", "\\", "\n", "\0", "é", "\u{2028}", "\u{10ffff}", "</script>", "{\"sub\":\"root\"}", ".", " "];
        let mut numbers = Numbers(0xc1a1);
        for _ in 0..200 {
            let [subject, id] = [(); 2].map(|()| numbers.text(&parts, 12));
            let roles: Vec<_> = (0..numbers.below(4)).map(|_| numbers.text(&parts, 4)).collect();
            let claims = claims_of(&subject, &id, &roles);
            for signer in signers() {
                let verified = verify(&verifier_of(&signer), &signer.sign(&claims).unwrap()).unwrap();
                assert_eq!(verified.json(), serde_json::to_string(&claims).unwrap());
                assert_eq!(verified.subject().as_deref(), Some(&*subject));
                assert_eq!(verified.claim("jti"), Some(Value::from(id.as_str())));
                assert_eq!(verified.expires_at().seconds(), NOW + 300);
            }
        }
    }

    #[test]
    fn verified_claims_keep_the_white_space_escapes_and_order_of_the_token() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let verifier = verifier_of(&Signer::ed25519(&[7; 32]));
        let spaces = ["", " ", "\n", "\t  ", "\r\n"];
        let mut numbers = Numbers(0x0de5);
        for _ in 0..200 {
            let mut members = vec![
                r#""iss":"https:\/\/auth.example""#,
                r#""\u0061ud":["web","\u0061pi"]"#,
                r#""exp":1790000300"#,
                r#""é":1.50"#,
            ];
            let mut text = "{".to_owned();
            while !members.is_empty() {
                let member = members.swap_remove(numbers.below(members.len()));
                let comma = if members.is_empty() { "" } else { "," };
                text += &[numbers.choose(&spaces), member, numbers.choose(&spaces), comma].concat();
            }
            text += "}";
            let [header, claims] = [r#"{"alg":"EdDSA","typ":"at+jwt"}"#, &text]
                .map(|part| Base64UrlUnpadded::encode_string(part.as_bytes()));
            let signing_input = format!("{header}.{claims}");
            let signature = Base64UrlUnpadded::encode_string(&key.sign(signing_input.as_bytes()).to_bytes());
            assert_eq!(verify(&verifier, &format!("{signing_input}.{signature}")).unwrap().json(), text);
        }
    }
}
