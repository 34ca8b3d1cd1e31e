//! Reads a token without verification: for display, and to know when to renew it.

use std::borrow::Cow;

use crate::{
    UnixSeconds, VerifyError,
    claims::expiry,
    compact::{LARGEST_TOKEN_BYTES, Segments, Workspace},
};

/// The header and claims of an unverified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedToken<'w> {
    header: Cow<'w, str>,
    claims: Cow<'w, str>,
}

impl DecodedToken<'_> {
    /// The header, a JSON object, as written in the token.
    #[must_use]
    pub fn header_json(&self) -> &str {
        &self.header
    }

    /// The claims, a JSON object, as written in the token.
    #[must_use]
    pub fn claims_json(&self) -> &str {
        &self.claims
    }
}

/// Reads header and claims of a token of any algorithm, without verification: see [`Verifier`](crate::Verifier).
pub fn decode(token: &str) -> Result<DecodedToken<'static>, VerifyError> {
    let mut workspace = Workspace::new();
    let DecodedToken { header, claims } = decode_in(&mut workspace, token)?;
    Ok(DecodedToken { header: Cow::Owned(header.into_owned()), claims: Cow::Owned(claims.into_owned()) })
}

/// As [`decode`], in existing buffers.
pub fn decode_in<'w>(workspace: &'w mut Workspace, token: &str) -> Result<DecodedToken<'w>, VerifyError> {
    let token = Segments::of(token, LARGEST_TOKEN_BYTES)?.decode(workspace)?;
    token.header.members(|_, _| ())?;
    token.claims.members(|_, _| ())?;
    Ok(DecodedToken { header: Cow::Borrowed(token.header.text), claims: Cow::Borrowed(token.claims.text) })
}

/// Reads when a token expires, its claim `exp` (RFC 7519 §4.1.4), without verification: see
/// [`Verifier`](crate::Verifier). The header and whatever follows that claim are not checked.
pub fn expires_at(token: &str) -> Result<UnixSeconds, VerifyError> {
    expires_at_in(&mut Workspace::new(), token)
}

/// As [`expires_at`], in existing buffers.
pub fn expires_at_in(workspace: &mut Workspace, token: &str) -> Result<UnixSeconds, VerifyError> {
    expiry(Segments::of(token, LARGEST_TOKEN_BYTES)?.claims(workspace)?.member("exp")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    // {"alg":"none"}.{"exp":1790000000}.<one byte>
    const UNSIGNED: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3OTAwMDAwMDB9.AQ";

    #[test]
    fn a_well_formed_token_is_read_without_verification() {
        let decoded = decode(UNSIGNED).unwrap();
        assert_eq!(decoded.header_json(), r#"{"alg":"none"}"#);
        assert_eq!(decoded.claims_json(), r#"{"exp":1790000000}"#);
        assert_eq!(expires_at(UNSIGNED).unwrap().seconds(), 1_790_000_000);
    }

    #[test]
    fn a_token_without_exp_is_refused() {
        let error = expires_at("e30.e30.AQ").unwrap_err();
        assert_eq!((error.code(), error.claim()), ("ERR_CLAIM_INVALID", Some("exp")));
    }

    #[test]
    fn a_workspace_is_reused_for_tokens_of_every_length() {
        let mut workspace = Workspace::new();
        for token in [UNSIGNED, "e30.e30.AQ", UNSIGNED, "e30.e31.AQ", UNSIGNED] {
            assert_eq!(decode_in(&mut workspace, token), decode(token), "{token}");
        }
    }
}
