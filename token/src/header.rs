//! The header of a token (RFC 7515 §4). It is checked, and determines nothing about the signature.

use crate::{
    Algorithm, AlgorithmFault, Excerpt, Mismatch, Policy, VerifyError,
    compact::JsonSegment,
    json::{JsonString, Value},
};

/// The members of a header that the verifier checks. It ignores keys and their addresses (`jwk`, `jku`, `x5c`, `x5u`):
/// a forger would supply its own.
#[derive(Default)]
pub(crate) struct Header<'w> {
    alg: Option<Value<'w>>,
    typ: Option<Value<'w>>,
    kid: Option<Value<'w>>,
    has_crit: bool,
}

/// A header that the policy accepts.
pub(crate) struct CheckedHeader<'w> {
    pub(crate) algorithm: Algorithm,
    /// The algorithm as written.
    pub(crate) alg: JsonString<'w>,
    pub(crate) kid: Option<JsonString<'w>>,
}

impl<'w> Header<'w> {
    pub(crate) fn read(segment: JsonSegment<'w>) -> Result<Self, VerifyError> {
        let mut header = Self::default();
        segment.members(|name, value| match name {
            "alg" => header.alg = Some(value),
            "typ" => header.typ = Some(value),
            "kid" => header.kid = Some(value),
            "crit" => header.has_crit = true,
            _ => {}
        })?;
        Ok(header)
    }

    /// Checks the header.
    pub(crate) fn check(self, policy: &Policy) -> Result<CheckedHeader<'w>, VerifyError> {
        if self.has_crit {
            return Err(VerifyError::Critical);
        }
        let alg = self.alg.and_then(Value::as_string).ok_or(VerifyError::Algorithm(AlgorithmFault::NotAString))?;
        let unsupported = || VerifyError::Algorithm(AlgorithmFault::Unsupported(Excerpt::of(&alg.text())));
        let algorithm = Algorithm::named(&alg.text()).ok_or_else(unsupported)?;
        let typ = self.typ.and_then(Value::as_string).map(JsonString::text);
        if !policy.accepts_type(typ.as_deref()) {
            let expected = Excerpt::of_option(policy.types.as_deref());
            return Err(VerifyError::Type(Box::new(Mismatch::new(expected, Excerpt::of_value(self.typ)))));
        }
        let kid = self.kid.map(|kid| kid.as_string().ok_or(VerifyError::KeyId)).transpose()?;
        Ok(CheckedHeader { algorithm, alg, kid })
    }
}
