//! Strict reading of a JSON object in its place: no member twice, no deep nesting, nothing copied.
//!
//! Most readers keep the last of two members of one name, some the first; a token that two readers understand
//! differently must not pass either (RFC 7519 §4, RFC 8725 §2.4). Numbers beyond the greatest double are refused too:
//! some readers make infinity of them, some an error.

use std::borrow::Cow;

mod escape;
mod list;
mod names;
mod number;
mod scanner;

use list::{Elements, Members};
use scanner::Scanner;

/// How deep objects and arrays may be nested, the outermost object counted. Access tokens need two or three.
const MAX_DEPTH: u8 = 16;

/// Why a text is not a JSON object that all readers understand alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonFault {
    Syntax,
    DuplicateMember,
    TooDeep,
}

/// A value, as the text spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'t> {
    String(JsonString<'t>),
    Number(&'t str),
    Array(&'t str),
    Object(&'t str),
    /// `true`, `false` or `null`.
    Word(&'t str),
}

/// A well-formed string, as the text spells it, without its quotation marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JsonString<'t>(&'t str);

/// Reads `text` as one JSON object and nothing after it, and hands each of its members to `member`. What was handed over
/// counts only if all of the text is good.
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

/// The member of that name of an object; `None` where there is none. Nothing behind it is read.
pub(crate) fn member<'t>(object: &'t str, name: &str) -> Result<Option<Value<'t>>, JsonFault> {
    let mut members = Members::begin(Scanner::new(object), MAX_DEPTH)?;
    while let Some((member, value)) = members.next()? {
        if member.says(name) {
            return Ok(Some(value));
        }
    }
    members.end().end().map(|()| None)
}

/// Reads `text` as one JSON array and nothing after it, and hands each of its elements to `element`.
pub(crate) fn array<'t>(text: &'t str, mut element: impl FnMut(Value<'t>)) -> Result<(), JsonFault> {
    let mut elements = Elements::begin(Scanner::new(text), MAX_DEPTH)?;
    while let Some(value) = elements.next()? {
        element(value);
    }
    elements.end().end()
}

impl<'t> Value<'t> {
    /// The string that this is.
    pub(crate) fn as_string(self) -> Option<JsonString<'t>> {
        if let Self::String(string) = self { Some(string) } else { None }
    }
}

impl<'t> JsonString<'t> {
    #[cfg(test)]
    pub(crate) fn of(spelling: &'t str) -> Self {
        Self(spelling)
    }

    /// What the string says, where it is spelled without escapes.
    pub(crate) fn plain(self) -> Option<&'t str> {
        (!self.0.as_bytes().contains(&b'\\')).then_some(self.0)
    }

    /// What the string says.
    pub(crate) fn text(self) -> Cow<'t, str> {
        self.plain().map_or_else(|| Cow::Owned(escape::unescape(self.0)), Cow::Borrowed)
    }

    /// Whether the string says `text`.
    pub(crate) fn says(self, text: &str) -> bool {
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
    fn members_are_handed_over_as_the_text_spells_them() {
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
    fn a_string_says_what_its_escapes_stand_for() {
        let spelled = |text| members(text)[0].1.as_string().unwrap();
        let string = spelled(r#"{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é"}"#);
        assert_eq!(string.text(), "\"\\/\u{8}\u{c}\n\r\té😀é");
        assert!(string.says("\"\\/\u{8}\u{c}\n\r\té😀é"));
        assert!(spelled(r#"{"a":"plain"}"#).says("plain"));
        assert!(!spelled(r#"{"a":"pl\u0061in"}"#).says("pl\\u0061in"));
    }

    #[test]
    fn one_member_is_found_by_its_name_and_nothing_behind_it_is_read() {
        assert_eq!(member(r#"{"a":{"exp":1},"\u0065xp":2,"exp"#, "exp"), Ok(Some(Value::Number("2"))));
        assert_eq!(member(r#"{"a":{"exp":1}}"#, "exp"), Ok(None));
        assert_eq!(member(r#"{"a":1,"a":2,"exp":3}"#, "exp"), Err(JsonFault::DuplicateMember));
        assert_eq!(member(r#"{"a":1} x"#, "exp"), Err(JsonFault::Syntax));
    }

    #[test]
    fn elements_are_handed_over_one_by_one() {
        let mut elements = Vec::new();
        array("[1, [2], \"3\"]", |value| elements.push(value)).unwrap();
        assert_eq!(elements.len(), 3);
        assert_eq!(elements[1], Value::Array("[2]"));
        assert_eq!(array("[1,]", |_| ()), Err(JsonFault::Syntax));
    }

    #[test]
    fn a_member_named_twice_is_refused_at_any_depth_and_in_any_spelling() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":[{"a":1,"a":2}]}"#] {
            assert_eq!(read(text), Err(JsonFault::DuplicateMember), "{text}");
        }
        assert_eq!(read(r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#), Ok(()));
    }

    #[test]
    fn among_many_members_one_named_twice_is_found_wherever_it_stands() {
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
    fn numbers_reach_as_far_as_a_double() {
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
    fn it_agrees_with_serde_json_on_every_change_of_a_text() {
        let text = r#"{"a":[1,-2.5e3,"x\u00e9\n",null,true],"b":{"c":false},"d":"é"}"#;
        let replacements =
            ["", "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", "u", "t", " ", "\n", "\u{1}", "é"];
        for place in (0..text.len()).filter(|place| text.is_char_boundary(*place)) {
            let end = place + text[place..].chars().next().unwrap().len_utf8();
            for replacement in replacements {
                for changed in [
                    [&text[..place], replacement, &text[place..]].concat(),
                    [&text[..place], replacement, &text[end..]].concat(),
                ] {
                    let expected = serde_json::from_str::<serde_json::Map<_, _>>(&changed).is_ok();
                    let outcome = read(&changed);
                    let is_refused_twice = outcome == Err(JsonFault::DuplicateMember);
                    assert!(outcome.is_ok() == expected || is_refused_twice, "{changed}: {outcome:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
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
