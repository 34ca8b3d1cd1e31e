//! Fuzzes `verify` after the signature: any header and claims, signed with a trusted key. A second implementation of
//! the policy, with another JSON parser, checks every accepted token.
#![no_main]

use std::sync::LazyLock;

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::{Signer as _, SigningKey};
use hallpass_token::{Hash, Issuer, KeySet, Policy, Signer, UnixSeconds, Verifier};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sha2::Sha256;

const SEED: [u8; 32] = [7; 32];
const ISSUER: &str = "https://auth.example";
const AUDIENCE: &str = "api";
const NOW: u64 = 1_790_000_000;
const LEEWAY: u64 = 5;
const MAX_TOKEN_AGE: u64 = 600;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_bytes(&SEED));
static PUBLIC: LazyLock<KeySet> = LazyLock::new(|| Signer::ed25519(&SEED).key_set().expect("a valid key"));
static SECRET: LazyLock<KeySet> = LazyLock::new(|| KeySet::from_secret(&SEED, Hash::Sha256).expect("a valid secret"));

/// The conditions of one input, each a bit of its first byte.
struct Case {
    with_secret: bool,
    checks_audience: bool,
    checks_type: bool,
    checks_age: bool,
    requires_sid: bool,
    flips_signature: bool,
}

fuzz_target!(|data: &[u8]| {
    let Some((bits, rest)) = data.split_first() else { return };
    let case = Case::from_bits(*bits);
    // No UTF-8 text contains 0xff, so it separates header and claims.
    let mut parts = rest.splitn(2, |byte| *byte == 0xff);
    let header = parts.next().unwrap_or_default();
    let claims = parts.next().unwrap_or_default();
    let verifier = case.verifier();
    let now = UnixSeconds::new(NOW).expect("a time in range");
    let accepted = verifier.verify(&case.token(header, claims), now);
    let _ = verifier.issuer_of(&case.token(header, claims));
    if let Ok(text) = std::str::from_utf8(rest) {
        assert!(verifier.verify(text, now).is_err(), "accepted an unsigned token");
    }
    if let Ok(verified) = accepted {
        assert_eq!(verified.json().as_bytes(), claims, "the claims are the signed ones");
        case.check(header, claims);
    }
});

impl Case {
    fn from_bits(bits: u8) -> Self {
        let bit = |index: u8| bits >> index & 1 == 1;
        Self {
            with_secret: bit(0),
            checks_audience: !bit(1),
            checks_type: !bit(2),
            checks_age: bit(3),
            requires_sid: bit(4),
            flips_signature: bit(5),
        }
    }

    fn verifier(&self) -> Verifier {
        let keys = if self.with_secret { SECRET.clone() } else { PUBLIC.clone() };
        let mut policy = Policy { leeway: LEEWAY, ..Policy::for_any_audience() };
        policy.audiences = self.checks_audience.then(|| vec![AUDIENCE.to_owned()]);
        policy.max_token_age = self.checks_age.then_some(MAX_TOKEN_AGE);
        policy.required_claims = if self.requires_sid { vec!["sid".to_owned()] } else { vec![] };
        if !self.checks_type {
            policy.types = None;
        }
        Verifier::new(policy, Issuer::named(ISSUER, keys))
    }

    fn token(&self, header: &[u8], claims: &[u8]) -> String {
        let encode = Base64UrlUnpadded::encode_string;
        let signing_input = format!("{}.{}", encode(header), encode(claims));
        let mut signature = if self.with_secret {
            let mac = Hmac::<Sha256>::new_from_slice(&SEED).expect("any length").chain_update(&signing_input);
            mac.finalize().into_bytes().to_vec()
        } else {
            KEY.sign(signing_input.as_bytes()).to_bytes().to_vec()
        };
        signature[claims.len() % 32] ^= u8::from(self.flips_signature);
        format!("{signing_input}.{}", encode(&signature))
    }

    /// Checks an accepted token with a second implementation of the policy.
    fn check(&self, header: &[u8], claims: &[u8]) {
        let read = |bytes: &[u8]| -> Value { serde_json::from_slice(bytes).expect("accepted segments are JSON") };
        let header = read(header);
        let claims = read(claims);
        let time = |name: &str| claims.get(name).map(|time| time.as_f64().expect("times are numbers"));
        let now = NOW as f64;
        assert!(!self.flips_signature, "accepted a wrong signature");
        assert!(header.get("crit").is_none());
        let alg = header["alg"].as_str().expect("alg is a string");
        assert!(if self.with_secret { alg == "HS256" } else { alg == "EdDSA" || alg == "Ed25519" }, "{alg}");
        assert!(header.get("kid").is_none_or(Value::is_string));
        if self.checks_type {
            let typ = header["typ"].as_str().expect("typ is a string").to_ascii_lowercase();
            assert!(typ == "at+jwt" || typ == "application/at+jwt", "{typ}");
        }
        assert_eq!(claims["iss"], ISSUER);
        let audience = &claims["aud"];
        let names_us =
            audience == AUDIENCE || audience.as_array().is_some_and(|all| all.iter().any(|each| each == AUDIENCE));
        assert!(names_us || !self.checks_audience);
        assert!(now < time("exp").expect("exp is there") + LEEWAY as f64);
        assert!(time("nbf").is_none_or(|nbf| nbf <= now + LEEWAY as f64));
        assert!(claims.get("sid").is_some() || !self.requires_sid);
        let iat = time("iat");
        if self.checks_age {
            let iat = iat.expect("iat is there");
            assert!(iat <= now + LEEWAY as f64 && now < iat + (MAX_TOKEN_AGE + LEEWAY) as f64);
        }
    }
}
