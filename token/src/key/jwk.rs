//! Reads one JSON Web Key (RFC 7517 §4) as a public signature key.

use std::borrow::Cow;

use super::{
    Key, Material, ed25519_point,
    p256::P256Key,
    rsa::{RsaKey, RsaPadding},
};
use crate::{
    Algorithm, KeySetError,
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
    is_secret: bool,
}

/// The supported kinds of public keys (RFC 7518 §6.1, RFC 8037 §2).
#[derive(Clone, Copy)]
enum Kind {
    Ed25519,
    P256,
    Rsa,
}

/// A key that must not be used.
#[derive(Debug)]
pub(crate) struct Unusable {
    /// The `kid`, if it is a string.
    pub(crate) kid: Option<String>,
    pub(crate) reason: KeySetError,
}

/// Reads a public key.
pub(crate) fn read(text: &str) -> Result<Key, Unusable> {
    let jwk = Jwk::read(text).map_err(|reason| Unusable { kid: None, reason })?;
    let kid = jwk.kid.and_then(Value::as_string).map(|kid| kid.text().into_owned());
    match jwk.usable_material() {
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
            // RFC 7518 §6.3.2, §6.4.1; RFC 8037 §2. Any private number of an RSA key reveals the others.
            "d" | "k" | "p" | "q" | "dp" | "dq" | "qi" | "oth" => jwk.is_secret = true,
            _ => {}
        })
        .map_err(|_| KeySetError::NotAnObject)?;
        jwk.is_secret |= jwk.kty.is_some_and(|kty| equals(kty, "oct"));
        Ok(jwk)
    }

    fn usable_material(&self) -> Result<Material, KeySetError> {
        if self.is_secret {
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
            ("EC", "P-256") => Some(Kind::P256),
            ("RSA", _) => Some(Kind::Rsa),
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
        let rsa = |padding| RsaKey::from_numbers(&text(self.n), &text(self.e), padding).map(Material::Rsa);
        match (kind, algorithm) {
            (Kind::Ed25519, Algorithm::EdDsa) => ed25519_point(&text(self.x)).map(Material::Ed25519),
            (Kind::P256, Algorithm::Es256) => {
                let key = P256Key::from_coordinates(&text(self.x), &text(self.y));
                key.map(Material::P256).ok_or(KeySetError::P256Point)
            }
            (Kind::Rsa, Algorithm::Rs256) => rsa(RsaPadding::Pkcs1),
            (Kind::Rsa, Algorithm::Ps256) => rsa(RsaPadding::Pss),
            _ => Err(KeySetError::Algorithm),
        }
    }
}

impl Kind {
    /// The algorithm of a key without `alg`: the only one of its kind, and for RSA the most common one.
    fn default_algorithm(self) -> Algorithm {
        match self {
            Self::Ed25519 => Algorithm::EdDsa,
            Self::P256 => Algorithm::Es256,
            Self::Rsa => Algorithm::Rs256,
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
