//! What a session is called in a list: the user agent that began it, cut to a fixed size.

use std::fmt;

/// So much of a user agent tells browser and system apart, and keeps records small.
pub(crate) const LABEL_BYTES: usize = 64;

/// A user agent's name for itself, at most [`LABEL_BYTES`] of UTF-8 without control characters; perhaps empty. The
/// client chose it: it is shown to people and decides nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Label(String);

impl Label {
    /// Takes what fits of a user agent, whatever bytes it is made of.
    pub(crate) fn of_user_agent(bytes: &[u8]) -> Self {
        let mut label = String::new();
        for character in String::from_utf8_lossy(bytes).chars().filter(|character| !character.is_control()) {
            if label.len() + character.len_utf8() > LABEL_BYTES {
                break;
            }
            label.push(character);
        }
        Self(label)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
        assert_eq!(label(&[b'x'; 70]), "x".repeat(64));
        assert_eq!(label("é".repeat(40).as_bytes()), "é".repeat(32));
        assert_eq!(label(format!("x{}", "é".repeat(40)).as_bytes()), format!("x{}", "é".repeat(31)));
        assert_eq!(label(b"two\nlines\x1b[31m\xff"), "twolines[31m\u{fffd}");
    }
}
