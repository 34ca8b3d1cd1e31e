//! Strict reading of a JSON object: no member twice, no deep nesting.
//!
//! `serde_json` alone keeps the last of two members of one name, where another reader may keep the first; a token that
//! two readers understand differently must not pass either (RFC 7519 §4, RFC 8725 §2.4).

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep objects and arrays may be nested, the outermost object counted. Access tokens need two or three.
const MAX_DEPTH: u8 = 16;

/// Why a text is not a JSON object that all readers understand alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonFault {
    Syntax,
    DuplicateMember,
    TooDeep,
}

/// Reads `text` as one JSON object and nothing after it.
pub(crate) fn object(text: &str) -> Result<Map<String, Value>, JsonFault> {
    let fault = Cell::new(JsonFault::Syntax);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict { depth_left: MAX_DEPTH, fault: &fault }.deserialize(&mut reader);
    match (value, reader.end()) {
        (Ok(Value::Object(members)), Ok(())) => Ok(members),
        _ => Err(fault.get()),
    }
}

/// Builds a value, and notes in `fault` why it stopped where the reason is not the syntax.
#[derive(Clone, Copy)]
struct Strict<'f> {
    depth_left: u8,
    fault: &'f Cell<JsonFault>,
}

impl Strict<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left, ..self }),
            None => Err(self.refuse(JsonFault::TooDeep)),
        }
    }

    fn refuse<E: Error>(self, fault: JsonFault) -> E {
        self.fault.set(fault);
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(self.refuse(JsonFault::DuplicateMember));
            }
            members.insert(name, entries.next_value_seed(inner)?);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_reads_as_serde_json_reads_it() {
        let text = r#"{"a":[1,-2,3.5,"x",null,true],"b":{"c":18446744073709551615}}"#;
        assert_eq!(Value::Object(object(text).unwrap()), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_member_named_twice_is_refused_at_any_depth_and_in_any_spelling() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":[{"a":1,"a":2}]}"#] {
            assert_eq!(object(text), Err(JsonFault::DuplicateMember), "{text}");
        }
    }

    #[test]
    fn nesting_ends_at_sixteen() {
        let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        assert!(object(&nested(16)).is_ok());
        assert_eq!(object(&nested(17)), Err(JsonFault::TooDeep));
        assert_eq!(object(&nested(100_000)), Err(JsonFault::TooDeep));
        assert_eq!(object(&format!(r#"{{"a":{}"#, "[".repeat(17))), Err(JsonFault::TooDeep));
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        let texts = ["", "1", "[]", "null", "{", "{}{}", "{} x", r#"{"a":1e400}"#, r#"{"a":"\ud800"}"#, "\u{feff}{}"];
        for text in texts {
            assert_eq!(object(text), Err(JsonFault::Syntax), "{text}");
        }
    }
}
