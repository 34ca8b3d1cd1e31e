//! Why a token is refused: one variant a cause, each with a stable code for machines and words for people.

use std::{borrow::Cow, fmt};

use crate::{MAX_TOKEN_BYTES, TimeOutOfRange};

/// Why a token was refused. The text never contains the token or any part of it.
///
/// Of several faults the first is named, in the order structure, header, key, signature, claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The token is longer than [`MAX_TOKEN_BYTES`].
    #[error("the token is {length} bytes long; at most {MAX_TOKEN_BYTES} are read")]
    TooLarge {
        /// Length of the token in bytes.
        length: usize,
    },
    /// Not exactly three segments (RFC 7515 §7.1).
    #[error("the token must be three segments joined by dots: header, claims, signature")]
    Segments,
    /// A segment is not canonical base64url without padding (RFC 7515 §2).
    #[error("the {part} must be base64url without padding, white space or stray bits")]
    Base64 {
        /// The segment at fault.
        part: Part,
    },
    /// A segment is not UTF-8.
    #[error("the {part} must be UTF-8")]
    Utf8 {
        /// The segment at fault.
        part: Part,
    },
    /// A segment is not a JSON object.
    #[error("the {part} must be a JSON object")]
    Json {
        /// The segment at fault.
        part: Part,
    },
    /// A member's name stands twice in one object: two readers could disagree (RFC 7519 §4).
    #[error("the {part} must not name a member twice")]
    DuplicateMember {
        /// The segment at fault.
        part: Part,
    },
    /// Objects and arrays are nested too deep.
    #[error("the {part} must not be nested deeper than 16")]
    TooDeep {
        /// The segment at fault.
        part: Part,
    },
    /// The header demands an extension, and none is understood (RFC 7515 §4.1.11).
    #[error("the header must not have `crit`: no extension is understood")]
    Critical,
    /// The header's `typ` is missing or none that is accepted: by default an access token's, `at+jwt` (RFC 9068 §2.1).
    #[error("the header's `typ` must be one that is accepted, by default `at+jwt`")]
    Type,
    /// The header's `alg` is missing, not a string, or not the key's.
    #[error("the header's `alg` must be the key's own algorithm")]
    Algorithm,
    /// The header's `kid` is not a string.
    #[error("the header's `kid` must be a string")]
    KeyId,
    /// No key of the set has the header's `kid`.
    #[error("no key of the key set has the token's `kid`")]
    KeyUnknown,
    /// On WebAssembly: the signature of an ES256, RS256 or PS256 token is checked by the runtime's own WebCrypto, which
    /// answers with a promise.
    #[error(
        "signatures by ES256, RS256 and PS256 are checked by WebCrypto, which has no synchronous form: use `verify`"
    )]
    NeedsAsync,
    /// The signature is not the key's over this token.
    #[error("the signature does not fit")]
    Signature,
    /// The token has run out: `now >= exp + leeway`.
    #[error("the token has expired")]
    Expired,
    /// The token is not valid yet: `now + leeway < nbf`.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The token was made too long ago: `now >= iat + max_token_age + leeway`.
    #[error("the token was issued too long ago")]
    TooOld,
    /// A claim is missing, of the wrong type, or not the expected one.
    #[error("the claim `{claim}` {reason}")]
    Claim {
        /// The claim's name.
        claim: Cow<'static, str>,
        /// What is wrong with it, in words that follow its name.
        reason: &'static str,
    },
    /// The time to check against is out of range.
    #[error(transparent)]
    Time(#[from] TimeOutOfRange),
}

impl VerifyError {
    /// The stable code of this cause, listed in `ERROR_CODES.md`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "ERR_TOKEN_TOO_LARGE",
            Self::Segments => "ERR_TOKEN_SEGMENTS",
            Self::Base64 { .. } => "ERR_BASE64_INVALID",
            Self::Utf8 { .. } => "ERR_UTF8_INVALID",
            Self::Json { .. } => "ERR_JSON_INVALID",
            Self::DuplicateMember { .. } => "ERR_JSON_DUPLICATE_MEMBER",
            Self::TooDeep { .. } => "ERR_JSON_TOO_DEEP",
            Self::Critical => "ERR_CRIT_NOT_SUPPORTED",
            Self::Type => "ERR_TYP_NOT_ACCEPTED",
            Self::Algorithm => "ERR_ALG_NOT_ALLOWED",
            Self::KeyId => "ERR_KID_INVALID",
            Self::KeyUnknown => "ERR_KEY_UNKNOWN",
            Self::NeedsAsync => "ERR_ALG_NEEDS_ASYNC",
            Self::Signature => "ERR_SIGNATURE_INVALID",
            Self::Expired => "ERR_TOKEN_EXPIRED",
            Self::NotYetValid => "ERR_TOKEN_NOT_YET_VALID",
            Self::TooOld => "ERR_TOKEN_TOO_OLD",
            Self::Claim { .. } => "ERR_CLAIM_INVALID",
            Self::Time(_) => "ERR_TIME_INVALID",
        }
    }

    /// The claim at fault, where one is.
    #[must_use]
    pub fn claim(&self) -> Option<&str> {
        match self {
            Self::Claim { claim, .. } => Some(claim),
            Self::Expired => Some("exp"),
            Self::NotYetValid => Some("nbf"),
            Self::TooOld => Some("iat"),
            _ => None,
        }
    }

    /// What is wrong with the claim, in words that follow its name, where one is at fault.
    #[must_use]
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Claim { reason, .. } => Some(reason),
            Self::Expired => Some("has passed"),
            Self::NotYetValid => Some("is still to come"),
            Self::TooOld => Some("is too long ago"),
            _ => None,
        }
    }
}

impl VerifyError {
    pub(crate) fn of_claim(claim: impl Into<Cow<'static, str>>, reason: &'static str) -> Self {
        Self::Claim { claim: claim.into(), reason }
    }
}

/// One of the three segments of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first segment: how the token is signed.
    Header,
    /// The second segment: what the token says.
    Claims,
    /// The third segment.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Claims => "claims",
            Self::Signature => "signature",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::KeySetError;

    /// One of each, in the order of `ERROR_CODES.md`. The match in `code` keeps it complete: it has no wildcard.
    fn every_code() -> Vec<&'static str> {
        let part = Part::Claims;
        let of_tokens = [
            VerifyError::TooLarge { length: 0 },
            VerifyError::Segments,
            VerifyError::Base64 { part },
            VerifyError::Utf8 { part },
            VerifyError::Json { part },
            VerifyError::DuplicateMember { part },
            VerifyError::TooDeep { part },
            VerifyError::Critical,
            VerifyError::Type,
            VerifyError::Algorithm,
            VerifyError::KeyId,
            VerifyError::KeyUnknown,
            VerifyError::NeedsAsync,
            VerifyError::Signature,
            VerifyError::Expired,
            VerifyError::NotYetValid,
            VerifyError::TooOld,
            VerifyError::of_claim("exp", "is missing"),
            VerifyError::Time(TimeOutOfRange),
        ];
        of_tokens.iter().map(VerifyError::code).chain([KeySetError::NotAnObject.code()]).collect()
    }

    #[test]
    fn every_code_is_in_the_committed_list_and_no_other() {
        let listed: Vec<&str> = include_str!("../ERROR_CODES.md")
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        assert_eq!(listed, every_code());
    }

    #[test]
    fn no_two_causes_share_a_code() {
        let codes = every_code();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
    }
}
