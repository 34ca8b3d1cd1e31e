//! What was expected of a token, and what it has instead: a public value, such as its issuer.

use std::fmt;

use crate::json::{self, JsonString, Value};

/// The maximum number of characters of a value in a message.
const MAX_CHARACTERS: usize = 100;

/// The expected value, and that of the token. Both are cut, and safe for a log: without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    expected: Excerpt,
    found: Excerpt,
}

impl Mismatch {
    pub(crate) fn new(expected: Excerpt, found: Excerpt) -> Self {
        Self { expected, found }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

/// The beginning of a value, in quotation marks; several values with commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    /// A text.
    #[cold]
    pub(crate) fn of(text: &str) -> Self {
        let mut characters = text.chars();
        let mut excerpt = String::from("\"");
        for character in characters.by_ref().take(MAX_CHARACTERS) {
            // Without it, a value could look like its own end and another value.
            if matches!(character, '"' | '\\') {
                excerpt.push('\\');
            }
            excerpt.push(printable(character));
        }
        let end = if characters.next().is_some() { "…\"" } else { "\"" };
        excerpt.push_str(end);
        Self(excerpt)
    }

    /// Several texts.
    #[cold]
    pub(crate) fn of_all(texts: &[&str]) -> Self {
        let mut joined = String::new();
        for text in texts {
            let separator = if joined.is_empty() { "" } else { ", " };
            joined.push_str(separator);
            joined.push_str(&Self::of(text).0);
            if joined.len() > MAX_CHARACTERS {
                joined.push_str(", …");
                break;
            }
        }
        Self(joined)
    }

    /// The texts of an option; none if it is not set.
    #[cold]
    pub(crate) fn of_option(texts: Option<&[String]>) -> Self {
        Self::of_all(&texts.unwrap_or_default().iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// A value of the token: its text, or the texts of an array. Other types are not shown: they could be large.
    #[cold]
    pub(crate) fn of_value(value: Option<Value<'_>>) -> Self {
        match value {
            None => Self("none".to_owned()),
            Some(Value::String(string)) => Self::of(&string.text()),
            Some(Value::Array(array)) => {
                let mut texts = Vec::new();
                // The array was parsed before.
                let _ = json::array(array, |value| texts.extend(value.as_string().map(JsonString::text)));
                Self::of_all(&texts.iter().map(|text| &**text).collect::<Vec<_>>())
            }
            Some(_) => Self("no string".to_owned()),
        }
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The character, unless it could change how a line of a log reads: controls and marks of direction.
fn printable(character: char) -> char {
    let is_harmless = !matches!(
        character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    if is_harmless { character } else { char::REPLACEMENT_CHARACTER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_cut_and_has_no_control_characters() {
        assert_eq!(Excerpt::of("api").to_string(), "\"api\"");
        assert_eq!(Excerpt::of(r#"a", found "b\"#).to_string(), r#""a\", found \"b\\""#);
        assert_eq!(Excerpt::of("a\nb\u{202e}c\0").to_string(), "\"a\u{fffd}b\u{fffd}c\u{fffd}\"");
        assert_eq!(Excerpt::of(&"é".repeat(100)).to_string().chars().count(), 102);
        assert_eq!(Excerpt::of(&"é".repeat(101)).to_string(), format!("\"{}…\"", "é".repeat(100)));
    }

    #[test]
    fn several_values_are_cut_together() {
        assert_eq!(Excerpt::of_all(&["api", "web"]).to_string(), r#""api", "web""#);
        let text = Excerpt::of_all(&["x".repeat(60).as_str(); 1000]).to_string();
        assert!(text.ends_with(", …") && text.len() < 200, "{text}");
    }

    #[test]
    fn a_mismatch_names_both_values() {
        let text = |found| Mismatch::new(Excerpt::of("api"), Excerpt::of_value(found)).to_string();
        assert_eq!(text(Some(Value::Number("7"))), r#"expected "api", found no string"#);
        assert_eq!(text(None), r#"expected "api", found none"#);
        assert_eq!(text(Some(Value::Array(r#"["a",7,"b\n"]"#))), "expected \"api\", found \"a\", \"b\u{fffd}\"");
    }
}
