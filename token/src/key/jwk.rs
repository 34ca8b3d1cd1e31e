//! One JSON Web Key (RFC 7517 §4), read as far as a public key for signatures needs.

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

/// The members that count, as the key set spells them.
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

/// The kinds of public keys that are understood (RFC 7518 §6.1, RFC 8037 §2).
#[derive(Clone, Copy)]
enum Kind {
    Ed25519,
    P256,
    Rsa,
}

/// Reads a public key; `None` where it is not a signature key of a kind that is understood.
pub(crate) fn read(text: &str) -> Result<Option<Key>, KeySetError> {
    let jwk = Jwk::read(text)?;
    if jwk.is_secret {
        return Err(KeySetError::Secret);
    }
    let (Some(kind), true) = (jwk.kind(), jwk.is_for_signatures()) else { return Ok(None) };
    let Some(algorithm) = jwk.algorithm(kind)? else { return Ok(None) };
    let id = match jwk.kid {
        None => None,
        Some(Value::String(id)) => Some(id.text().into_owned()),
        Some(_) => return Err(KeySetError::KeyId),
    };
    Ok(Some(Key { id, material: jwk.material(kind, algorithm)? }))
}

impl<'t> Jwk<'t> {
    fn read(text: &'t str) -> Result<Self, KeySetError> {
        let mut jwk = Self::default();
        json::object(text, |name, value| match name {
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
            // RFC 7518 §6.3.2, §6.4.1; RFC 8037 §2. Any of an RSA key's numbers gives the others away.
            "d" | "k" | "p" | "q" | "dp" | "dq" | "qi" | "oth" => jwk.is_secret = true,
            _ => {}
        })
        .map_err(|_| KeySetError::NotAnObject)?;
        jwk.is_secret |= jwk.kty.is_some_and(|kty| says(kty, "oct"));
        Ok(jwk)
    }

    /// RFC 7517 §4.2 and §4.3: a key that does not say what it is for is for this.
    fn is_for_signatures(&self) -> bool {
        let verifies = |operations| {
            let mut verifies = false;
            if let Value::Array(operations) = operations {
                // It was read once already, as a part of the key.
                let _ = json::array(operations, |operation| verifies |= says(operation, "verify"));
            }
            verifies
        };
        self.purpose.is_none_or(|purpose| says(purpose, "sig")) && self.operations.is_none_or(verifies)
    }

    fn kind(&self) -> Option<Kind> {
        match (&*text(self.kty), &*text(self.crv)) {
            ("OKP", "Ed25519") => Some(Kind::Ed25519),
            ("EC", "P-256") => Some(Kind::P256),
            ("RSA", _) => Some(Kind::Rsa),
            _ => None,
        }
    }

    /// The one algorithm that the key is for; `None` where it is one that is not understood.
    fn algorithm(&self, kind: Kind) -> Result<Option<Algorithm>, KeySetError> {
        match self.alg {
            None => Ok(Some(kind.usual_algorithm())),
            Some(Value::String(name)) => Ok(Algorithm::named(&name.text())),
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
    /// The algorithm of a key that names none: the only one of its kind, and for RSA the one that everybody means.
    fn usual_algorithm(self) -> Algorithm {
        match self {
            Self::Ed25519 => Algorithm::EdDsa,
            Self::P256 => Algorithm::Es256,
            Self::Rsa => Algorithm::Rs256,
        }
    }
}

/// What a member says; nothing, where it is missing or no string.
fn text(member: Option<Value<'_>>) -> Cow<'_, str> {
    member.and_then(Value::as_string).map(JsonString::text).unwrap_or_default()
}

fn says(member: Value<'_>, text: &str) -> bool {
    member.as_string().is_some_and(|string| string.says(text))
}
