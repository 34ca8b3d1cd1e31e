//! Escapes in strings (RFC 8259 §7).

use std::str::Chars;

/// The text that a well-formed spelling with escapes stands for.
pub(super) fn unescape(spelling: &str) -> String {
    let mut text = String::with_capacity(spelling.len());
    let mut rest = spelling.chars();
    while let Some(character) = rest.clone().next() {
        if character == '\\' {
            text.extend(read_escape(&mut rest));
        } else {
            rest.next();
            text.push(character);
        }
    }
    text
}

/// Reads an escape; `None` where it is none, half a surrogate pair among them.
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

/// Four hexadecimal digits: one unit of UTF-16.
fn read_unit(text: &mut Chars<'_>) -> Option<u16> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit << 4 | text.next()?.to_digit(16)?;
    }
    u16::try_from(unit).ok()
}
