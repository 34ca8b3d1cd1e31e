//! Reading a token without trusting it: for display, and to know when to renew it.

use std::borrow::Cow;

use crate::{
    UnixSeconds, VerifyError,
    claims::expiry,
    compact::{Segments, Workspace},
};

/// What a token says, unverified: anybody may have written it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedToken<'w> {
    header: Cow<'w, str>,
    claims: Cow<'w, str>,
}

impl DecodedToken<'_> {
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
pub fn decode(token: &str) -> Result<DecodedToken<'static>, VerifyError> {
    let mut workspace = Workspace::new();
    let DecodedToken { header, claims } = decode_in(&mut workspace, token)?;
    Ok(DecodedToken { header: Cow::Owned(header.into_owned()), claims: Cow::Owned(claims.into_owned()) })
}

/// As [`decode`], in memory that is there already.
pub fn decode_in<'w>(workspace: &'w mut Workspace, token: &str) -> Result<DecodedToken<'w>, VerifyError> {
    let token = Segments::of(token)?.decode(workspace)?;
    token.header.members(|_, _| ())?;
    token.claims.members(|_, _| ())?;
    Ok(DecodedToken { header: Cow::Borrowed(token.header.text), claims: Cow::Borrowed(token.claims.text) })
}

/// Reads when a token runs out, its claim `exp` (RFC 7519 §4.1.4), and nothing else of it: what stands in its header or behind
/// that claim may be anything. It proves nothing: see [`Verifier`](crate::Verifier).
pub fn expires_at(token: &str) -> Result<UnixSeconds, VerifyError> {
    expires_at_in(&mut Workspace::new(), token)
}

/// As [`expires_at`], in memory that is there already.
pub fn expires_at_in(workspace: &mut Workspace, token: &str) -> Result<UnixSeconds, VerifyError> {
    expiry(Segments::of(token)?.claims(workspace)?.member("exp")?)
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

    #[test]
    fn one_workspace_serves_tokens_of_every_length_one_after_the_other() {
        let mut workspace = Workspace::new();
        for token in [UNSIGNED, "e30.e30.AQ", UNSIGNED, "e30.e31.AQ", UNSIGNED] {
            assert_eq!(decode_in(&mut workspace, token), decode(token), "{token}");
        }
    }
}
