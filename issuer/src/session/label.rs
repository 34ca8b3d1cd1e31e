//! The label of a session in a list: the user agent of its sign-in, cut to a maximum size.

use std::fmt;

use super::agent;
use crate::foreign_text::{displayable, without_tokens};

/// The maximum size of a label. Browsers send 60 to 200 bytes, with their own name at the end.
pub(crate) const LABEL_BYTES: usize = 256;

/// The maximum input. Characters that cannot be displayed are removed, and a client can send 32 KB.
const READ_BYTES: usize = 4 * LABEL_BYTES;

/// A user agent, at most [`LABEL_BYTES`] of UTF-8, possibly empty. The client chose it, so that it is displayed and
/// never used in a decision. The label of a record is kept unchanged, and cleaned when it is displayed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Label(String);

impl Label {
    /// Makes a label from a user agent of any bytes.
    pub(crate) fn of_user_agent(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut label = without_tokens(&displayable(&text[..text.floor_char_boundary(READ_BYTES)]));
        label.truncate(label.floor_char_boundary(LABEL_BYTES));
        Self(label)
    }

    /// Reads the label of a record.
    pub(super) fn of_record(bytes: &[u8]) -> Option<Self> {
        Some(Self(str::from_utf8(bytes).ok().filter(|text| text.len() <= LABEL_BYTES)?.to_owned()))
    }

    /// The bytes for a record.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The client's name for display: `Firefox 145 on Linux`. `None` if the label has no name.
    pub(crate) fn client(&self) -> Option<String> {
        agent::client(&self.to_string())
    }
}

/// Cleans the label, since labels of earlier builds may have characters that are now removed.
impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_tokens(&displayable(&self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_keeps_what_fits_of_a_user_agent() {
        let label = |bytes: &[u8]| Label::of_user_agent(bytes).to_string();
        assert_eq!(label(b"curl/8.5.0"), "curl/8.5.0");
        assert_eq!(label(b""), "");
        assert_eq!(label("x ".repeat(200).as_bytes()), "x ".repeat(128));
        assert_eq!(label("é".repeat(200).as_bytes()), "é".repeat(128));
        assert_eq!(label(format!("x{}", "é".repeat(200)).as_bytes()), format!("x{}", "é".repeat(127)));
        let hidden = "\u{200b}".repeat(READ_BYTES / 3 + 1);
        assert_eq!(
            (label(hidden.as_bytes()), label((hidden + " far away").as_bytes())),
            (String::new(), String::new())
        );
        assert_eq!(label(b"two\nlines\x1b[31m\xff"), "twolines[31m\u{fffd}");
    }

    #[test]
    fn a_label_holds_no_token_and_nothing_that_cannot_be_seen() {
        let token = format!("hprt_{}", "A".repeat(120));
        let label = Label::of_user_agent(format!("app/1 {token} \u{202e}gpj.exe").as_bytes());
        assert_eq!(label.to_string(), "app/1 [redacted] gpj.exe");
        // A token that appears only after the cleaning is removed too.
        assert_eq!(Label::of_user_agent("hp\u{200b}rt_x".as_bytes()).to_string(), "[redacted]");
        let kept = Label::of_record("old hprt_AAAA\u{202e}".as_bytes()).unwrap();
        assert_eq!(kept.as_bytes(), "old hprt_AAAA\u{202e}".as_bytes());
        assert_eq!(kept.to_string(), "old [redacted]");
    }
}
