//! Accepted and refused tokens.

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

use super::*;
use crate::{AccessClaims, Hash, KeySet, Signer};

const NOW: u64 = 1_790_000_000;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn token_of(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let signing_input = format!("{}.{}", encode(header), encode(claims));
    let signature = key().sign(signing_input.as_bytes());
    format!("{signing_input}.{}", Base64UrlUnpadded::encode_string(&signature.to_bytes()))
}

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"})
}

fn claims() -> Value {
    json!({"iss": "https://auth.example", "aud": "api", "sub": "u1", "sid": "s1", "iat": NOW, "exp": NOW + 300})
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

fn keys_of(key: &SigningKey) -> KeySet {
    let x = Base64UrlUnpadded::encode_string(key.verifying_key().as_bytes());
    let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x}]});
    KeySet::from_json(&keys.to_string()).unwrap()
}

fn issuer() -> Issuer {
    Issuer::named("https://auth.example", keys_of(&key()))
}

fn verifier(leeway: u64) -> Verifier {
    Verifier::new(Policy { leeway, ..Policy::for_audience("api") }, issuer())
}

fn code_under(policy: Policy, claims: &Value) -> String {
    let now = UnixSeconds::new(NOW).unwrap();
    let result = Verifier::new(policy, issuer()).verify(&token_of(&header(), claims), now);
    result.map_or_else(|error| format!("{} {}", error.code(), error.claim().unwrap_or_default()), |_| "accepted".into())
}

fn verify_at(token: &str, now: u64) -> Result<VerifiedClaims<'static>, VerifyError> {
    verifier(0).verify(token, UnixSeconds::new(now).unwrap())
}

fn code(header: &Value, claims: &Value) -> &'static str {
    verify_at(&token_of(header, claims), NOW).map_or_else(|error| error.code(), |_| "accepted")
}

#[test]
fn a_valid_token_is_accepted_and_its_claims_are_returned() {
    let verified = verify_at(&token_of(&header(), &claims()), NOW).unwrap();
    assert_eq!(verified.subject().as_deref(), Some("u1"));
    assert_eq!(verified.session_id().as_deref(), Some("s1"));
    assert_eq!(verified.expires_at().seconds(), NOW + 300);
    assert_eq!(verified.json(), claims().to_string());
    for name in ["iss", "iat"] {
        assert_eq!(verified.claim(name).as_ref(), claims().get(name));
    }
    assert_eq!(verified.claim("tenant"), None);
}

#[test]
fn a_token_expires_at_exp_plus_leeway() {
    let token = token_of(&header(), &claims());
    let at = |leeway, now| verifier(leeway).verify(&token, UnixSeconds::new(now).unwrap()).map(|_| ());
    assert_eq!(at(0, NOW + 299), Ok(()));
    assert_eq!(at(0, NOW + 300), Err(VerifyError::Expired));
    assert_eq!(at(5, NOW + 304), Ok(()));
    assert_eq!(at(5, NOW + 305), Err(VerifyError::Expired));
}

#[test]
fn a_token_beyond_the_maximum_age_is_refused() {
    let policy = |age, leeway| Policy { max_token_age: Some(age), leeway, ..Policy::for_audience("api") };
    let issued = |iat: u64| with(claims(), "iat", json!(iat));
    assert_eq!(code_under(policy(60, 0), &issued(NOW - 59)), "accepted");
    assert_eq!(code_under(policy(60, 0), &issued(NOW - 60)), "ERR_TOKEN_TOO_OLD iat");
    assert_eq!(code_under(policy(60, 5), &issued(NOW - 64)), "accepted");
    assert_eq!(code_under(policy(60, 5), &issued(NOW + 5)), "accepted");
    assert_eq!(code_under(policy(60, 5), &issued(NOW + 6)), "ERR_CLAIM_INVALID iat");
    assert_eq!(code_under(policy(60, 0), &without(claims(), "iat")), "ERR_CLAIM_INVALID iat");
    assert_eq!(code_under(Policy::for_audience("api"), &without(claims(), "iat")), "accepted");
}

#[test]
fn a_missing_required_claim_is_refused() {
    let policy = Policy { required_claims: vec!["sid".into(), "tenant".into()], ..Policy::for_audience("api") };
    assert_eq!(code_under(policy.clone(), &claims()), "ERR_CLAIM_INVALID tenant");
    assert_eq!(code_under(policy, &with(claims(), "tenant", json!(null))), "accepted");
}

#[test]
fn a_key_of_one_issuer_never_verifies_a_token_of_another() {
    let other_key = SigningKey::from_bytes(&[8; 32]);
    let other = Issuer::named("https://other.example", keys_of(&other_key));
    let mut verifier = verifier(0);
    verifier.add_issuer(other).unwrap();
    let code = |iss: Value| {
        let token = token_of(&header(), &with(claims(), "iss", iss));
        verifier.verify(&token, UnixSeconds::new(NOW).unwrap()).map_or_else(|error| error.code(), |_| "accepted")
    };
    let index = |iss: &str| verifier.issuer_of(&token_of(&header(), &with(claims(), "iss", json!(iss))));
    assert_eq!(index("https://auth.example"), Ok(0));
    assert_eq!(index("https://other.example"), Ok(1));
    assert_eq!(index("https://third.example").unwrap_err().claim(), Some("iss"));
    assert_eq!(code(json!("https://auth.example")), "accepted");
    assert_eq!(code(json!("https://other.example")), "ERR_SIGNATURE_INVALID");
    assert_eq!(code(json!("https://third.example")), "ERR_CLAIM_INVALID");
    assert_eq!(code(json!(["https://auth.example"])), "ERR_CLAIM_INVALID");
}

#[test]
fn issuers_must_have_unique_names() {
    let nameless = Issuer { name: None, ..issuer() };
    let add = |first: &Issuer, second: &Issuer| {
        Verifier::new(Policy::for_audience("api"), first.clone()).add_issuer(second.clone())
    };
    assert_eq!(add(&issuer(), &issuer()), Err(AmbiguousIssuers));
    assert_eq!(add(&issuer(), &nameless), Err(AmbiguousIssuers));
    assert_eq!(add(&nameless, &issuer()), Err(AmbiguousIssuers));
    let without_issuers = Verifier::without_issuers(Policy::for_audience("api"));
    let refusal = without_issuers.verify(&token_of(&header(), &claims()), UnixSeconds::new(NOW).unwrap()).unwrap_err();
    assert_eq!(refusal.claim(), Some("iss"));
}

#[test]
fn a_token_is_not_valid_before_its_nbf() {
    let token = token_of(&header(), &with(claims(), "nbf", json!(NOW + 10)));
    assert_eq!(verify_at(&token, NOW + 9), Err(VerifyError::NotYetValid));
    assert!(verify_at(&token, NOW + 10).is_ok());
}

#[test]
fn an_unaccepted_header_is_refused() {
    let changed = |name, value| code(&with(header(), name, value), &claims());
    assert_eq!(changed("alg", json!("none")), "ERR_ALG_NOT_ALLOWED");
    assert_eq!(changed("alg", json!("HS256")), "ERR_ALG_NOT_ALLOWED");
    assert_eq!(changed("alg", json!("RS256")), "ERR_ALG_NOT_ALLOWED");
    assert_eq!(changed("alg", json!("eddsa")), "ERR_ALG_NOT_ALLOWED");
    assert_eq!(changed("alg", json!(["EdDSA"])), "ERR_ALG_NOT_ALLOWED");
    assert_eq!(changed("alg", json!("Ed25519")), "accepted");
    assert_eq!(changed("typ", json!("JWT")), "ERR_TYP_NOT_ACCEPTED");
    assert_eq!(changed("typ", json!("application/at+jwt")), "accepted");
    assert_eq!(changed("crit", json!([])), "ERR_CRIT_NOT_SUPPORTED");
    assert_eq!(changed("kid", json!(1)), "ERR_KID_INVALID");
    assert_eq!(changed("kid", json!("k2")), "ERR_KEY_UNKNOWN");
    assert_eq!(changed("jwk", json!({"kty": "OKP"})), "accepted");
    assert_eq!(code(&without(header(), "typ"), &claims()), "ERR_TYP_NOT_ACCEPTED");
    assert_eq!(code(&without(header(), "alg"), &claims()), "ERR_ALG_NOT_ALLOWED");
    assert_eq!(code(&without(header(), "kid"), &claims()), "accepted");
}

#[test]
fn a_token_is_verified_only_by_its_key_s_algorithm() {
    let now = UnixSeconds::new(NOW).unwrap();
    let public = key().verifying_key();
    // The classic confusion: the public key as an HMAC secret.
    let confused = Signer::hs256(public.as_bytes()).unwrap();
    let forged = confused.sign(&access_claims()).unwrap();
    let message = |verifier: &Verifier, token: &str| verifier.verify(token, now).unwrap_err().to_string();
    assert_eq!(
        message(&verifier(0), &forged),
        r#"the header's `alg` must be that of the key: expected "EdDSA", found "HS256""#
    );
    let secret = Issuer::named("https://auth.example", KeySet::from_secret(&[5; 32], Hash::Sha256).unwrap());
    let by_secret = Verifier::new(Policy::for_audience("api"), secret);
    let signed = token_of(&without(header(), "kid"), &claims());
    assert_eq!(
        message(&by_secret, &signed),
        r#"the header's `alg` must be that of the key: expected "HS256", found "EdDSA""#
    );
    let good = Signer::hs256(&[5; 32]).unwrap().sign(&access_claims()).unwrap();
    assert!(by_secret.verify(&good, now).is_ok());
    assert_eq!(by_secret.verify(&forged, now), Err(VerifyError::Signature));
}

fn access_claims() -> AccessClaims<'static> {
    AccessClaims {
        iss: "https://auth.example",
        sub: "u1",
        aud: "api",
        client_id: "hallpass",
        iat: NOW,
        exp: NOW + 300,
        jti: "t1",
        sid: "s1",
        username: "exampleUser",
        roles: &[],
        custom: None,
    }
}

#[test]
fn the_error_names_the_claim_that_violates_the_policy() {
    let fault = |claims: Value| {
        let error = verify_at(&token_of(&header(), &claims), NOW).unwrap_err();
        error.claim().unwrap_or_default().to_owned()
    };
    assert_eq!(fault(without(claims(), "exp")), "exp");
    assert_eq!(fault(with(claims(), "exp", json!("1790000300"))), "exp");
    assert_eq!(fault(with(claims(), "iat", json!("now"))), "iat");
    assert_eq!(fault(with(claims(), "nbf", json!(null))), "nbf");
    assert_eq!(fault(with(claims(), "iss", json!("https://evil.example"))), "iss");
    assert_eq!(fault(with(claims(), "aud", json!("web"))), "aud");
}

#[test]
fn the_message_names_the_expected_value_and_the_token_s() {
    let message = |header: &Value, claims: &Value| verify_at(&token_of(header, claims), NOW).unwrap_err().to_string();
    let of_claim = |name, value| message(&header(), &with(claims(), name, value));
    let of_header = |name, value| message(&with(header(), name, value), &claims());
    assert_eq!(
        of_claim("iss", json!("https://evil.example\n")),
        "the claim `iss` is not the expected issuer: expected \"https://auth.example\", found \"https://evil.example\u{fffd}\""
    );
    assert_eq!(
        of_claim("aud", json!(["web", "mobile"])),
        r#"the claim `aud` does not contain the expected audience: expected "api", found "web", "mobile""#
    );
    assert_eq!(
        of_claim("aud", json!("web")),
        r#"the claim `aud` does not contain the expected audience: expected "api", found "web""#
    );
    assert_eq!(
        of_header("typ", json!("JWT")),
        r#"the header's `typ` must be an accepted type: expected "at+jwt", found "JWT""#
    );
    assert_eq!(
        of_header("typ", json!(7)),
        r#"the header's `typ` must be an accepted type: expected "at+jwt", found no string"#
    );
    assert_eq!(of_header("alg", json!("none")), r#"the header's `alg` is not supported: "none""#);
    assert_eq!(of_header("alg", json!(7)), "the header's `alg` must be a string");
    let long = of_claim("iss", json!("x".repeat(5000)));
    assert!(long.len() < 250, "{long}");
}

#[test]
fn every_flipped_bit_and_every_truncation_is_refused() {
    let token = token_of(&header(), &claims());
    for index in 0..token.len() {
        assert!(verify_at(&token[..index], NOW).is_err(), "cut at {index}");
        for bit in 0..7 {
            let mut bytes = token.clone().into_bytes();
            bytes[index] ^= 1 << bit;
            let mangled = String::from_utf8(bytes).unwrap();
            assert!(verify_at(&mangled, NOW).is_err(), "bit {bit} of {index}");
        }
    }
}

#[test]
fn the_first_of_several_errors_is_reported() {
    let expired_by_another = with(with(claims(), "exp", json!(1)), "iss", json!("x"));
    let unknown_key = with(header(), "kid", json!("k2"));
    assert_eq!(code(&unknown_key, &expired_by_another), "ERR_KEY_UNKNOWN");
    let unsigned = format!("{}AA", token_of(&header(), &expired_by_another));
    assert_eq!(verify_at(&unsigned, NOW), Err(VerifyError::Signature));
}
