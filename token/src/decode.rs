//! Reading a token without trusting it: for display, and to know when to renew it.

use serde_json::Value;

use crate::{
    UnixSeconds, VerifyError,
    claims::time_claim,
    compact::{CompactToken, JsonSegment},
};

/// What a token says, unverified: anybody may have written it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedToken {
    header: String,
    claims: String,
}

impl DecodedToken {
    /// The header, a JSON object, as the token spells it.
    #[must_use]
    pub fn header_json(&self) -> &str {
        &self.header
    }

    /// The claims, a JSON object, as the token spells them.
    #[must_use]
    pub fn claims_json(&self) -> &str {
        &self.claims
    }
}

/// Reads header and claims of a token of any algorithm. It proves nothing: see [`Verifier`](crate::Verifier).
pub fn decode(token: &str) -> Result<DecodedToken, VerifyError> {
    let CompactToken { header: JsonSegment { text: header, .. }, claims: JsonSegment { text: claims, .. }, .. } =
        CompactToken::parse(token)?;
    Ok(DecodedToken { header, claims })
}

/// Reads when a token runs out, its claim `exp` (RFC 7519 §4.1.4). It proves nothing: see
/// [`Verifier`](crate::Verifier).
pub fn expires_at(token: &str) -> Result<UnixSeconds, VerifyError> {
    let token = CompactToken::parse(token)?;
    let exp: Option<&Value> = token.claims.members.get("exp");
    time_claim("exp", exp)?.ok_or_else(|| VerifyError::of_claim("exp", "is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    // {"alg":"none"}.{"exp":1790000000}.<one byte>
    const UNSIGNED: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3OTAwMDAwMDB9.AQ";

    #[test]
    fn any_well_formed_token_is_read_and_nothing_is_proved() {
        let decoded = decode(UNSIGNED).unwrap();
        assert_eq!(decoded.header_json(), r#"{"alg":"none"}"#);
        assert_eq!(decoded.claims_json(), r#"{"exp":1790000000}"#);
        assert_eq!(expires_at(UNSIGNED).unwrap().seconds(), 1_790_000_000);
    }

    #[test]
    fn a_token_without_exp_never_counts_as_valid_for_ever() {
        let error = expires_at("e30.e30.AQ").unwrap_err();
        assert_eq!((error.code(), error.claim()), ("ERR_CLAIM_INVALID", Some("exp")));
    }
}
