//! Why a token is refused: one variant per cause, each with a stable code and a message.

use std::{borrow::Cow, fmt};

use crate::{Excerpt, Mismatch, TimeOutOfRange};

/// Why a token was refused. Of the token, a message contains at most public values that are not what was expected: `iss`,
/// `aud`, `typ` and `alg`, each cut at 100 characters.
///
/// Of several errors the first is reported, in the order structure, header, key, signature, claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The token is longer than [`Policy::max_token_bytes`](crate::Policy::max_token_bytes).
    #[error("the token has {length} bytes; the maximum is {max}")]
    TooLarge {
        /// The length of the token in bytes.
        length: usize,
        /// The maximum.
        max: usize,
    },
    /// Not exactly three segments (RFC 7515 §7.1).
    #[error("the token must be three segments separated by dots: header, claims, signature")]
    Segments,
    /// A segment is not canonical base64url without padding (RFC 7515 §2).
    #[error("the {part} must be canonical base64url without padding or white space")]
    Base64 {
        /// The invalid segment.
        part: Part,
    },
    /// A segment is not UTF-8.
    #[error("the {part} must be UTF-8")]
    Utf8 {
        /// The invalid segment.
        part: Part,
    },
    /// A segment is not a JSON object.
    #[error("the {part} must be a JSON object")]
    Json {
        /// The invalid segment.
        part: Part,
    },
    /// An object has a duplicate member, which parsers could read differently (RFC 7519 §4).
    #[error("the {part} must not have duplicate members")]
    DuplicateMember {
        /// The invalid segment.
        part: Part,
    },
    /// Objects and arrays are nested too deeply.
    #[error("the {part} must not be nested deeper than 16 levels")]
    TooDeep {
        /// The invalid segment.
        part: Part,
    },
    /// The header requires an extension, and none is supported (RFC 7515 §4.1.11).
    #[error("the header must not have `crit`: no extension is supported")]
    Critical,
    /// The header's `typ` is missing or not accepted. By default it must be an access token's, `at+jwt` (RFC 9068
    /// §2.1).
    #[error("the header's `typ` must be an accepted type: {0}")]
    Type(Box<Mismatch>),
    /// The header's `alg` is missing, not a string, not supported, or not the key's.
    #[error("the header's `alg` {0}")]
    Algorithm(AlgorithmFault),
    /// The header's `kid` is not a string.
    #[error("the header's `kid` must be a string")]
    KeyId,
    /// No key of the set has the header's `kid`.
    #[error("no key of the key set has the token's `kid`")]
    KeyUnknown,
    /// On WebAssembly: the runtime's WebCrypto verifies ECDSA and RSA signatures, and returns a promise.
    #[error("WebCrypto verifies ECDSA and RSA signatures asynchronously: use `verify`")]
    NeedsAsync,
    /// The signature is not the key's signature of this token.
    #[error("the signature is invalid")]
    Signature,
    /// The token has expired: `now >= exp + leeway`.
    #[error("the token has expired")]
    Expired,
    /// The token is not valid yet: `now + leeway < nbf`.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The token was issued too long ago: `now >= iat + max_token_age + leeway`.
    #[error("the token was issued too long ago")]
    TooOld,
    /// A claim is missing, of the wrong type, or has another value than expected.
    #[error("the claim `{claim}` {reason}{}", Details(mismatch.as_deref()))]
    Claim {
        /// The claim's name.
        claim: Cow<'static, str>,
        /// The error, as a predicate after the claim's name.
        reason: &'static str,
        /// The values of `iss` or `aud`, if they differ.
        mismatch: Option<Box<Mismatch>>,
    },
    /// The current time is out of range.
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
            Self::Type(_) => "ERR_TYP_NOT_ACCEPTED",
            Self::Algorithm(_) => "ERR_ALG_NOT_ALLOWED",
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

    /// The invalid claim, if the cause is a claim.
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

    /// The error of the invalid claim, as a predicate after its name.
    #[must_use]
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Claim { reason, .. } => Some(reason),
            Self::Expired => Some("has passed"),
            Self::NotYetValid => Some("is in the future"),
            Self::TooOld => Some("is too long ago"),
            _ => None,
        }
    }
}

impl VerifyError {
    pub(crate) fn of_claim(claim: impl Into<Cow<'static, str>>, reason: &'static str) -> Self {
        Self::Claim { claim: claim.into(), reason, mismatch: None }
    }
}

/// What is wrong with a header's `alg`, as a predicate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AlgorithmFault {
    /// It is missing, or not a string.
    #[error("must be a string")]
    NotAString,
    /// It is `none`, or an algorithm that this verifier does not support.
    #[error("is not supported: {0}")]
    Unsupported(Excerpt),
    /// It is not that of a key with the token's `kid`.
    #[error("must be that of the key: {0}")]
    OfNoKey(Box<Mismatch>),
}

/// The mismatch at the end of a message.
struct Details<'e>(Option<&'e Mismatch>);

impl fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |mismatch| write!(f, ": {mismatch}"))
    }
}

/// One of the three segments of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first segment, with the algorithm and the key's id.
    Header,
    /// The second segment.
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

    /// Every code, in the order of `ERROR_CODES.md`. The match in `code` has no wildcard.
    fn every_code() -> Vec<&'static str> {
        let part = Part::Claims;
        let of_tokens = [
            VerifyError::TooLarge { length: 0, max: 0 },
            VerifyError::Segments,
            VerifyError::Base64 { part },
            VerifyError::Utf8 { part },
            VerifyError::Json { part },
            VerifyError::DuplicateMember { part },
            VerifyError::TooDeep { part },
            VerifyError::Critical,
            VerifyError::Type(Box::new(Mismatch::new(Excerpt::of("at+jwt"), Excerpt::of_value(None)))),
            VerifyError::Algorithm(AlgorithmFault::NotAString),
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
    fn error_codes_md_lists_exactly_the_codes() {
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
