//! A line of JSON Lines: `{"username": "…", "hash": "…", "roles": […], "claims": {…}, "disabled": true}`.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::{error::Category, value::RawValue};

use super::entry::{Entry, Fault, NAMES};

/// The members of an object, duplicates included.
struct Members(Vec<(String, Box<RawValue>)>);

/// Members that `hallpass user list --json` prints, and that an import cannot set.
const LISTED: [&str; 2] = ["id", "created_at"];

/// Parses a line. The parser's message is dropped, since it can quote a hash.
pub(super) fn read(line: &str) -> Result<Entry, Fault> {
    let Members(members) = serde_json::from_str(line).map_err(|error| match error.classify() {
        Category::Eof => Fault::BreaksOff,
        Category::Data => Fault::NotObject,
        Category::Io | Category::Syntax => Fault::NotJson(error.column()),
    })?;
    if let Some((unknown, _)) = members.iter().find(|(name, _)| !NAMES.contains(&name.as_str())) {
        let fault = if LISTED.contains(&unknown.as_str()) { Fault::Listed } else { Fault::Unknown };
        return Err(fault(unknown.clone()));
    }
    let text = "a string";
    Ok(Entry {
        username: member(&members, "username", text)?.ok_or(Fault::Missing("username"))?,
        hash: member(&members, "hash", text)?.ok_or(Fault::Missing("hash"))?,
        roles: member(&members, "roles", "an array of strings")?.unwrap_or_default(),
        claims: member::<Box<RawValue>>(&members, "claims", "an object")?.map(|claims| claims.get().to_owned()),
        is_disabled: member(&members, "disabled", "true or false")?.unwrap_or_default(),
    })
}

/// The member with this name; `None` if there is none, or it is `null`.
fn member<T: DeserializeOwned>(
    members: &[(String, Box<RawValue>)],
    name: &'static str,
    expected: &'static str,
) -> Result<Option<T>, Fault> {
    let mut named = members.iter().filter(|(member, _)| member == name);
    let Some((_, value)) = named.next() else { return Ok(None) };
    if named.next().is_some() {
        return Err(Fault::Twice(name.to_owned()));
    }
    serde_json::from_str(value.get()).map_err(|_| Fault::Type { name, expected })
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl<'de> Visitor<'de> for Visit {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Visit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_user() {
        let whole = r#"{"username":"a","hash":"$2b$x","roles":["r","s"],"claims":{"plan": "pro"},"disabled":true}"#;
        let entry = Entry {
            username: "a".to_owned(),
            hash: "$2b$x".to_owned(),
            roles: vec!["r".to_owned(), "s".to_owned()],
            claims: Some(r#"{"plan": "pro"}"#.to_owned()),
            is_disabled: true,
        };
        assert_eq!(read(whole), Ok(entry));
        let short = Entry { username: "a".to_owned(), hash: "h".to_owned(), ..Entry::default() };
        assert_eq!(read(r#"{"hash":"h","username":"a"}"#).as_ref(), Ok(&short));
        assert_eq!(read(r#" {"hash":"h","username":"a","roles":null,"claims":null,"disabled":null} "#), Ok(short));
    }

    #[test]
    fn an_invalid_line_is_refused_with_its_fault() {
        let wrong_type = |name, expected| Fault::Type { name, expected };
        for (line, fault) in [
            (r#"{"username":"a","hash":"h""#, Fault::BreaksOff),
            (r#"{"username":"a","hash":"#, Fault::BreaksOff),
            (r#"{"username":"a";"hash":"h"}"#, Fault::NotJson(16)),
            (r#"{"username":"a","hash":"h"}}"#, Fault::NotJson(28)),
            (r#"["a"]"#, Fault::NotObject),
            (r#"[{"username":"a","hash":"h"}]"#, Fault::NotObject),
            (r#"{"id":"1","username":"a","disabled":false}"#, Fault::Listed("id".to_owned())),
            (r#"{"username":"a","hash":"h"} {"username":"b","hash":"h"}"#, Fault::NotJson(29)),
            (r#"{"user":"a","hash":"h"}"#, Fault::Unknown("user".to_owned())),
            (r#"{"username":"a","hash":"h","hash":"i"}"#, Fault::Twice("hash".to_owned())),
            (r#"{"username":"a"}"#, Fault::Missing("hash")),
            (r#"{"hash":"h"}"#, Fault::Missing("username")),
            (r#"{"username":"a","hash":null}"#, Fault::Missing("hash")),
            (r#"{"username":1,"hash":"h"}"#, wrong_type("username", "a string")),
            (r#"{"username":"a","hash":"h","roles":"r"}"#, wrong_type("roles", "an array of strings")),
            (r#"{"username":"a","hash":"h","disabled":1}"#, wrong_type("disabled", "true or false")),
        ] {
            assert_eq!(read(line), Err(fault), "{line}");
        }
    }
}
