//! The header of a token (RFC 7515 §4). It is checked, and determines nothing about the signature.

use crate::{
    Algorithm, Policy, VerifyError,
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

    /// Checks the header, and returns its algorithm and its `kid`.
    pub(crate) fn check(self, policy: &Policy) -> Result<(Algorithm, Option<JsonString<'w>>), VerifyError> {
        if self.has_crit {
            return Err(VerifyError::Critical);
        }
        let algorithm = self.alg.and_then(Value::as_string).and_then(|alg| Algorithm::named(&alg.text()));
        let algorithm = algorithm.ok_or(VerifyError::Algorithm)?;
        let typ = self.typ.and_then(Value::as_string).map(JsonString::text);
        if !policy.accepts_type(typ.as_deref()) {
            return Err(VerifyError::Type);
        }
        let kid = self.kid.map(|kid| kid.as_string().ok_or(VerifyError::KeyId)).transpose()?;
        Ok((algorithm, kid))
    }
}
