//! A strict parser of the compact serialization of a signed token (RFC 7515 §7.1).

use std::str;

use crate::{
    base64url,
    error::{Part, VerifyError},
    json::{self, JsonFault, Value},
};

/// The maximum length of a token in bytes, unless the policy sets another one. Hallpass tokens have about 600 bytes, and proxies
/// limit headers to 8 KiB.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The maximum length of a token in bytes that a policy can set, and that is decoded without a policy.
pub const LARGEST_TOKEN_BYTES: usize = 64 * 1024;

/// Buffers for decoded tokens. A caller that reuses one allocates no memory per token.
#[derive(Debug, Default)]
pub struct Workspace {
    header: Vec<u8>,
    claims: Vec<u8>,
    signature: Vec<u8>,
}

impl Workspace {
    /// Empty buffers, which grow with the first tokens.
    #[must_use]
    pub const fn new() -> Self {
        Self { header: Vec::new(), claims: Vec::new(), signature: Vec::new() }
    }
}

/// A token in its three segments.
#[derive(Clone, Copy)]
pub(crate) struct Segments<'t> {
    /// The signed bytes: the first two segments and the dot between them.
    pub(crate) signing_input: &'t str,
    header: &'t str,
    claims: &'t str,
    signature: &'t str,
}

/// A token with well-formed segments, unverified. Header and claims are UTF-8; reading them checks that they are JSON.
pub(crate) struct CompactToken<'t, 'w> {
    pub(crate) signing_input: &'t str,
    pub(crate) header: JsonSegment<'w>,
    pub(crate) claims: JsonSegment<'w>,
    pub(crate) signature: &'w [u8],
}

/// A segment that must be a JSON object.
#[derive(Clone, Copy)]
pub(crate) struct JsonSegment<'w> {
    pub(crate) text: &'w str,
    part: Part,
}

impl<'t> Segments<'t> {
    /// Splits a token of at most `max` bytes.
    pub(crate) fn of(token: &'t str, max: usize) -> Result<Self, VerifyError> {
        let max = max.min(LARGEST_TOKEN_BYTES);
        if token.len() > max {
            return Err(VerifyError::TooLarge { length: token.len(), max });
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(VerifyError::Segments)?;
        let (header, claims) = signing_input.split_once('.').ok_or(VerifyError::Segments)?;
        if claims.contains('.') {
            return Err(VerifyError::Segments);
        }
        Ok(Self { signing_input, header, claims, signature })
    }

    /// Decodes the claims only.
    pub(crate) fn claims(self, workspace: &mut Workspace) -> Result<JsonSegment<'_>, VerifyError> {
        JsonSegment::decode(self.claims, Part::Claims, &mut workspace.claims)
    }

    /// Decodes all segments.
    pub(crate) fn decode<'w>(self, workspace: &'w mut Workspace) -> Result<CompactToken<'t, 'w>, VerifyError> {
        let header = JsonSegment::decode(self.header, Part::Header, &mut workspace.header)?;
        let claims = JsonSegment::decode(self.claims, Part::Claims, &mut workspace.claims)?;
        decode_into(self.signature, Part::Signature, &mut workspace.signature)?;
        Ok(CompactToken { signing_input: self.signing_input, header, claims, signature: &workspace.signature })
    }
}

impl<'w> JsonSegment<'w> {
    fn decode(segment: &str, part: Part, bytes: &'w mut Vec<u8>) -> Result<Self, VerifyError> {
        decode_into(segment, part, bytes)?;
        let text = str::from_utf8(bytes).map_err(|_| VerifyError::Utf8 { part })?;
        Ok(Self { text, part })
    }

    /// Reads the segment, and passes each member to `member`.
    pub(crate) fn members(self, member: impl FnMut(&str, Value<'w>)) -> Result<(), VerifyError> {
        json::object(self.text, member).map_err(|fault| self.error(fault))
    }

    /// The member with this name; the rest of the segment is not read.
    pub(crate) fn member(self, name: &str) -> Result<Option<Value<'w>>, VerifyError> {
        json::member(self.text, name).map_err(|fault| self.error(fault))
    }

    fn error(self, fault: JsonFault) -> VerifyError {
        let part = self.part;
        match fault {
            JsonFault::Syntax => VerifyError::Json { part },
            JsonFault::DuplicateMember => VerifyError::DuplicateMember { part },
            JsonFault::TooDeep => VerifyError::TooDeep { part },
        }
    }
}

fn decode_into(segment: &str, part: Part, bytes: &mut Vec<u8>) -> Result<(), VerifyError> {
    base64url::decode_into(segment, bytes).map_err(|_| VerifyError::Base64 { part })
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};

    use super::*;

    fn refusal(token: &str) -> VerifyError {
        let mut workspace = Workspace::new();
        let read = Segments::of(token, MAX_TOKEN_BYTES).and_then(|segments| segments.decode(&mut workspace)).and_then(
            |token| {
                token.header.members(|_, _| ())?;
                token.claims.members(|_, _| ())
            },
        );
        read.expect_err(token)
    }

    #[test]
    fn three_segments_are_decoded() {
        let mut workspace = Workspace::new();
        let token = Segments::of("eyJhIjoxfQ.e30.AQI", MAX_TOKEN_BYTES).unwrap().decode(&mut workspace).unwrap();
        assert_eq!(token.signing_input, "eyJhIjoxfQ.e30");
        assert_eq!(token.header.text, r#"{"a":1}"#);
        assert_eq!(token.claims.text, "{}");
        assert_eq!(token.signature, [1, 2]);
    }

    #[test]
    fn another_number_of_segments_is_refused() {
        for token in ["", "e30", "e30.e30", "e30.e30.AQI.", "e30.e30.AQI.AQI", ".e30.e30.AQI"] {
            assert_eq!(refusal(token), VerifyError::Segments, "{token}");
        }
    }

    #[test]
    fn only_canonical_base64url_is_accepted() {
        // Padding, white space, the other alphabet, non-zero trailing bits (AQI is 01 02, AQJ differs only in those).
        for signature in ["AQI=", "AQ I", "AQI\n", "A+/I", "AQJ", "A", "é"] {
            let part = Part::Signature;
            assert_eq!(refusal(&format!("e30.e30.{signature}")), VerifyError::Base64 { part }, "{signature:?}");
        }
        assert_eq!(refusal("e31.e30.AQI"), VerifyError::Base64 { part: Part::Header });
        assert_eq!(refusal("e30. e30.AQI"), VerifyError::Base64 { part: Part::Claims });
    }

    #[test]
    fn segments_that_are_not_json_objects_are_refused() {
        let segment = |bytes: &[u8]| Base64UrlUnpadded::encode_string(bytes);
        let part = Part::Claims;
        assert_eq!(refusal(&format!("e30.{}.AQI", segment(b"{\"a\":\"\xff\"}"))), VerifyError::Utf8 { part });
        assert_eq!(refusal(&format!("e30.{}.AQI", segment(b"[]"))), VerifyError::Json { part });
        assert_eq!(refusal("e30..AQI"), VerifyError::Json { part });
        let duplicate = segment(br#"{"sub":"a","sub":"b"}"#);
        assert_eq!(refusal(&format!("{duplicate}.e30.AQI")), VerifyError::DuplicateMember { part: Part::Header });
        let deep = segment(format!(r#"{{"a":{}"#, "[".repeat(99)).as_bytes());
        assert_eq!(refusal(&format!("e30.{deep}.AQI")), VerifyError::TooDeep { part });
    }

    #[test]
    fn more_bytes_than_the_maximum_are_refused() {
        for (max, effective) in [(100, 100), (MAX_TOKEN_BYTES, MAX_TOKEN_BYTES), (usize::MAX, LARGEST_TOKEN_BYTES)] {
            let refusal = |length| Segments::of(&"a".repeat(length), max).err();
            assert_eq!(refusal(effective), Some(VerifyError::Segments));
            let too_large = VerifyError::TooLarge { length: effective + 1, max: effective };
            assert_eq!(refusal(effective + 1), Some(too_large));
        }
    }
}
