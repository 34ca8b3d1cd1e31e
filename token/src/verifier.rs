//! The one function that turns text into trust.

use crate::{
    Issuer, Policy, UnixSeconds, VerifiedClaims, VerifyError,
    claims::Claims,
    compact::{CompactToken, Segments, Workspace},
    header::Header,
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
        let mut workspace = Workspace::new();
        let token = Segments::of(token)?.decode(&mut workspace)?;
        let (header, claims) = (Header::read(token.header)?, Claims::read(token.claims)?);
        header.check(&self.policy)?;
        let (place, _) = self.named_by(&claims)?;
        Ok(place)
    }

    /// Verifies `token` at the time `now`: structure, header, key, signature, claims, in this order.
    pub fn verify(&self, token: &str, now: UnixSeconds) -> Result<VerifiedClaims<'static>, VerifyError> {
        self.verify_in(&mut Workspace::new(), token, now).map(VerifiedClaims::into_owned)
    }

    /// As [`verify`](Self::verify), in memory that is there already.
    pub fn verify_in<'w>(
        &self,
        workspace: &'w mut Workspace,
        token: &str,
        now: UnixSeconds,
    ) -> Result<VerifiedClaims<'w>, VerifyError> {
        let token = self.read(workspace, token)?;
        if token.key.is_checked_elsewhere() {
            return Err(VerifyError::NeedsAsync);
        }
        let is_signed = token.is_signed();
        self.conclude(&token, is_signed, now)
    }

    /// The key that must have signed `token`, as a public JSON Web Key with its `alg`, where this build leaves the check to
    /// its surroundings; `None` where [`verify`](Self::verify) checks it itself. Structure and header were found good;
    /// nothing is proved.
    #[cfg(feature = "external-signatures")]
    pub fn external_key(&self, token: &str) -> Result<Option<String>, VerifyError> {
        let mut workspace = Workspace::new();
        let key = self.read(&mut workspace, token)?.key;
        Ok(if key.is_checked_elsewhere() { key.to_jwk() } else { None })
    }

    /// As [`verify_in`](Self::verify_in), for a token whose signature was checked with the
    /// [external key](Self::external_key): whoever calls this vouches for `signature_fits`. A signature that can be checked
    /// here is checked all the same.
    #[cfg(feature = "external-signatures")]
    pub fn verify_checked_in<'w>(
        &self,
        workspace: &'w mut Workspace,
        token: &str,
        signature_fits: bool,
        now: UnixSeconds,
    ) -> Result<VerifiedClaims<'w>, VerifyError> {
        let token = self.read(workspace, token)?;
        let is_signed = if token.key.is_checked_elsewhere() {
            signature_fits && token.key.signs_in(token.compact.signature.len())
        } else {
            token.is_signed()
        };
        self.conclude(&token, is_signed, now)
    }

    /// Everything before the signature: structure, header, issuer, key.
    fn read<'v, 't, 'w>(
        &'v self,
        workspace: &'w mut Workspace,
        token: &'t str,
    ) -> Result<ReadToken<'v, 't, 'w>, VerifyError> {
        let compact = Segments::of(token)?.decode(workspace)?;
        let (header, claims) = (Header::read(compact.header)?, Claims::read(compact.claims)?);
        let (algorithm, kid) = header.check(&self.policy)?;
        let (_, issuer) = self.named_by(&claims)?;
        let key = issuer.keys.find(kid).ok_or(VerifyError::KeyUnknown)?;
        if key.algorithm() != algorithm {
            return Err(VerifyError::Algorithm);
        }
        Ok(ReadToken { compact, claims, issuer, key })
    }

    /// Everything after the signature.
    fn conclude<'w>(
        &self,
        token: &ReadToken<'_, '_, 'w>,
        is_signed: bool,
        now: UnixSeconds,
    ) -> Result<VerifiedClaims<'w>, VerifyError> {
        if !is_signed {
            return Err(VerifyError::Signature);
        }
        let window = token.claims.check(&self.policy, token.issuer.name.as_deref(), now)?;
        Ok(VerifiedClaims::new(token.compact.claims.text, window))
    }

    /// Whose keys count. `iss` is not proved yet: it only chooses which keys must prove it.
    fn named_by(&self, claims: &Claims<'_>) -> Result<(usize, &Issuer), VerifyError> {
        if let [only] = self.issuers.as_slice() {
            return Ok((0, only));
        }
        let is_named = |(_, issuer): &(usize, &Issuer)| {
            claims.issuer().zip(issuer.name.as_deref()).is_some_and(|(iss, name)| iss.says(name))
        };
        let found = self.issuers.iter().enumerate().find(is_named);
        found.ok_or_else(|| VerifyError::of_claim("iss", "is not one of the expected issuers"))
    }
}

/// A token that was read, and the key that must have signed it.
struct ReadToken<'v, 't, 'w> {
    compact: CompactToken<'t, 'w>,
    claims: Claims<'w>,
    issuer: &'v Issuer,
    key: &'v Key,
}

impl ReadToken<'_, '_, '_> {
    fn is_signed(&self) -> bool {
        self.key.verify(self.compact.signing_input.as_bytes(), self.compact.signature)
    }
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use ed25519_dalek::{Signer as _, SigningKey};
    use serde_json::{Value, json};

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

    fn verify_at(token: &str, now: u64) -> Result<VerifiedClaims<'static>, VerifyError> {
        verifier(0).verify(token, UnixSeconds::new(now).unwrap())
    }

    fn code(header: &Value, claims: &Value) -> &'static str {
        verify_at(&token_of(header, claims), NOW).map_or_else(|error| error.code(), |_| "accepted")
    }

    #[test]
    fn a_good_token_is_accepted_and_its_claims_are_read() {
        let verified = verify_at(&token_of(&header(), &claims()), NOW).unwrap();
        assert_eq!(verified.subject().as_deref(), Some("u1"));
        assert_eq!(verified.session_id().as_deref(), Some("s1"));
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
