//! The one function that turns text into trust.

use serde_json::{Map, Value};

use crate::{
    Algorithm, Issuer, Policy, UnixSeconds, VerifiedClaims, VerifyError,
    claims::{check_audience, check_issuer, time_claim},
    compact::CompactToken,
    key::Key,
};

/// Checks tokens against a policy and the keys of those who may issue them.
#[derive(Clone, Debug)]
pub struct Verifier {
    policy: Policy,
    issuers: Vec<Issuer>,
}

/// Of several issuers one has no name, or two have the same: a token's `iss` would not tell whose keys count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("each of several issuers must have a name of its own")]
pub struct AmbiguousIssuers;

impl Verifier {
    /// A verifier that accepts tokens of `issuer` that fit `policy`.
    #[must_use]
    pub fn new(policy: Policy, issuer: Issuer) -> Self {
        Self { policy, issuers: vec![issuer] }
    }

    /// A verifier that accepts no token until an issuer is added.
    #[must_use]
    pub fn without_issuers(policy: Policy) -> Self {
        Self { policy, issuers: Vec::new() }
    }

    /// Accepts the tokens of one more issuer, each by its own keys alone: a key of one never makes a token of another
    /// good.
    pub fn add_issuer(&mut self, issuer: Issuer) -> Result<(), AmbiguousIssuers> {
        let is_ambiguous = |other: &Issuer| issuer.name.is_none() || other.name.is_none() || other.name == issuer.name;
        if self.issuers.iter().any(is_ambiguous) {
            return Err(AmbiguousIssuers);
        }
        self.issuers.push(issuer);
        Ok(())
    }

    /// Which of the issuers' keys a token needs, by its place among them. It proves nothing: it serves to fetch the right
    /// keys before [`verify`](Self::verify).
    pub fn issuer_of(&self, token: &str) -> Result<usize, VerifyError> {
        let token = CompactToken::parse(token)?;
        self.check_header(&token.header.members)?;
        let (place, _) = self.named_by(&token.claims.members)?;
        Ok(place)
    }

    /// Verifies `token` at the time `now`: structure, header, key, signature, claims, in this order.
    pub fn verify(&self, token: &str, now: UnixSeconds) -> Result<VerifiedClaims, VerifyError> {
        let token = CompactToken::parse(token)?;
        let (issuer, key) = self.key_for(&token)?;
        if key.is_checked_elsewhere() {
            return Err(VerifyError::NeedsAsync);
        }
        self.conclude(token, issuer, now, |token| token.is_signed_by(key))
    }

    /// The key that must have signed `token`, as a public JSON Web Key with its `alg`, where this build leaves the check to
    /// its surroundings; `None` where [`verify`](Self::verify) checks it itself. Structure and header were found good;
    /// nothing is proved.
    #[cfg(feature = "external-signatures")]
    pub fn external_key(&self, token: &str) -> Result<Option<String>, VerifyError> {
        let token = CompactToken::parse(token)?;
        let (_, key) = self.key_for(&token)?;
        Ok(if key.is_checked_elsewhere() { key.to_jwk() } else { None })
    }

    /// As [`verify`](Self::verify), for a token whose signature was checked with the [external key](Self::external_key):
    /// whoever calls this vouches for `signature_fits`. A signature that can be checked here is checked all the same.
    #[cfg(feature = "external-signatures")]
    pub fn verify_checked(
        &self,
        token: &str,
        signature_fits: bool,
        now: UnixSeconds,
    ) -> Result<VerifiedClaims, VerifyError> {
        let token = CompactToken::parse(token)?;
        let (issuer, key) = self.key_for(&token)?;
        let is_signed = |token: &CompactToken<'_>| {
            if key.is_checked_elsewhere() {
                signature_fits && key.signs_in(token.signature.len())
            } else {
                token.is_signed_by(key)
            }
        };
        self.conclude(token, issuer, now, is_signed)
    }

    /// Everything before the signature: header, issuer, key.
    fn key_for(&self, token: &CompactToken<'_>) -> Result<(&Issuer, &Key), VerifyError> {
        let (algorithm, kid) = self.check_header(&token.header.members)?;
        let (_, issuer) = self.named_by(&token.claims.members)?;
        let key = issuer.keys.find(kid).ok_or(VerifyError::KeyUnknown)?;
        if key.algorithm() == algorithm { Ok((issuer, key)) } else { Err(VerifyError::Algorithm) }
    }

    /// The signature and everything after it.
    fn conclude<'t>(
        &self,
        token: CompactToken<'t>,
        issuer: &Issuer,
        now: UnixSeconds,
        is_signed: impl FnOnce(&CompactToken<'t>) -> bool,
    ) -> Result<VerifiedClaims, VerifyError> {
        if !is_signed(&token) {
            return Err(VerifyError::Signature);
        }
        let expires_at = self.check_claims(&token.claims.members, issuer, now)?;
        Ok(VerifiedClaims::new(token.claims.text, token.claims.members, expires_at))
    }

    /// Checks the header, and returns its `alg` and `kid`. Keys that the header itself brings or points to (`jwk`, `jku`, `x5c`,
    /// `x5u`) are not looked at: whoever forges a token would bring their own.
    fn check_header<'h>(&self, header: &'h Map<String, Value>) -> Result<(Algorithm, Option<&'h str>), VerifyError> {
        if header.contains_key("crit") {
            return Err(VerifyError::Critical);
        }
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::named);
        let algorithm = algorithm.ok_or(VerifyError::Algorithm)?;
        if !self.policy.accepts_type(header.get("typ").and_then(Value::as_str)) {
            return Err(VerifyError::Type);
        }
        let kid = header.get("kid").map(|kid| kid.as_str().ok_or(VerifyError::KeyId)).transpose()?;
        Ok((algorithm, kid))
    }

    /// Whose keys count. `iss` is not proved yet: it only chooses which keys must prove it.
    fn named_by(&self, claims: &Map<String, Value>) -> Result<(usize, &Issuer), VerifyError> {
        if let [only] = self.issuers.as_slice() {
            return Ok((0, only));
        }
        let iss = claims.get("iss").and_then(Value::as_str);
        let is_named = |(_, issuer): &(usize, &Issuer)| iss.is_some() && issuer.name.as_deref() == iss;
        let found = self.issuers.iter().enumerate().find(is_named);
        found.ok_or_else(|| VerifyError::of_claim("iss", "is not one of the expected issuers"))
    }

    fn check_claims(
        &self,
        claims: &Map<String, Value>,
        issuer: &Issuer,
        now: UnixSeconds,
    ) -> Result<UnixSeconds, VerifyError> {
        let exp = time_claim("exp", claims.get("exp"))?;
        let exp = exp.ok_or_else(|| VerifyError::of_claim("exp", "is missing"))?;
        let nbf = time_claim("nbf", claims.get("nbf"))?;
        let iat = time_claim("iat", claims.get("iat"))?;
        check_issuer(claims.get("iss"), issuer.name.as_deref())?;
        check_audience(claims.get("aud"), self.policy.audiences.as_deref())?;
        if let Some(missing) = self.policy.required_claims.iter().find(|name| !claims.contains_key(*name)) {
            return Err(VerifyError::of_claim(missing.clone(), "is missing"));
        }
        let (now, leeway) = (now.seconds(), self.policy.leeway);
        if now >= exp.seconds().saturating_add(leeway) {
            return Err(VerifyError::Expired);
        }
        if nbf.is_some_and(|nbf| now.saturating_add(leeway) < nbf.seconds()) {
            return Err(VerifyError::NotYetValid);
        }
        self.check_age(iat, now)?;
        Ok(exp)
    }

    fn check_age(&self, iat: Option<UnixSeconds>, now: u64) -> Result<(), VerifyError> {
        let Some(max_token_age) = self.policy.max_token_age else { return Ok(()) };
        let iat = iat.ok_or_else(|| VerifyError::of_claim("iat", "is missing"))?.seconds();
        let leeway = self.policy.leeway;
        if now.saturating_add(leeway) < iat {
            return Err(VerifyError::of_claim("iat", "is in the future"));
        }
        let oldest = iat.saturating_add(max_token_age).saturating_add(leeway);
        if now >= oldest { Err(VerifyError::TooOld) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use ed25519_dalek::{Signer as _, SigningKey};
    use serde_json::json;

    use super::*;
    use crate::{AccessClaims, KeySet, Signer};

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
        result.map_or_else(
            |error| format!("{} {}", error.code(), error.claim().unwrap_or_default()),
            |_| "accepted".into(),
        )
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
    fn a_token_grows_too_old_before_it_expires_where_an_age_is_set() {
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
    fn a_required_claim_must_be_there() {
        let policy = Policy { required_claims: vec!["sid".into(), "tenant".into()], ..Policy::for_audience("api") };
        assert_eq!(code_under(policy.clone(), &claims()), "ERR_CLAIM_INVALID tenant");
        assert_eq!(code_under(policy, &with(claims(), "tenant", json!(null))), "accepted");
    }

    #[test]
    fn a_key_of_one_issuer_never_makes_a_token_of_another_good() {
        let other_key = SigningKey::from_bytes(&[8; 32]);
        let other = Issuer::named("https://other.example", keys_of(&other_key));
        let mut verifier = verifier(0);
        verifier.add_issuer(other).unwrap();
        let code = |iss: Value| {
            let token = token_of(&header(), &with(claims(), "iss", iss));
            verifier.verify(&token, UnixSeconds::new(NOW).unwrap()).map_or_else(|error| error.code(), |_| "accepted")
        };
        let place = |iss: &str| verifier.issuer_of(&token_of(&header(), &with(claims(), "iss", json!(iss))));
        assert_eq!(place("https://auth.example"), Ok(0));
        assert_eq!(place("https://other.example"), Ok(1));
        assert_eq!(place("https://third.example").unwrap_err().claim(), Some("iss"));
        assert_eq!(code(json!("https://auth.example")), "accepted");
        assert_eq!(code(json!("https://other.example")), "ERR_SIGNATURE_INVALID");
        assert_eq!(code(json!("https://third.example")), "ERR_CLAIM_INVALID");
        assert_eq!(code(json!(["https://auth.example"])), "ERR_CLAIM_INVALID");
    }

    #[test]
    fn a_token_must_tell_whose_keys_count() {
        let nameless = Issuer { name: None, ..issuer() };
        let add = |first: &Issuer, second: &Issuer| {
            Verifier::new(Policy::for_audience("api"), first.clone()).add_issuer(second.clone())
        };
        assert_eq!(add(&issuer(), &issuer()), Err(AmbiguousIssuers));
        assert_eq!(add(&issuer(), &nameless), Err(AmbiguousIssuers));
        assert_eq!(add(&nameless, &issuer()), Err(AmbiguousIssuers));
        let nobody = Verifier::without_issuers(Policy::for_audience("api"));
        let refusal = nobody.verify(&token_of(&header(), &claims()), UnixSeconds::new(NOW).unwrap()).unwrap_err();
        assert_eq!(refusal.claim(), Some("iss"));
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
    fn a_token_is_never_checked_by_another_algorithm_than_its_key_s() {
        let now = UnixSeconds::new(NOW).unwrap();
        let public = key().verifying_key();
        // The classic confusion: the public key, which everybody knows, taken for an HMAC secret.
        let confused = Signer::hs256(public.as_bytes()).unwrap();
        let forged = confused.sign(&access_claims()).unwrap();
        assert_eq!(verifier(0).verify(&forged, now), Err(VerifyError::Algorithm));
        let secret = Issuer::named("https://auth.example", KeySet::from_secret(&[5; 32]).unwrap());
        let by_secret = Verifier::new(Policy::for_audience("api"), secret);
        let signed = token_of(&without(header(), "kid"), &claims());
        assert_eq!(by_secret.verify(&signed, now), Err(VerifyError::Algorithm));
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
        }
    }

    #[test]
    fn claims_that_do_not_fit_the_policy_are_refused_by_name() {
        let fault = |claims: Value| {
            let error = verify_at(&token_of(&header(), &claims), NOW).unwrap_err();
            error.claim().unwrap_or_default().to_owned()
        };
        assert_eq!(fault(without(claims(), "exp")), "exp");
        assert_eq!(fault(with(claims(), "exp", json!("1790000300"))), "exp");
        assert_eq!(fault(with(claims(), "iat", json!(1.5))), "iat");
        assert_eq!(fault(with(claims(), "nbf", json!(null))), "nbf");
        assert_eq!(fault(with(claims(), "iss", json!("https://evil.example"))), "iss");
        assert_eq!(fault(with(claims(), "aud", json!("web"))), "aud");
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
