//! Tests of the parser: what it reads, what it refuses, and where it agrees with `serde_json`.

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
fn a_duplicate_in_an_object_of_several_windows_is_refused() {
    let value = r#"{"a":[{"b":"],}"}],"c":1}"#;
    let text = |names: &[String]| {
        let members: Vec<String> = names.iter().map(|name| format!("\"{name}\" : {value}")).collect();
        format!("{{ {} }}", members.join(" , "))
    };
    let names: Vec<String> = (0..700).map(|number| format!("m{number}")).collect();
    for count in [15, 16, 17, 255, 256, 257, 511, 512, 513, 700] {
        assert_eq!(read(&text(&names[..count])), Ok(()), "{count}");
    }
    assert_eq!(read(&format!(r#"{{"x":{}}}"#, text(&names))), Ok(()));
    for (first, second) in [(0, 255), (0, 256), (255, 256), (20, 699), (256, 511), (511, 512), (698, 699)] {
        let mut names = names.clone();
        names[second] = format!("\\u006d{first}");
        assert_eq!(read(&text(&names)), Err(JsonFault::DuplicateMember), "{first} and {second}");
        assert_eq!(read(&format!(r#"{{"x":{}}}"#, text(&names))), Err(JsonFault::DuplicateMember));
    }
}

#[test]
fn nested_objects_with_many_members_are_not_checked_again_by_the_passes_of_outer_objects() {
    // If they were, the readings would double with each level: 65,536 at the innermost one.
    let others = (0..20).map(|number| format!(r#","m{number}":0"#)).collect::<Vec<_>>().concat();
    let nested = (0..15).fold("1".to_owned(), |inner, _| format!(r#"{{"a":{inner}{others}}}"#));
    assert_eq!(read(&nested), Ok(()));
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
    for number in ["0", "-0", "1e308", "1.797693134862314e308", "-1E+308", "0e999", "1e-999", "0.0e400", &huge, &small]
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
