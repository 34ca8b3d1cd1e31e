//! The one function that turns text into trust.

use jwt_compact::{Algorithm, AlgorithmSignature};
use serde_json::{Map, Value};

use crate::{
    KeySet, UnixSeconds, VerifiedClaims, VerifyError,
    claims::{check_audience, check_issuer, time_claim},
    compact::CompactToken,
    ed25519::{Ed25519Signature, Ed25519Strict},
};

/// What a token must be to be accepted, besides well signed and in date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The issuer that `iss` must name; `None` says: on purpose not checked.
    pub issuer: Option<String>,
    /// The audience that `aud` must contain; `None` says: on purpose not checked.
    pub audience: Option<String>,
    /// How many seconds the clocks of issuer and verifier may differ.
    pub leeway: u64,
}

/// Checks tokens against a policy and a key set.
#[derive(Clone, Debug)]
pub struct Verifier {
    policy: Policy,
    keys: KeySet,
}

impl Verifier {
    /// A verifier that accepts tokens that fit `policy` and are signed by one of `keys`.
    #[must_use]
    pub const fn new(policy: Policy, keys: KeySet) -> Self {
        Self { policy, keys }
    }

    /// Verifies `token` at the time `now`: structure, header, key, signature, claims, in this order.
    pub fn verify(&self, token: &str, now: UnixSeconds) -> Result<VerifiedClaims, VerifyError> {
        let token = CompactToken::parse(token)?;
        self.check_signature(&token)?;
        let expires_at = self.check_claims(&token.claims.members, now)?;
        Ok(VerifiedClaims::new(token.claims.text, token.claims.members, expires_at))
    }

    fn check_signature(&self, token: &CompactToken<'_>) -> Result<(), VerifyError> {
        let kid = check_header(&token.header.members)?;
        let key = self.keys.find(kid).ok_or(VerifyError::KeyUnknown)?;
        let signature = Ed25519Signature::try_from_slice(&token.signature).map_err(|_| VerifyError::Signature)?;
        if Ed25519Strict.verify_signature(&signature, key, token.signing_input.as_bytes()) {
            Ok(())
        } else {
            Err(VerifyError::Signature)
        }
    }

    fn check_claims(&self, claims: &Map<String, Value>, now: UnixSeconds) -> Result<UnixSeconds, VerifyError> {
        let exp = time_claim("exp", claims.get("exp"))?;
        let exp = exp.ok_or(VerifyError::Claim { claim: "exp", reason: "is missing" })?;
        let nbf = time_claim("nbf", claims.get("nbf"))?;
        time_claim("iat", claims.get("iat"))?;
        check_issuer(claims.get("iss"), self.policy.issuer.as_deref())?;
        check_audience(claims.get("aud"), self.policy.audience.as_deref())?;
        let leeway = self.policy.leeway;
        if now.seconds() >= exp.seconds().saturating_add(leeway) {
            return Err(VerifyError::Expired);
        }
        if nbf.is_some_and(|nbf| now.seconds().saturating_add(leeway) < nbf.seconds()) {
            return Err(VerifyError::NotYetValid);
        }
        Ok(exp)
    }
}

/// Checks the header and returns its `kid`. Keys that the header itself brings or points to (`jwk`, `jku`, `x5c`,
/// `x5u`) are not looked at: whoever forges a token would bring their own.
fn check_header(header: &Map<String, Value>) -> Result<Option<&str>, VerifyError> {
    if header.contains_key("crit") {
        return Err(VerifyError::Critical);
    }
    if !header.get("alg").and_then(Value::as_str).is_some_and(Ed25519Strict::is_named) {
        return Err(VerifyError::Algorithm);
    }
    if !header.get("typ").and_then(Value::as_str).is_some_and(is_access_token) {
        return Err(VerifyError::Type);
    }
    header.get("kid").map(|kid| kid.as_str().ok_or(VerifyError::KeyId)).transpose()
}

/// `at+jwt`, also with `application/` before it (RFC 9068 §2.1); media types know no case (RFC 2045 §5.1).
fn is_access_token(typ: &str) -> bool {
    ["at+jwt", "application/at+jwt"].iter().any(|accepted| typ.eq_ignore_ascii_case(accepted))
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use ed25519_dalek::{Signer as _, SigningKey};
    use serde_json::json;

    use super::*;

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

    fn verifier(leeway: u64) -> Verifier {
        let x = Base64UrlUnpadded::encode_string(key().verifying_key().as_bytes());
        let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x}]});
        let policy = Policy { issuer: Some("https://auth.example".into()), audience: Some("api".into()), leeway };
        Verifier::new(policy, KeySet::from_json(&keys.to_string()).unwrap())
    }

    fn verify_at(token: &str, now: u64) -> Result<VerifiedClaims, VerifyError> {
        verifier(0).verify(token, UnixSeconds::new(now).unwrap())
    }

    fn code(header: &Value, claims: &Value) -> &'static str {
        verify_at(&token_of(header, claims), NOW).map_or_else(|error| error.code(), |_| "accepted")
    }

    #[test]
    fn a_good_token_is_accepted_and_its_claims_are_read() {
        let verified = verify_at(&token_of(&header(), &claims()), NOW).unwrap();
        assert_eq!(verified.subject(), Some("u1"));
        assert_eq!(verified.session_id(), Some("s1"));
        assert_eq!(verified.expires_at().seconds(), NOW + 300);
        assert_eq!(verified.json(), claims().to_string());
    }

    #[test]
    fn a_token_expires_at_its_exp_and_leeway_moves_that() {
        let token = token_of(&header(), &claims());
        let at = |leeway, now| verifier(leeway).verify(&token, UnixSeconds::new(now).unwrap()).map(|_| ());
        assert_eq!(at(0, NOW + 299), Ok(()));
        assert_eq!(at(0, NOW + 300), Err(VerifyError::Expired));
        assert_eq!(at(5, NOW + 304), Ok(()));
        assert_eq!(at(5, NOW + 305), Err(VerifyError::Expired));
    }

    #[test]
    fn a_token_is_not_valid_before_its_nbf() {
        let token = token_of(&header(), &with(claims(), "nbf", json!(NOW + 10)));
        assert_eq!(verify_at(&token, NOW + 9), Err(VerifyError::NotYetValid));
        assert!(verify_at(&token, NOW + 10).is_ok());
    }

    #[test]
    fn a_header_that_is_not_an_access_token_s_is_refused() {
        let changed = |name, value| code(&with(header(), name, value), &claims());
        assert_eq!(changed("alg", json!("none")), "ERR_ALG_NOT_ALLOWED");
        assert_eq!(changed("alg", json!("HS256")), "ERR_ALG_NOT_ALLOWED");
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
    fn claims_that_do_not_fit_the_policy_are_refused_by_name() {
        let fault = |claims: Value| verify_at(&token_of(&header(), &claims), NOW).unwrap_err().claim();
        assert_eq!(fault(without(claims(), "exp")), Some("exp"));
        assert_eq!(fault(with(claims(), "exp", json!("1790000300"))), Some("exp"));
        assert_eq!(fault(with(claims(), "iat", json!(1.5))), Some("iat"));
        assert_eq!(fault(with(claims(), "nbf", json!(null))), Some("nbf"));
        assert_eq!(fault(with(claims(), "iss", json!("https://evil.example"))), Some("iss"));
        assert_eq!(fault(with(claims(), "aud", json!("web"))), Some("aud"));
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
    fn the_first_of_several_faults_is_named() {
        let expired_by_another = with(with(claims(), "exp", json!(1)), "iss", json!("x"));
        let unknown_key = with(header(), "kid", json!("k2"));
        assert_eq!(code(&unknown_key, &expired_by_another), "ERR_KEY_UNKNOWN");
        let unsigned = format!("{}AA", token_of(&header(), &expired_by_another));
        assert_eq!(verify_at(&unsigned, NOW), Err(VerifyError::Signature));
    }
}
