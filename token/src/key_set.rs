//! The public keys of an issuer, read from a JSON Web Key Set (RFC 7517 §5).

use std::slice;

use crate::{
    Algorithm, VerifyError,
    json::{self, JsonString, Value},
    key::{Key, MAX_RSA_BITS, MIN_RSA_BITS, MIN_SECRET_BYTES, jwk},
};

/// The maximum length of a key set in bytes. A key has 200 to 1,500 bytes, and an issuer has two or three.
pub const MAX_KEY_SET_BYTES: usize = 64 * 1024;

/// The maximum number of keys of a set. An issuer has two or three at a time.
pub const MAX_KEYS: usize = 64;

/// The maximum number of keys that are tried for a token without a `kid`: each costs the check of a signature.
pub(crate) const MAX_CANDIDATES: usize = 4;

/// The keys that may sign tokens, each found by its `kid`.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<Key>,
}

/// Why a key set is invalid. One invalid key refuses the whole set, because an issuer must notice an error in its own
/// set.
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
    /// A secret is shorter than the hash (RFC 7518 §3.2).
    #[error("a secret must have at least {MIN_SECRET_BYTES} bytes")]
    ShortSecret,
    /// A key's `kid` is not a string.
    #[error("a key's `kid` must be a string")]
    KeyId,
    /// Two keys share a `kid`, or one of several has none.
    #[error("each of several keys must have a unique `kid`")]
    DuplicateKeyId,
    /// A key's `alg` is not a string, or an algorithm for keys of another kind.
    #[error("a key's `alg` must match its `kty` and `crv`")]
    Algorithm,
    /// A key's `x` is not a point on the curve, or a point of small order, for which every attacker could sign.
    #[error("an Ed25519 key's `x` must be base64url of 32 bytes: a point on the curve, not of small order")]
    Point,
    /// A key's `x` and `y` are not a point on the curve.
    #[error("a P-256 key's `x` and `y` must each be base64url of 32 bytes: a point on the curve")]
    P256Point,
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
}

impl KeySet {
    /// Reads a JSON Web Key Set. Keys of unsupported kinds and keys for other uses are ignored, as RFC 7517 §5
    /// requires.
    pub fn from_json(text: &str) -> Result<Self, KeySetError> {
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
        let keys = read_keys(entries.ok_or(KeySetError::NotAnObject)?)?;
        let ambiguous = |(index, key): (usize, &Key)| match &key.id {
            None => keys.len() > 1,
            Some(_) => keys.iter().take(index).any(|earlier| earlier.id == key.id),
        };
        if keys.iter().enumerate().any(ambiguous) {
            return Err(KeySetError::DuplicateKeyId);
        }
        Ok(Self { keys })
    }

    /// The key of a secret shared with the issuer, for HS256 (RFC 7518 §3.2). Never put a secret into a page.
    pub fn from_secret(secret: &[u8]) -> Result<Self, KeySetError> {
        Ok(Self { keys: vec![Key::from_secret(secret)?] })
    }

    /// The keys in their order.
    #[cfg(feature = "external-signatures")]
    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The keys that may have signed a token: the one with its `kid`; without a `kid`, those of its algorithm.
    pub(crate) fn candidates(
        &self,
        kid: Option<JsonString<'_>>,
        algorithm: Algorithm,
    ) -> Result<Candidates<'_>, VerifyError> {
        let keys = kid.map_or(self.keys.as_slice(), |kid| {
            // Decode once, not per key: the `kid` may have thousands of escapes.
            let kid = kid.text();
            self.keys.iter().find(|key| key.id.as_deref() == Some(&*kid)).map_or(&[], slice::from_ref)
        });
        if keys.is_empty() {
            return Err(VerifyError::KeyUnknown);
        }
        let candidates = Candidates { keys, algorithm };
        if candidates.iter().next().is_some() { Ok(candidates) } else { Err(VerifyError::Algorithm) }
    }
}

/// The keys that are tried for a token, all of its algorithm.
#[derive(Clone, Copy)]
pub(crate) struct Candidates<'s> {
    keys: &'s [Key],
    algorithm: Algorithm,
}

impl<'s> Candidates<'s> {
    pub(crate) fn iter(self) -> impl Iterator<Item = &'s Key> {
        self.keys.iter().filter(move |key| key.algorithm() == self.algorithm).take(MAX_CANDIDATES)
    }
}

/// Reads the array `keys` of a set.
fn read_keys(entries: Value<'_>) -> Result<Vec<Key>, KeySetError> {
    let Value::Array(entries) = entries else { return Err(KeySetError::NotAnObject) };
    let mut objects = Vec::new();
    json::array(entries, |entry| objects.push(entry)).map_err(|_| KeySetError::NotAnObject)?;
    if objects.len() > MAX_KEYS {
        return Err(KeySetError::TooMany);
    }
    let mut keys = Vec::with_capacity(objects.len());
    for object in objects {
        let Value::Object(text) = object else { return Err(KeySetError::NotAnObject) };
        keys.extend(jwk::read(text)?);
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use serde_json::{Value, json};

    use super::{KeySet, KeySetError, MAX_CANDIDATES, MAX_KEY_SET_BYTES, MAX_KEYS};
    use crate::{Algorithm, VerifyError, json::JsonString};

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

    #[test]
    fn a_key_is_found_by_its_id_and_without_one_by_the_algorithm() {
        let set = read(&[rfc8037(), with(&json!({"kid": "b"}))]).unwrap();
        let ids = |kid: Option<&str>, algorithm| {
            let candidates = set.candidates(kid.map(JsonString::of), algorithm)?;
            Ok(candidates.iter().map(|key| key.id.clone().unwrap()).collect::<Vec<_>>())
        };
        assert_eq!(ids(Some("a"), Algorithm::EdDsa).unwrap(), ["a"]);
        assert_eq!(ids(Some("c"), Algorithm::EdDsa), Err(VerifyError::KeyUnknown));
        assert_eq!(ids(Some("a"), Algorithm::Es256), Err(VerifyError::Algorithm));
        assert_eq!(ids(None, Algorithm::Es256), Err(VerifyError::Algorithm));
        assert_eq!(ids(None, Algorithm::EdDsa).unwrap(), ["a", "b"]);
        assert_eq!(KeySet::default().candidates(None, Algorithm::EdDsa).err(), Some(VerifyError::KeyUnknown));
    }

    #[test]
    fn at_most_four_keys_are_tried_without_an_id() {
        let keys: Vec<_> = (0..MAX_KEYS).map(|index| with(&json!({"kid": index.to_string()}))).collect();
        let set = read(&keys).unwrap();
        assert_eq!(set.candidates(None, Algorithm::EdDsa).unwrap().iter().count(), MAX_CANDIDATES);
    }

    #[test]
    fn keys_for_other_uses_are_ignored() {
        let other_curve = json!({"kty": "EC", "crv": "P-384", "x": "AAAA", "y": "AAAA"});
        let other_algorithm = json!({"kty": "RSA", "alg": "RS512", "n": "AQAB", "e": "AQAB"});
        let set = read(&[other_curve, other_algorithm, with(&json!({"crv": "X25519"})), with(&json!({"use": "enc"}))])
            .unwrap();
        assert!(set.keys.is_empty());
    }

    #[test]
    fn a_set_with_a_secret_or_an_invalid_key_is_refused() {
        let refusal = |keys: &[Value]| read(keys).unwrap_err();
        assert_eq!(refusal(&[json!({"kty": "oct", "k": "AAAA"})]), KeySetError::Secret);
        assert_eq!(refusal(&[with(&json!({"d": "AAAA"}))]), KeySetError::Secret);
        assert_eq!(refusal(&[rfc8037(), rfc8037()]), KeySetError::DuplicateKeyId);
        assert_eq!(refusal(&[with(&json!({"kid": 7}))]), KeySetError::KeyId);
        assert_eq!(refusal(&[with(&json!({"alg": "HS256"}))]), KeySetError::Algorithm);
        assert_eq!(refusal(&[with(&json!({"alg": 7}))]), KeySetError::Algorithm);
        assert_eq!(refusal(&[json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"})]), KeySetError::RsaModulus);
        assert_eq!(refusal(&[json!({"kty": "EC", "crv": "P-256", "x": "", "y": ""})]), KeySetError::P256Point);
        assert_eq!(refusal(&vec![rfc8037(); MAX_KEYS + 1]), KeySetError::TooMany);
        assert_eq!(KeySet::from_json(&" ".repeat(MAX_KEY_SET_BYTES + 1)).unwrap_err(), KeySetError::TooLarge);
        for text in ["", "[]", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#] {
            assert_eq!(KeySet::from_json(text).unwrap_err(), KeySetError::NotAnObject, "{text}");
        }
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
