//! The compact serialisation of a signed token (RFC 7515 §7.1), taken apart strictly and trusted in nothing.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};

use crate::{
    error::{Part, VerifyError},
    json::{self, JsonFault},
    key::Key,
};

/// The longest token that is read, in bytes. Ours are about 600 bytes long, and proxies cut headers at 8 KiB.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// A token in its three parts, each well-formed, none verified.
pub(crate) struct CompactToken<'t> {
    /// What the signature is over: the first two segments and the dot between them.
    pub(crate) signing_input: &'t str,
    pub(crate) header: JsonSegment,
    pub(crate) claims: JsonSegment,
    pub(crate) signature: Vec<u8>,
}

/// A segment that holds a JSON object: its text as it was signed, and what it says.
pub(crate) struct JsonSegment {
    pub(crate) text: String,
    pub(crate) members: Map<String, Value>,
}

impl<'t> CompactToken<'t> {
    pub(crate) fn parse(token: &'t str) -> Result<Self, VerifyError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(VerifyError::TooLarge { length: token.len() });
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(VerifyError::Segments)?;
        let (header, claims) = signing_input.split_once('.').ok_or(VerifyError::Segments)?;
        if claims.contains('.') {
            return Err(VerifyError::Segments);
        }
        Ok(Self {
            signing_input,
            header: JsonSegment::parse(header, Part::Header)?,
            claims: JsonSegment::parse(claims, Part::Claims)?,
            signature: base64url(signature, Part::Signature)?,
        })
    }
}

impl CompactToken<'_> {
    pub(crate) fn is_signed_by(&self, key: &Key) -> bool {
        key.verify(self.signing_input.as_bytes(), &self.signature)
    }
}

impl JsonSegment {
    fn parse(segment: &str, part: Part) -> Result<Self, VerifyError> {
        let text = String::from_utf8(base64url(segment, part)?).map_err(|_| VerifyError::Utf8 { part })?;
        let members = json::object(&text).map_err(|fault| match fault {
            JsonFault::Syntax => VerifyError::Json { part },
            JsonFault::DuplicateMember => VerifyError::DuplicateMember { part },
            JsonFault::TooDeep => VerifyError::TooDeep { part },
        })?;
        Ok(Self { text, members })
    }
}

/// `base64ct` refuses padding, white space, the other alphabet and non-zero trailing bits, so that each value has one
/// spelling only.
fn base64url(segment: &str, part: Part) -> Result<Vec<u8>, VerifyError> {
    Base64UrlUnpadded::decode_vec(segment).map_err(|_| VerifyError::Base64 { part })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(token: &str) -> VerifyError {
        match CompactToken::parse(token) {
            Ok(_) => panic!("{token:?} was accepted"),
            Err(error) => error,
        }
    }

    #[test]
    fn three_segments_are_taken_apart() {
        let token = CompactToken::parse("eyJhIjoxfQ.e30.AQI").unwrap();
        assert_eq!(token.signing_input, "eyJhIjoxfQ.e30");
        assert_eq!(token.header.text, r#"{"a":1}"#);
        assert_eq!(token.claims.text, "{}");
        assert_eq!(token.signature, [1, 2]);
    }

    #[test]
    fn other_than_three_segments_are_refused() {
        for token in ["", "e30", "e30.e30", "e30.e30.AQI.", "e30.e30.AQI.AQI", ".e30.e30.AQI"] {
            assert_eq!(refusal(token), VerifyError::Segments, "{token}");
        }
    }

    #[test]
    fn each_value_has_one_spelling_in_base64url() {
        // Padding, white space, the other alphabet, non-zero trailing bits (AQI is 01 02, AQJ differs in those alone).
        for signature in ["AQI=", "AQ I", "AQI\n", "A+/I", "AQJ", "A", "é"] {
            let part = Part::Signature;
            assert_eq!(refusal(&format!("e30.e30.{signature}")), VerifyError::Base64 { part }, "{signature:?}");
        }
        assert_eq!(refusal("e31.e30.AQI"), VerifyError::Base64 { part: Part::Header });
        assert_eq!(refusal("e30. e30.AQI"), VerifyError::Base64 { part: Part::Claims });
    }

    #[test]
    fn segments_that_are_no_json_objects_are_refused() {
        let segment = |bytes: &[u8]| Base64UrlUnpadded::encode_string(bytes);
        let part = Part::Claims;
        assert_eq!(refusal(&format!("e30.{}.AQI", segment(b"{\"a\":\"\xff\"}"))), VerifyError::Utf8 { part });
        assert_eq!(refusal(&format!("e30.{}.AQI", segment(b"[]"))), VerifyError::Json { part });
        assert_eq!(refusal("e30..AQI"), VerifyError::Json { part });
        let twice = segment(br#"{"sub":"a","sub":"b"}"#);
        assert_eq!(refusal(&format!("{twice}.e30.AQI")), VerifyError::DuplicateMember { part: Part::Header });
        let deep = segment(format!(r#"{{"a":{}"#, "[".repeat(99)).as_bytes());
        assert_eq!(refusal(&format!("e30.{deep}.AQI")), VerifyError::TooDeep { part });
    }

    #[test]
    fn more_than_eight_kibibytes_are_not_read() {
        let longest = "a".repeat(MAX_TOKEN_BYTES);
        assert_eq!(refusal(&longest), VerifyError::Segments);
        assert_eq!(refusal(&format!("{longest}a")), VerifyError::TooLarge { length: MAX_TOKEN_BYTES + 1 });
    }
}
