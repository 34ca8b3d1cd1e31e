//! What a session is called in a list: the user agent that began it, cut to a fixed size.

use std::fmt;

use super::agent;
use crate::foreign_text::{displayable, without_tokens};

/// So much is kept of a user agent. What browsers send has 60 to 200 bytes, and their own name is at its end.
pub(crate) const LABEL_BYTES: usize = 256;

/// So much is looked at: what cannot be shown is left out, and a client can send 32 KB of it.
const READ_BYTES: usize = 4 * LABEL_BYTES;

/// A user agent's name for itself, at most [`LABEL_BYTES`] of UTF-8; perhaps empty. The client chose it: it is shown to people
/// and decides nothing. What a record holds is kept as it is, and made fit to be shown where it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Label(String);

impl Label {
    /// Takes what fits of a user agent, whatever bytes it is made of.
    pub(crate) fn of_user_agent(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut label = without_tokens(&displayable(&text[..text.floor_char_boundary(READ_BYTES)]));
        label.truncate(label.floor_char_boundary(LABEL_BYTES));
        Self(label)
    }

    /// Takes what a record holds.
    pub(super) fn of_record(bytes: &[u8]) -> Option<Self> {
        Some(Self(str::from_utf8(bytes).ok().filter(|text| text.len() <= LABEL_BYTES)?.to_owned()))
    }

    /// As a record holds it.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Which client it says it is, for people: `Firefox 145 on Linux`. None where it says nothing of the kind.
    pub(crate) fn client(&self) -> Option<String> {
        agent::client(&self.to_string())
    }
}

/// As it is shown: labels of earlier builds may hold what is no longer taken.
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
        // Nor does one that only looks otherwise until it is stripped.
        assert_eq!(Label::of_user_agent("hp\u{200b}rt_x".as_bytes()).to_string(), "[redacted]");
        let kept = Label::of_record("old hprt_AAAA\u{202e}".as_bytes()).unwrap();
        assert_eq!(kept.as_bytes(), "old hprt_AAAA\u{202e}".as_bytes());
        assert_eq!(kept.to_string(), "old [redacted]");
    }
}
