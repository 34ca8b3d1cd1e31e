//! The public keys of an issuer, read from a JSON Web Key Set (RFC 7517 §5).

use crate::{
    Algorithm, AlgorithmFault, Excerpt, Hash, Mismatch, VerifyError,
    header::CheckedHeader,
    json::{self, JsonString, Value},
    key::{Key, MAX_RSA_BITS, MIN_RSA_BITS, jwk},
};

/// The maximum length of a key set in bytes. A key has 200 to 1,500 bytes, and an issuer has two or three.
pub const MAX_KEY_SET_BYTES: usize = 64 * 1024;

/// The maximum number of keys of a set. An issuer has two or three at a time.
pub const MAX_KEYS: usize = 64;

/// The maximum number of keys that are tried for a token without a `kid`: each costs the check of a signature.
pub(crate) const MAX_CANDIDATES: usize = 4;

/// The keys that may sign tokens, each found by `kid` and `alg`.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<Key>,
    skipped: Vec<SkippedKey>,
}

/// A key of a set that is never used, and why. An issuer may publish a key that this verifier cannot use beside those
/// that it can (RFC 7517 §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedKey {
    /// The position in the array `keys`, from 0.
    pub index: usize,
    /// The `kid`, if it is a string.
    pub kid: Option<String>,
    /// What is wrong with the key.
    pub reason: KeySetError,
}

/// Why a key set is invalid, or why one of its keys is skipped. A set is invalid if no key is left; then the error is
/// that of the first invalid key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// A text longer than [`MAX_KEY_SET_BYTES`].
    #[error("a key set must have at most {MAX_KEY_SET_BYTES} bytes")]
    TooLarge,
    /// Not a JSON object with an array `keys`.
    #[error("a key set must be a JSON object with an array `keys` of objects")]
    NotAnObject,
    /// More keys than [`MAX_KEYS`].
    #[error("a key set must have at most {MAX_KEYS} keys")]
    TooMany,
    /// A symmetric or private key, which must never be published.
    #[error("a key set must not contain secrets, but has a symmetric (`oct`) or private key (`d`, `k`, `p`, …)")]
    Secret,
    /// A kind of key without a supported algorithm.
    #[error("a key's `kty` and `crv` must be of a supported kind")]
    UnsupportedKind,
    /// An algorithm that is not supported.
    #[error("a key's `alg` is not supported")]
    UnsupportedAlgorithm,
    /// `use` or `key_ops` do not permit verification (RFC 7517 §4.2, §4.3).
    #[error("a key's `use` or `key_ops` does not permit the verification of signatures")]
    OtherUse,
    /// A secret is shorter than the hash of its algorithm (RFC 7518 §3.2).
    #[error("a secret for {} must have at least {} bytes", Algorithm::Hmac(*.0).name(), .0.bytes())]
    ShortSecret(Hash),
    /// The `k` of a secret is not base64url.
    #[error("the `k` of a secret (`oct`) must be base64url")]
    SecretText,
    /// A key's `kid` is not a string.
    #[error("a key's `kid` must be a string")]
    KeyId,
    /// Two different keys share a `kid` and an `alg`.
    #[error("two different keys must not have the same `kid` and `alg`")]
    DuplicateKeyId,
    /// A key's `alg` is not a string, or an algorithm for keys of another kind.
    #[error("a key's `alg` must match its `kty` and `crv`")]
    Algorithm,
    /// A key's `x` is not a point on the curve, or a point of small order, for which every attacker could sign.
    #[error("an Ed25519 key's `x` must be base64url of 32 bytes: a point on the curve, not of small order")]
    Point,
    /// A key's `x` and `y` are not a point on the curve.
    #[error(
        "the `x` and `y` of an EC key must be a point on its curve, each base64url of as many bytes as its field has"
    )]
    CurvePoint,
    /// A key's `n` is not a modulus of the required size (RFC 7518 §3.3).
    #[error("an RSA key's `n` must be base64url of an odd number of {MIN_RSA_BITS} to {MAX_RSA_BITS} bits")]
    RsaModulus,
    /// A key's `e` is not a public exponent that every runtime supports.
    #[error("an RSA key's `e` must be base64url of 65537, 3, 17 or 37")]
    RsaExponent,
}

impl KeySetError {
    /// The stable code, listed in `ERROR_CODES.md`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ERR_KEY_SET_INVALID"
    }

    /// Whether the key is invalid, rather than for a purpose of others.
    const fn is_invalid(&self) -> bool {
        !matches!(self, Self::UnsupportedKind | Self::UnsupportedAlgorithm | Self::OtherUse)
    }
}

impl KeySet {
    /// Reads a JSON Web Key Set. Keys that cannot be used are skipped (RFC 7517 §5), and [`skipped`](Self::skipped)
    /// names them.
    pub fn from_json(text: &str) -> Result<Self, KeySetError> {
        Self::read(text, jwk::Secrets::Refused)
    }

    /// Reads a JSON Web Key Set that may also contain shared secrets (`oct`, RFC 7518 §6.4), each for HS256 unless its
    /// `alg` is another algorithm. For a set of the operator's own configuration only: every reader of a published set
    /// could sign with its secrets.
    pub fn from_json_with_secrets(text: &str) -> Result<Self, KeySetError> {
        Self::read(text, jwk::Secrets::Allowed)
    }

    fn read(text: &str, secrets: jwk::Secrets) -> Result<Self, KeySetError> {
        if text.len() > MAX_KEY_SET_BYTES {
            return Err(KeySetError::TooLarge);
        }
        let mut entries = None;
        json::object(text, |name, value| {
            if name == "keys" {
                entries = Some(value);
            }
        })
        .map_err(|_| KeySetError::NotAnObject)?;
        let set = Self::of_entries(entries.ok_or(KeySetError::NotAnObject)?, secrets)?;
        match set.skipped.iter().find(|skipped| skipped.reason.is_invalid()) {
            Some(skipped) if set.keys.is_empty() => Err(skipped.reason.clone()),
            _ => Ok(set),
        }
    }

    /// The keys that are never used, in their order.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// The key of a secret shared with the issuer, for one of HS256, HS384 and HS512 (RFC 7518 §3.2). Never put a secret into
    /// a page.
    pub fn from_secret(secret: &[u8], hash: Hash) -> Result<Self, KeySetError> {
        Self::default().with_secret(secret, hash)
    }

    /// Adds a secret shared with the issuer, for tokens of its algorithm, whatever their `kid` is.
    pub fn with_secret(mut self, secret: &[u8], hash: Hash) -> Result<Self, KeySetError> {
        self.keys.push(Key::from_secret(secret, hash)?);
        Ok(self)
    }

    /// Reads the array `keys` of a set.
    fn of_entries(entries: Value<'_>, secrets: jwk::Secrets) -> Result<Self, KeySetError> {
        let Value::Array(entries) = entries else { return Err(KeySetError::NotAnObject) };
        let mut objects = Vec::new();
        json::array(entries, |entry| objects.push(entry)).map_err(|_| KeySetError::NotAnObject)?;
        if objects.len() > MAX_KEYS {
            return Err(KeySetError::TooMany);
        }
        let mut texts = Vec::new();
        for object in objects {
            let Value::Object(text) = object else { return Err(KeySetError::NotAnObject) };
            texts.push(text);
        }
        // A key that is written twice is one key.
        let is_first = |(index, text): &(usize, &&str)| !texts.iter().take(*index).any(|earlier| earlier == *text);
        let read = texts.iter().enumerate().filter(is_first).map(|(index, text)| (index, jwk::read(text, secrets)));
        Ok(Self::without_ambiguous(&read.collect::<Vec<_>>()))
    }

    /// Skips all of several different keys with one `kid` and one algorithm, since a token does not tell which one signed
    /// it. A public key that is repeated in another text is kept once.
    fn without_ambiguous(read: &[(usize, Result<Key, jwk::Unusable>)]) -> Self {
        let keys = || read.iter().filter_map(|(index, key)| Some((index, key.as_ref().ok()?)));
        let is_ambiguous =
            |at: &usize, key: &Key| keys().any(|(index, other)| index != at && key.is_ambiguous_beside(other));
        let mut set = Self::default();
        for (index, key) in read {
            let (kid, reason) = match key {
                Err(jwk::Unusable { kid, reason }) => (kid, reason),
                Ok(key) if is_ambiguous(index, key) => (&key.id, &KeySetError::DuplicateKeyId),
                Ok(key) => {
                    if !set.keys.iter().any(|kept| kept.is_same_as(key)) {
                        set.keys.push(key.clone());
                    }
                    continue;
                }
            };
            set.skipped.push(SkippedKey { index: *index, kid: kid.clone(), reason: reason.clone() });
        }
        set
    }

    /// The keys in their order.
    #[cfg(feature = "external-signatures")]
    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The keys that may have signed a token: the one with its `kid` and algorithm; without a `kid`, those of its
    /// algorithm.
    pub(crate) fn candidates(&self, header: &CheckedHeader<'_>) -> Result<Candidates<'_>, VerifyError> {
        // Decode once, not per key: the `kid` may have thousands of escapes.
        let kid = header.kid.map(JsonString::text);
        let is_named = |key: &&Key| key.is_named(kid.as_deref());
        let of_algorithm = self.keys.iter().filter(is_named).filter(|key| key.algorithm() == header.algorithm);
        let mut candidates = Candidates::default();
        for (candidate, key) in candidates.0.iter_mut().zip(of_algorithm) {
            *candidate = Some(key);
        }
        if candidates.0[0].is_some() { Ok(candidates) } else { Err(self.rejection(kid.as_deref(), header.alg)) }
    }

    /// Why no key may have signed a token.
    #[cold]
    fn rejection(&self, kid: Option<&str>, alg: JsonString<'_>) -> VerifyError {
        // Beside other keys, a secret without a `kid` must not hide that the token's `kid` is unknown.
        let has_only_secrets = self.keys.iter().all(Key::is_unnamed_secret);
        let mut expected = Vec::new();
        let is_expected = |key: &&Key| key.is_named(kid) && (has_only_secrets || !key.is_unnamed_secret());
        for key in self.keys.iter().filter(is_expected) {
            let name = key.algorithm().name();
            if !expected.contains(&name) {
                expected.push(name);
            }
        }
        if expected.is_empty() {
            return VerifyError::KeyUnknown;
        }
        let mismatch = Mismatch::new(Excerpt::of_all(&expected), Excerpt::of(&alg.text()));
        VerifyError::Algorithm(AlgorithmFault::OfNoKey(Box::new(mismatch)))
    }
}

/// The keys that are tried for a token, all of its algorithm.
#[derive(Clone, Copy, Default)]
pub(crate) struct Candidates<'s>([Option<&'s Key>; MAX_CANDIDATES]);

impl<'s> Candidates<'s> {
    pub(crate) fn iter(self) -> impl Iterator<Item = &'s Key> {
        self.0.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use serde_json::{Value, json};

    use super::{KeySet, KeySetError, MAX_CANDIDATES, MAX_KEY_SET_BYTES, MAX_KEYS};
    use crate::{Algorithm, Hash, VerifyError, header::CheckedHeader, json::JsonString, key::Key};

    /// The public key of RFC 8037 appendix A.2.
    fn rfc8037() -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    }

    fn with(changes: &Value) -> Value {
        let mut key = rfc8037();
        for (name, value) in changes.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    }

    fn read(keys: &[Value]) -> Result<KeySet, KeySetError> {
        KeySet::from_json(&json!({ "keys": keys }).to_string())
    }

    fn header(kid: Option<&str>, algorithm: Algorithm) -> CheckedHeader<'_> {
        CheckedHeader { algorithm, alg: JsonString::of(algorithm.name()), kid: kid.map(JsonString::of) }
    }

    #[test]
    fn a_key_is_found_by_its_id_and_without_one_by_the_algorithm() {
        let set = read(&[rfc8037(), with(&json!({"kid": "b"}))]).unwrap();
        let ids = |kid: Option<&str>, algorithm| {
            let candidates = set.candidates(&header(kid, algorithm))?;
            Ok(candidates.iter().map(|key| key.id.clone().unwrap()).collect::<Vec<_>>())
        };
        assert_eq!(ids(Some("a"), Algorithm::EdDsa).unwrap(), ["a"]);
        assert_eq!(ids(Some("c"), Algorithm::EdDsa), Err(VerifyError::KeyUnknown));
        for kid in [Some("a"), None] {
            let refused = ids(kid, Algorithm::ES256).unwrap_err().to_string();
            assert_eq!(refused, r#"the header's `alg` must be that of the key: expected "EdDSA", found "ES256""#);
        }
        assert_eq!(ids(None, Algorithm::EdDsa).unwrap(), ["a", "b"]);
        assert_eq!(KeySet::default().candidates(&header(None, Algorithm::EdDsa)).err(), Some(VerifyError::KeyUnknown));
    }

    #[test]
    fn a_secret_without_an_id_is_for_its_own_algorithm_only() {
        let secret = KeySet::from_secret(&[7; 48], Hash::Sha384).unwrap();
        let both = read(&[rfc8037()]).unwrap().with_secret(&[7; 48], Hash::Sha384).unwrap();
        let algorithms = |set: &KeySet, kid, algorithm| {
            set.candidates(&header(kid, algorithm)).map(|keys| keys.iter().map(Key::algorithm).collect::<Vec<_>>())
        };
        let hs384 = Algorithm::Hmac(Hash::Sha384);
        for kid in [None, Some("a"), Some("b")] {
            assert_eq!(algorithms(&secret, kid, hs384), Ok(vec![hs384]));
            assert_eq!(algorithms(&both, kid, hs384), Ok(vec![hs384]));
            let refused = algorithms(&secret, kid, Algorithm::HS256).unwrap_err().to_string();
            assert_eq!(refused, r#"the header's `alg` must be that of the key: expected "HS384", found "HS256""#);
        }
        assert_eq!(algorithms(&both, Some("a"), Algorithm::EdDsa), Ok(vec![Algorithm::EdDsa]));
        assert_eq!(algorithms(&both, Some("b"), Algorithm::EdDsa), Err(VerifyError::KeyUnknown));
        let refused = algorithms(&both, Some("a"), Algorithm::HS256).unwrap_err().to_string();
        assert_eq!(refused, r#"the header's `alg` must be that of the key: expected "EdDSA", found "HS256""#);
    }

    #[test]
    fn secrets_are_read_only_where_they_are_allowed() {
        let oct = |changes: Value| {
            let mut key = json!({"kty": "oct", "kid": "s", "k": "Bw".repeat(32)});
            key.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            json!({ "keys": [key] }).to_string()
        };
        let allowed = |changes| KeySet::from_json_with_secrets(&oct(changes)).map(|set| set.keys[0].algorithm().name());
        assert_eq!(KeySet::from_json(&oct(json!({}))).unwrap_err(), KeySetError::Secret);
        assert_eq!(allowed(json!({})), Ok("HS256"));
        assert_eq!(allowed(json!({"alg": "HS384"})), Ok("HS384"));
        assert_eq!(allowed(json!({"alg": "HS512"})), Err(KeySetError::ShortSecret(Hash::Sha512)));
        assert_eq!(allowed(json!({"alg": "RS256"})), Err(KeySetError::Algorithm));
        assert_eq!(allowed(json!({"k": "Bw=="})), Err(KeySetError::SecretText));
        assert_eq!(allowed(json!({"k": null})), Err(KeySetError::ShortSecret(Hash::Sha256)));
        assert_eq!(allowed(json!({"kty": "RSA"})), Err(KeySetError::Secret));
        // A key of another kind never serves as a secret, nor a secret as another kind's key.
        assert_eq!(allowed(json!({"kty": "OKP", "crv": "Ed25519"})), Err(KeySetError::Secret));
        let set = KeySet::from_json_with_secrets(&oct(json!({}))).unwrap();
        assert!(set.candidates(&header(Some("s"), Algorithm::HS256)).is_ok());
        assert_eq!(set.candidates(&header(Some("t"), Algorithm::HS256)).err(), Some(VerifyError::KeyUnknown));
    }

    #[test]
    fn a_repeated_secret_is_kept_once_and_two_different_ones_of_one_id_are_skipped() {
        let oct = |text: &str| json!({"kty": "oct", "kid": "s", "k": text.repeat(32)});
        let set = |keys: &[Value]| KeySet::from_json_with_secrets(&json!({ "keys": keys }).to_string());
        assert_eq!(set(&[oct("Bw"), oct("Bw")]).unwrap().keys.len(), 1);
        assert_eq!(set(&[oct("Bw"), oct("CA")]).unwrap_err(), KeySetError::DuplicateKeyId);
    }

    #[test]
    fn at_most_four_keys_are_tried_without_an_id() {
        let keys: Vec<_> = (0..MAX_KEYS).map(|index| with(&json!({"kid": index.to_string()}))).collect();
        let set = read(&keys).unwrap();
        assert_eq!(set.candidates(&header(None, Algorithm::EdDsa)).unwrap().iter().count(), MAX_CANDIDATES);
    }

    fn skipped(set: &KeySet) -> Vec<(usize, Option<&str>, KeySetError)> {
        set.skipped().iter().map(|key| (key.index, key.kid.as_deref(), key.reason.clone())).collect()
    }

    #[test]
    fn keys_for_other_uses_are_skipped() {
        let other_curve = json!({"kty": "EC", "crv": "P-192", "x": "AAAA", "y": "AAAA"});
        let other_algorithm = json!({"kty": "RSA", "alg": "RS1", "n": "AQAB", "e": "AQAB", "kid": "r"});
        let set = read(&[other_curve, other_algorithm, with(&json!({"crv": "X25519"})), with(&json!({"use": "enc"}))])
            .unwrap();
        assert!(set.keys.is_empty());
        let expected = [
            (0, None, KeySetError::UnsupportedKind),
            (1, Some("r"), KeySetError::UnsupportedAlgorithm),
            (2, Some("a"), KeySetError::UnsupportedKind),
            (3, Some("a"), KeySetError::OtherUse),
        ];
        assert_eq!(skipped(&set), expected);
    }

    #[test]
    fn a_set_without_a_valid_key_is_refused_by_its_first_fault() {
        let refusal = |keys: &[Value]| read(keys).unwrap_err();
        let other = with(&json!({"x": "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"}));
        assert_eq!(refusal(&[json!({"kty": "oct", "k": "AAAA"})]), KeySetError::Secret);
        assert_eq!(refusal(&[with(&json!({"d": "AAAA"}))]), KeySetError::Secret);
        assert_eq!(refusal(&[rfc8037(), other]), KeySetError::DuplicateKeyId);
        assert_eq!(refusal(&[with(&json!({"kid": 7}))]), KeySetError::KeyId);
        assert_eq!(refusal(&[with(&json!({"alg": "HS256"}))]), KeySetError::Algorithm);
        assert_eq!(refusal(&[with(&json!({"alg": 7}))]), KeySetError::Algorithm);
        assert_eq!(refusal(&[json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"})]), KeySetError::RsaModulus);
        assert_eq!(refusal(&[json!({"kty": "EC", "crv": "P-256", "x": "", "y": ""})]), KeySetError::CurvePoint);
        assert_eq!(refusal(&[with(&json!({"use": "enc"})), with(&json!({"kid": 7}))]), KeySetError::KeyId);
        assert_eq!(refusal(&vec![rfc8037(); MAX_KEYS + 1]), KeySetError::TooMany);
        assert_eq!(KeySet::from_json(&" ".repeat(MAX_KEY_SET_BYTES + 1)).unwrap_err(), KeySetError::TooLarge);
        for text in ["", "[]", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#] {
            assert_eq!(KeySet::from_json(text).unwrap_err(), KeySetError::NotAnObject, "{text}");
        }
    }

    #[test]
    fn an_invalid_key_beside_a_valid_one_is_skipped() {
        let invalid = [
            (json!({"kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB"}), KeySetError::RsaModulus),
            (json!({"kty": "oct", "kid": "r", "k": "AAAA"}), KeySetError::Secret),
            (json!({"kty": "EC", "kid": "r", "crv": "P-256", "x": "AAAA"}), KeySetError::CurvePoint),
            (with(&json!({"kid": "r", "d": "AAAA"})), KeySetError::Secret),
        ];
        for (key, reason) in invalid {
            let set = read(&[key, rfc8037()]).unwrap();
            assert_eq!(skipped(&set), [(0, Some("r"), reason)]);
            assert!(set.candidates(&header(Some("a"), Algorithm::EdDsa)).is_ok());
            let refused = set.candidates(&header(Some("r"), Algorithm::EdDsa)).err();
            assert_eq!(refused, Some(VerifyError::KeyUnknown));
        }
    }

    #[test]
    fn members_without_a_value_are_absent() {
        for member in ["kid", "alg", "use", "key_ops", "d", "y"] {
            for value in [Value::Null, json!("")] {
                let set = read(&[with(&json!({ member: value }))]).unwrap();
                assert!(set.candidates(&header(None, Algorithm::EdDsa)).is_ok(), "{member}");
            }
        }
    }

    #[test]
    fn two_different_keys_of_one_kid_and_algorithm_are_both_skipped_and_a_repeated_key_is_kept() {
        let other = with(&json!({"x": "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"}));
        let third = with(&json!({"kid": "b"}));
        let set = read(&[rfc8037(), other, third.clone(), third]).unwrap();
        let ambiguous = |index| (index, Some("a"), KeySetError::DuplicateKeyId);
        assert_eq!(skipped(&set), [ambiguous(0), ambiguous(1)]);
        assert_eq!(set.keys.len(), 1);
    }

    #[test]
    fn points_off_the_curve_or_of_small_order_are_refused() {
        let encode = |bytes: [u8; 32]| Base64UrlUnpadded::encode_string(&bytes);
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut off_curve = [0; 32];
        off_curve[0] = 2;
        for x in [encode(identity), encode(off_curve), encode([0; 32]), String::new(), "AAAA".into(), "?".into()] {
            assert_eq!(read(&[with(&json!({ "x": x }))]).unwrap_err(), KeySetError::Point, "{x}");
        }
        assert_eq!(read(&[with(&json!({"x": 7}))]).unwrap_err(), KeySetError::Point);
    }
}
