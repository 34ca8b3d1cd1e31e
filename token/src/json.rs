//! A strict, zero-copy parser of a JSON object: no duplicate members, no deep nesting.
//!
//! Of two members with one name most parsers keep the last, some the first. A token that two parsers read differently
//! must be refused (RFC 7519 §4, RFC 8725 §2.4). Numbers beyond the largest double are refused too: some parsers return
//! infinity, some an error.

use std::borrow::Cow;

mod escape;
mod list;
mod names;
mod number;
mod scanner;

use list::{Elements, Members};
use scanner::Scanner;

/// The maximum nesting of objects and arrays, with the outermost object. Access tokens need two or three levels.
const MAX_DEPTH: u8 = 16;

/// Why a text is not a JSON object that all parsers read alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonFault {
    Syntax,
    DuplicateMember,
    TooDeep,
}

/// A value, as written in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'t> {
    String(JsonString<'t>),
    Number(&'t str),
    Array(&'t str),
    Object(&'t str),
    /// `true`, `false` or `null`.
    Word(&'t str),
}

/// A well-formed string, as written in the text, without its quotation marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JsonString<'t>(&'t str);

/// Reads `text` as exactly one JSON object, and passes each member to `member`. The members are valid only if the
/// function returns `Ok`.
pub(crate) fn object<'t>(text: &'t str, mut member: impl FnMut(&str, Value<'t>)) -> Result<(), JsonFault> {
    let mut members = Members::begin(Scanner::new(text), MAX_DEPTH)?;
    while let Some((name, value)) = members.next()? {
        match name.plain() {
            Some(name) => member(name, value),
            None => member(&name.text(), value),
        }
    }
    members.end().end()
}

/// The member with this name of an object. The rest of the text is not read.
pub(crate) fn member<'t>(object: &'t str, name: &str) -> Result<Option<Value<'t>>, JsonFault> {
    let mut members = Members::begin(Scanner::new(object), MAX_DEPTH)?;
    while let Some((member, value)) = members.next()? {
        if member.equals(name) {
            return Ok(Some(value));
        }
    }
    members.end().end().map(|()| None)
}

/// Reads `text` as exactly one JSON array, and passes each element to `element`.
pub(crate) fn array<'t>(text: &'t str, mut element: impl FnMut(Value<'t>)) -> Result<(), JsonFault> {
    let mut elements = Elements::begin(Scanner::new(text), MAX_DEPTH)?;
    while let Some(value) = elements.next()? {
        element(value);
    }
    elements.end().end()
}

impl<'t> Value<'t> {
    /// The string, if the value is one.
    pub(crate) fn as_string(self) -> Option<JsonString<'t>> {
        if let Self::String(string) = self { Some(string) } else { None }
    }
}

impl<'t> JsonString<'t> {
    #[cfg(test)]
    pub(crate) fn of(source: &'t str) -> Self {
        Self(source)
    }

    /// The string's text, if it has no escapes.
    pub(crate) fn plain(self) -> Option<&'t str> {
        (!self.0.as_bytes().contains(&b'\\')).then_some(self.0)
    }

    /// The string's text.
    pub(crate) fn text(self) -> Cow<'t, str> {
        self.plain().map_or_else(|| Cow::Owned(escape::unescape(self.0)), Cow::Borrowed)
    }

    /// Whether the string's text is `text`.
    pub(crate) fn equals(self, text: &str) -> bool {
        self.text() == text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(), JsonFault> {
        object(text, |_, _| ())
    }

    fn members(text: &str) -> Vec<(String, Value<'_>)> {
        let mut members = Vec::new();
        object(text, |name, value| members.push((name.to_owned(), value))).unwrap();
        members
    }

    #[test]
    fn members_are_passed_as_written() {
        let text = r#" { "a" : [ 1 , {"b":2} ] , "\u0062":-1.50e+2,"c":{"d" : null},"e":"x\n","f":true,"":false} "#;
        let expected = [
            ("a", Value::Array(r#"[ 1 , {"b":2} ]"#)),
            ("b", Value::Number("-1.50e+2")),
            ("c", Value::Object(r#"{"d" : null}"#)),
            ("e", Value::String(JsonString("x\\n"))),
            ("f", Value::Word("true")),
            ("", Value::Word("false")),
        ];
        assert_eq!(members(text), expected.map(|(name, value)| (name.to_owned(), value)));
    }

    #[test]
    fn escapes_are_decoded() {
        let read_string = |text| members(text)[0].1.as_string().unwrap();
        let string = read_string(r#"{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é"}"#);
        assert_eq!(string.text(), "\"\\/\u{8}\u{c}\n\r\té😀é");
        assert!(string.equals("\"\\/\u{8}\u{c}\n\r\té😀é"));
        assert!(read_string(r#"{"a":"plain"}"#).equals("plain"));
        assert!(!read_string(r#"{"a":"pl\u0061in"}"#).equals("pl\\u0061in"));
    }

    #[test]
    fn a_member_is_found_by_name_and_the_rest_is_not_read() {
        assert_eq!(member(r#"{"a":{"exp":1},"\u0065xp":2,"exp"#, "exp"), Ok(Some(Value::Number("2"))));
        assert_eq!(member(r#"{"a":{"exp":1}}"#, "exp"), Ok(None));
        assert_eq!(member(r#"{"a":1,"a":2,"exp":3}"#, "exp"), Err(JsonFault::DuplicateMember));
        assert_eq!(member(r#"{"a":1} x"#, "exp"), Err(JsonFault::Syntax));
    }

    #[test]
    fn elements_are_passed_in_order() {
        let mut elements = Vec::new();
        array("[1, [2], \"3\"]", |value| elements.push(value)).unwrap();
        assert_eq!(elements.len(), 3);
        assert_eq!(elements[1], Value::Array("[2]"));
        assert_eq!(array("[1,]", |_| ()), Err(JsonFault::Syntax));
    }

    #[test]
    fn a_duplicate_member_is_refused_at_any_depth_and_with_any_escapes() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":[{"a":1,"a":2}]}"#] {
            assert_eq!(read(text), Err(JsonFault::DuplicateMember), "{text}");
        }
        assert_eq!(read(r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#), Ok(()));
    }

    #[test]
    fn a_duplicate_among_many_members_is_refused_at_any_position() {
        let names: Vec<String> = (0..100).map(|number| format!("m{number}")).collect();
        let text = |names: &[String]| {
            let members: Vec<String> = names.iter().map(|name| format!("\"{name}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert_eq!(read(&text(&names)), Ok(()));
        for (first, second) in [(0, 1), (0, 15), (0, 16), (0, 99), (15, 16), (16, 17), (98, 99)] {
            let mut names = names.clone();
            names[second] = names[first].clone();
            assert_eq!(read(&text(&names)), Err(JsonFault::DuplicateMember), "{first} and {second}");
        }
    }

    #[test]
    fn nesting_ends_at_sixteen() {
        let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        assert!(read(&nested(16)).is_ok());
        assert_eq!(read(&nested(17)), Err(JsonFault::TooDeep));
        assert_eq!(read(&nested(100_000)), Err(JsonFault::TooDeep));
        assert_eq!(read(&format!(r#"{{"a":{}"#, "[".repeat(17))), Err(JsonFault::TooDeep));
    }

    #[test]
    fn numbers_beyond_the_largest_double_are_refused() {
        let huge = format!("1{}", "0".repeat(308));
        let small = format!("0.{}1", "0".repeat(400));
        for number in
            ["0", "-0", "1e308", "1.797693134862314e308", "-1E+308", "0e999", "1e-999", "0.0e400", &huge, &small]
        {
            assert_eq!(read(&format!("{{\"a\":{number}}}")), Ok(()), "{number}");
        }
        let beyond = format!("1{}", "0".repeat(309));
        for number in [
            "1e309",
            "1.797693134862315e308",
            "1797693134862315700000000e284",
            "-2e308",
            "0.1e310",
            "1e99999999999999999999",
            &beyond,
        ] {
            assert_eq!(read(&format!("{{\"a\":{number}}}")), Err(JsonFault::Syntax), "{number}");
        }
        for number in ["", "-", "+1", "01", "1.", ".1", "1e", "1e+", "0x1", "1_0", "NaN", "Infinity", "--1", "1.2.3"] {
            assert_eq!(read(&format!("{{\"a\":{number}}}")), Err(JsonFault::Syntax), "{number}");
        }
    }

    #[test]
    fn it_agrees_with_serde_json_on_every_changed_text() {
        let text = r#"{"a":[1,-2.5e3,"x\u00e9\n",null,true],"b":{"c":false},"d":"é"}"#;
        let replacements =
            ["", "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", "u", "t", " ", "\n", "\u{1}", "é"];
        for start in (0..text.len()).filter(|start| text.is_char_boundary(*start)) {
            let end = start + text[start..].chars().next().unwrap().len_utf8();
            for replacement in replacements {
                for changed in [
                    [&text[..start], replacement, &text[start..]].concat(),
                    [&text[..start], replacement, &text[end..]].concat(),
                ] {
                    let expected = serde_json::from_str::<serde_json::Map<_, _>>(&changed).is_ok();
                    let outcome = read(&changed);
                    let is_duplicate = outcome == Err(JsonFault::DuplicateMember);
                    assert!(outcome.is_ok() == expected || is_duplicate, "{changed}: {outcome:?}");
                }
            }
        }
    }

    #[test]
    fn a_text_that_is_not_exactly_one_object_is_refused() {
        let lone = r#"{"a":"\udc00"}"#;
        let unpaired = r#"{"a":"\ud800\u0041"}"#;
        for text in [
            "",
            "1",
            "[]",
            "null",
            "{",
            "{}{}",
            "{} x",
            r#"{"a":"\ud800"}"#,
            lone,
            unpaired,
            "\u{feff}{}",
            "{\"a\":\"\t\"}",
        ] {
            assert_eq!(read(text), Err(JsonFault::Syntax), "{text}");
        }
    }
}
