//! A strict, zero-copy parser of a JSON object: no duplicate members, no deep nesting.
//!
//! Of two members with one name most parsers keep the last, some the first. A token that two parsers read differently
//! must be refused (RFC 7519 §4, RFC 8725 §2.4). Numbers beyond the largest double are refused too: some parsers return
//! infinity, some an error.

use std::{borrow::Cow, cmp::Ordering};

mod escape;
mod list;
mod names;
mod number;
mod scanner;
#[cfg(test)]
mod tests;

use list::{Elements, Members};
pub(crate) use number::whole_numbers_around;
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
    const EMPTY: Self = Self("");

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
        self.plain().map_or_else(|| escape::characters(self.0).eq(text.chars()), |plain| plain == text)
    }

    /// The order of the texts.
    fn order(self, other: Self) -> Ordering {
        match (self.plain(), other.plain()) {
            (Some(one), Some(other)) => one.cmp(other),
            _ => escape::characters(self.0).cmp(escape::characters(other.0)),
        }
    }
}
