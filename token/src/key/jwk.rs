//! Reads one JSON Web Key (RFC 7517 §4) as a key that verifies signatures.

use std::borrow::Cow;

use super::{Key, Material, ecdsa::EcdsaKey, ed25519_point, hmac::Secret, rsa::RsaKey};
use crate::{
    Algorithm, KeySetError,
    algorithm::Curve,
    base64url,
    json::{self, JsonString, Value},
};

/// The members that the verifier reads, as written in the key set.
#[derive(Default)]
struct Jwk<'t> {
    kty: Option<Value<'t>>,
    crv: Option<Value<'t>>,
    alg: Option<Value<'t>>,
    kid: Option<Value<'t>>,
    purpose: Option<Value<'t>>,
    operations: Option<Value<'t>>,
    x: Option<Value<'t>>,
    y: Option<Value<'t>>,
    n: Option<Value<'t>>,
    e: Option<Value<'t>>,
    k: Option<Value<'t>>,
    is_private: bool,
}

/// Whether a key set may contain shared secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    Refused,
    Allowed,
}

/// The supported kinds of keys (RFC 7518 §6.1, RFC 8037 §2).
#[derive(Clone, Copy)]
enum Kind {
    Ed25519,
    Ecdsa(Curve),
    Rsa,
    Secret,
}

/// A key that must not be used.
#[derive(Debug)]
pub(crate) struct Unusable {
    /// The `kid`, if it is a string.
    pub(crate) kid: Option<String>,
    pub(crate) reason: KeySetError,
}

/// Reads a key.
pub(crate) fn read(text: &str, secrets: Secrets) -> Result<Key, Unusable> {
    let jwk = Jwk::read(text).map_err(|reason| Unusable { kid: None, reason })?;
    let kid = jwk.kid.and_then(Value::as_string).map(|kid| kid.text().into_owned());
    match jwk.usable_material(secrets) {
        Ok(material) => Ok(Key { id: kid, material }),
        Err(reason) => Err(Unusable { kid, reason }),
    }
}

impl<'t> Jwk<'t> {
    fn read(text: &'t str) -> Result<Self, KeySetError> {
        let mut jwk = Self::default();
        json::object(text, |name, value| match name {
            // Some issuers write members that they do not set.
            _ if is_empty(value) => {}
            "kty" => jwk.kty = Some(value),
            "crv" => jwk.crv = Some(value),
            "alg" => jwk.alg = Some(value),
            "kid" => jwk.kid = Some(value),
            "use" => jwk.purpose = Some(value),
            "key_ops" => jwk.operations = Some(value),
            "x" => jwk.x = Some(value),
            "y" => jwk.y = Some(value),
            "n" => jwk.n = Some(value),
            "e" => jwk.e = Some(value),
            "k" => jwk.k = Some(value),
            // RFC 7518 §6.3.2, §6.4.1; RFC 8037 §2. Any private number of an RSA key reveals the others.
            "d" | "p" | "q" | "dp" | "dq" | "qi" | "oth" => jwk.is_private = true,
            _ => {}
        })
        .map_err(|_| KeySetError::NotAnObject)?;
        Ok(jwk)
    }

    fn usable_material(&self, secrets: Secrets) -> Result<Material, KeySetError> {
        let is_oct = self.kty.is_some_and(|kty| equals(kty, "oct"));
        let is_allowed_secret = is_oct && secrets == Secrets::Allowed;
        if self.is_private || (is_oct || self.k.is_some()) && !is_allowed_secret {
            return Err(KeySetError::Secret);
        }
        if self.kid.is_some_and(|kid| kid.as_string().is_none()) {
            return Err(KeySetError::KeyId);
        }
        let kind = self.kind().ok_or(KeySetError::UnsupportedKind)?;
        if !self.is_for_signatures() {
            return Err(KeySetError::OtherUse);
        }
        self.material(kind, self.algorithm(kind)?)
    }

    /// Whether `use` and `key_ops` permit verification; both are optional (RFC 7517 §4.2, §4.3).
    fn is_for_signatures(&self) -> bool {
        let verifies = |operations| {
            let mut verifies = false;
            if let Value::Array(operations) = operations {
                // Parsing cannot fail here: the key was parsed with this array.
                let _ = json::array(operations, |operation| verifies |= equals(operation, "verify"));
            }
            verifies
        };
        self.purpose.is_none_or(|purpose| equals(purpose, "sig")) && self.operations.is_none_or(verifies)
    }

    fn kind(&self) -> Option<Kind> {
        match (&*text(self.kty), &*text(self.crv)) {
            ("OKP", "Ed25519") => Some(Kind::Ed25519),
            ("EC", curve) => Curve::named(curve).map(Kind::Ecdsa),
            ("RSA", _) => Some(Kind::Rsa),
            ("oct", _) => Some(Kind::Secret),
            _ => None,
        }
    }

    /// The key's algorithm.
    fn algorithm(&self, kind: Kind) -> Result<Algorithm, KeySetError> {
        match self.alg {
            None => Ok(kind.default_algorithm()),
            Some(Value::String(name)) => Algorithm::named(&name.text()).ok_or(KeySetError::UnsupportedAlgorithm),
            Some(_) => Err(KeySetError::Algorithm),
        }
    }

    fn material(&self, kind: Kind, algorithm: Algorithm) -> Result<Material, KeySetError> {
        match (kind, algorithm) {
            (Kind::Ed25519, Algorithm::EdDsa) => ed25519_point(&text(self.x)).map(Material::Ed25519),
            (Kind::Ecdsa(curve), Algorithm::Ecdsa(expected)) if curve == expected => {
                let key = EcdsaKey::from_coordinates(curve, &text(self.x), &text(self.y));
                key.map(Material::Ecdsa).ok_or(KeySetError::CurvePoint)
            }
            (Kind::Rsa, Algorithm::Rsa(padding, hash)) => {
                RsaKey::from_numbers(&text(self.n), &text(self.e), padding, hash).map(Material::Rsa)
            }
            (Kind::Secret, Algorithm::Hmac(hash)) => {
                let secret = base64url::decode(&text(self.k)).map_err(|_| KeySetError::SecretText)?;
                Secret::new(&secret, hash).map(Material::Secret).ok_or(KeySetError::ShortSecret(hash))
            }
            _ => Err(KeySetError::Algorithm),
        }
    }
}

impl Kind {
    /// The algorithm of a key without `alg`: the only one of its kind, and for RSA the most common one.
    fn default_algorithm(self) -> Algorithm {
        match self {
            Self::Ed25519 => Algorithm::EdDsa,
            Self::Ecdsa(curve) => Algorithm::Ecdsa(curve),
            Self::Rsa => Algorithm::RS256,
            Self::Secret => Algorithm::HS256,
        }
    }
}

/// A member's text; empty if it is missing or not a string.
fn text(member: Option<Value<'_>>) -> Cow<'_, str> {
    member.and_then(Value::as_string).map(JsonString::text).unwrap_or_default()
}

/// Whether a member is written without a value.
fn is_empty(member: Value<'_>) -> bool {
    match member {
        Value::Word(word) => word == "null",
        Value::String(text) => text.equals(""),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

fn equals(member: Value<'_>, text: &str) -> bool {
    member.as_string().is_some_and(|string| string.equals(text))
}
