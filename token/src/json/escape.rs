//! Decodes escapes in strings (RFC 8259 §7).

use std::{iter, str::Chars};

/// Decodes the escapes of a well-formed string.
pub(super) fn unescape(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    text.extend(characters(source));
    text
}

/// The characters of a well-formed string.
pub(super) fn characters(source: &str) -> impl Iterator<Item = char> {
    let mut rest = source.chars();
    iter::from_fn(move || if rest.as_str().starts_with('\\') { read_escape(&mut rest) } else { rest.next() })
}

/// Reads an escape; `None` if it is invalid, such as half a surrogate pair.
pub(super) fn read_escape(text: &mut Chars<'_>) -> Option<char> {
    text.next().filter(|first| *first == '\\')?;
    Some(match text.next()? {
        character @ ('"' | '\\' | '/') => character,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let first = read_unit(text)?;
            let units = if (0xd800..0xdc00).contains(&first) {
                text.next().filter(|character| *character == '\\')?;
                text.next().filter(|character| *character == 'u')?;
                [first, read_unit(text)?]
            } else {
                [first, 0]
            };
            char::decode_utf16(units).next()?.ok()?
        }
        _ => return None,
    })
}

/// Reads four hexadecimal digits: one UTF-16 code unit.
fn read_unit(text: &mut Chars<'_>) -> Option<u16> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit << 4 | text.next()?.to_digit(16)?;
    }
    u16::try_from(unit).ok()
}
