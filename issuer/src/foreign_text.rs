//! Cleans texts from clients and other systems for display: in the log, in a list, on the operator's terminal.
//!
//! The displayed text has a maximum length and no token. It consists of characters of the PRECIS `FreeformClass` (RFC
//! 8264 §4.3): no control, invisible, bidirectional control or unassigned characters.

use std::fmt::{self, Write as _};

use precis_core::{DerivedPropertyValue, FreeformClass, StringClass as _};
use serde::Serialize;

/// The maximum length of a text in the log, in characters. Each path of the issuer is shorter.
const MAX_LOGGED: usize = 256;

/// The maximum length of a displayed run of token characters: a UUID, which is not secret. Each token of ours, and each
/// secret part of a JWT, is longer.
const MAX_RUN: usize = 36;

/// The prefixes of refresh and device tokens, and of each JWT's header (`{"` in base64).
const TOKEN_STARTS: [&str; 3] = ["hprt_", "hpdt_", "eyJ"];

const REDACTED: &str = "[redacted]";

/// A text for the log, which quotes it and escapes control characters: possible tokens are redacted, other
/// undisplayable characters are replaced, and a long text is cut.
pub(crate) fn for_log(text: &str) -> String {
    let mut shown = String::new();
    for run in runs(text) {
        shown.extend(if is_secret(run) { REDACTED } else { run }.chars().map(in_log));
        if let Some((end, _)) = shown.char_indices().nth(MAX_LOGGED) {
            shown.truncate(end);
            shown.push('…');
            break;
        }
    }
    shown
}

fn in_log(character: char) -> char {
    if character.is_ascii() || character.is_control() || is_displayable(character) {
        character
    } else {
        char::REPLACEMENT_CHARACTER
    }
}

/// A text with possible tokens redacted.
pub(crate) fn without_tokens(text: &str) -> String {
    runs(text).map(|run| if is_secret(run) { REDACTED } else { run }).collect()
}

/// Splits a text into runs of token characters and of others. Percent-encoded characters count as token characters, at
/// any depth of encoding.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(|character| !is_of_token(character)).flat_map(|piece| {
        let token = piece.trim_end_matches(|character| !is_of_token(character));
        [token, &piece[token.len()..]].into_iter().filter(|run| !run.is_empty())
    })
}

/// The alphabets of base64url and base64 without padding and slash, and the percent sign.
fn is_of_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '+' | '%')
}

fn is_secret(run: &str) -> bool {
    run.len() > MAX_RUN || TOKEN_STARTS.iter().any(|start| run.starts_with(start))
}

/// A text without undisplayable characters.
pub(crate) fn displayable(text: &str) -> String {
    text.chars().filter(|character| is_displayable(*character)).collect()
}

fn is_displayable(character: char) -> bool {
    let class = FreeformClass::default().get_value_from_char(character);
    matches!(class, DerivedPropertyValue::PValid | DerivedPropertyValue::SpecClassPval)
}

/// A text for a terminal. Undisplayable characters are escaped, as `\u{202e}`. Contextual characters, such as joiners,
/// are displayed in a valid context.
pub(crate) struct Escaped<'t>(pub(crate) &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if FreeformClass::default().allows(self.0).is_ok() {
            return f.write_str(self.0);
        }
        for character in self.0.chars() {
            if is_displayable(character) {
                f.write_char(character)?;
            } else {
                write!(f, "{}", character.escape_unicode())?;
            }
        }
        Ok(())
    }
}

/// A value as a line of JSON, with undisplayable characters escaped (RFC 8259 §7): programs read the same text, and a
/// terminal executes no control sequence.
pub(crate) fn json_line(value: &impl Serialize) -> serde_json::Result<String> {
    let mut line = String::new();
    for character in serde_json::to_string(value)?.chars() {
        if is_displayable(character) {
            line.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let digits =
                [12, 8, 4, 0].map(|shift| char::from_digit(u32::from(*unit) >> shift & 0xf, 16).unwrap_or('0'));
            line.push_str("\\u");
            line.extend(digits);
        }
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str =
        "hprt_AAAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4_QA";
    const JWT: &str =
        "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c2VyIiwiZXhwIjoxNzkwMDAwMDAwfQ.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUtc2ln";

    /// Percent-encodes every byte this many times.
    fn encoded(text: &str, times: u32) -> String {
        let once = |text: String| text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
        (0..times).fold(text.to_owned(), |text, _| once(text))
    }

    #[test]
    fn a_token_in_any_encoding_is_redacted() {
        let device = TOKEN.replace("hprt_", "hpdt_");
        for token in
            [TOKEN, JWT, &device, &encoded(TOKEN, 1), &encoded(JWT, 1), &encoded(TOKEN, 2), &JWT.replace('.', "%2E")]
        {
            for text in
                [format!("/refresh/{token}"), format!("/x/{token}/y"), format!("/a?token={token}"), token.to_owned()]
            {
                for shown in [for_log(&text), without_tokens(&text)] {
                    assert!(shown.contains(REDACTED), "{shown}");
                    for at in 0..token.len() - 12 {
                        let part = &token[at..at + 12];
                        assert!(!shown.contains(part), "{shown} shows {part}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_token_that_the_cut_would_shorten_is_redacted() {
        let shown = for_log(&format!("/{}{TOKEN}", "a/".repeat(120)));
        assert!(!shown.contains("hprt"), "{shown}");
        assert_eq!(for_log(&"a/".repeat(16_000)), format!("{}…", "a/".repeat(128)));
        assert_eq!(for_log(&"é/".repeat(16_000)).chars().count(), MAX_LOGGED + 1);
    }

    #[test]
    fn a_text_without_a_token_is_unchanged() {
        for text in [
            "",
            "/",
            "/sessions/5e9a8f0c-5b7d-4f57-9e7e-0d4c1f2a3b4c",
            "/wp-login.php",
            "//login/../x%20y",
            "/日本語",
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        ] {
            assert_eq!((for_log(text), without_tokens(text)), (text.to_owned(), text.to_owned()));
        }
    }

    /// Undisplayable characters of each class: control characters, bidirectional controls, joiners and zero-width
    /// spaces, tags, variation selectors, other default-ignorables, Hangul fillers, private use, unassigned,
    /// noncharacters.
    const HIDDEN: &str = "\0\u{1b}\u{7f}\u{9b}\u{202a}\u{202e}\u{2066}\u{2069}\u{200e}\u{61c}\u{200b}\u{200d}\u{2060}\u{feff}\
                          \u{e0001}\u{e0061}\u{fe0f}\u{e0100}\u{ad}\u{34f}\u{17b4}\u{180e}\u{115f}\u{1160}\u{3164}\u{ffa0}\
                          \u{e000}\u{f0000}\u{378}\u{fff9}\u{ffff}\u{2028}\u{2029}";

    #[test]
    fn invisible_and_bidirectional_control_characters_are_not_displayed() {
        for hidden in HIDDEN.chars() {
            let text = format!("a{hidden}b");
            assert_eq!(displayable(&text), "ab", "{hidden:?}");
            assert!(format!("{:?}", for_log(&text)).chars().all(is_displayable), "{hidden:?}");
            assert_eq!(Escaped(&text).to_string(), format!("a\\u{{{:x}}}b", u32::from(hidden)));
            let json = json_line(&text).unwrap();
            assert!(json.chars().all(is_displayable), "{json}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }

    #[test]
    fn ordinary_text_is_unchanged() {
        for text in ["Zoë Müller", "Ольга", "名前", "مریم", "נועה", "a (b) €5 — ½", "نامه\u{200c}ای"]
        {
            assert_eq!(Escaped(text).to_string(), text);
        }
        assert_eq!(displayable("Zoë (名前) €5"), "Zoë (名前) €5");
    }
}
