//! A single-pass, zero-copy scanner of a JSON text (RFC 8259).

use super::{
    JsonFault, JsonString, Value,
    escape::read_escape,
    list::{Elements, Members},
    number::{DIGITS_OF_ANY_SIZE, is_finite},
};

/// A position in a text. Callers copy it and write it back, and its small, non-recursive methods are inlined, so that
/// it stays in registers.
#[derive(Clone, Copy)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    position: usize,
}

#[expect(clippy::inline_always, reason = "measured: results that pass through memory make reading a fifth slower")]
impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, position: 0 }
    }

    /// Requires that only white space follows.
    pub(super) fn end(mut self) -> Result<(), JsonFault> {
        self.skip_white_space();
        if self.position == self.text.len() { Ok(()) } else { Err(JsonFault::Syntax) }
    }

    /// Reads a value with at most `depth_left` levels.
    #[inline(always)]
    pub(super) fn value(&mut self, depth_left: u8) -> Result<Value<'t>, JsonFault> {
        self.skip_white_space();
        let start = self.position;
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'{') => {
                *self = Members::skip(*self, depth_left)?;
                self.since(start).map(Value::Object)
            }
            Some(b'[') => {
                *self = Elements::skip(*self, depth_left)?;
                self.since(start).map(Value::Array)
            }
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => {
                self.number()?;
                self.since(start).map(Value::Number)
            }
        }
    }

    /// Skips a value that has been read before, up to the comma or bracket after it. Its nested objects are not checked
    /// again: their passes would multiply.
    pub(super) fn skip_checked_value(&mut self) -> Result<(), JsonFault> {
        let mut depth = 0_usize;
        loop {
            match self.peek().ok_or(JsonFault::Syntax)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b',' | b'}' | b']' if depth == 0 => return Ok(()),
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.position += 1;
        }
    }

    #[inline]
    fn word(&mut self, word: &str) -> Result<Value<'t>, JsonFault> {
        let start = self.position;
        self.position += word.len();
        let source = self.since(start)?;
        if source == word { Ok(Value::Word(source)) } else { Err(JsonFault::Syntax) }
    }

    /// Reads a string after white space.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Result<JsonString<'t>, JsonFault> {
        self.expect(b'"')?;
        let start = self.position;
        loop {
            self.position += plain_bytes(self.rest());
            match self.peek() {
                Some(b'"') => {
                    let source = self.since(start)?;
                    self.position += 1;
                    return Ok(JsonString(source));
                }
                Some(b'\\') => {
                    let mut escaped = self.text.get(self.position..).ok_or(JsonFault::Syntax)?.chars();
                    read_escape(&mut escaped).ok_or(JsonFault::Syntax)?;
                    self.position = self.text.len() - escaped.as_str().len();
                }
                _ => return Err(JsonFault::Syntax),
            }
        }
    }

    #[inline]
    fn number(&mut self) -> Result<(), JsonFault> {
        let start = self.position;
        let mut has_exponent = false;
        self.position += usize::from(self.peek() == Some(b'-'));
        match self.peek() {
            Some(b'0') => self.position += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.position += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            has_exponent = true;
            self.position += 1;
            self.position += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let may_be_huge = has_exponent || self.position - start > DIGITS_OF_ANY_SIZE;
        if may_be_huge && !is_finite(self.since(start)?) { Err(JsonFault::Syntax) } else { Ok(()) }
    }

    /// Reads one digit or more.
    #[inline]
    fn digits(&mut self) -> Result<(), JsonFault> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.position += count;
        if count == 0 { Err(JsonFault::Syntax) } else { Ok(()) }
    }

    /// Reads `byte` after white space.
    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), JsonFault> {
        if self.consume(byte) { Ok(()) } else { Err(JsonFault::Syntax) }
    }

    /// Reads `byte` after white space, if it is next.
    #[inline]
    pub(super) fn consume(&mut self, byte: u8) -> bool {
        self.skip_white_space();
        let is_next = self.peek() == Some(byte);
        self.position += usize::from(is_next);
        is_next
    }

    #[inline]
    pub(super) fn skip_white_space(&mut self) {
        while self.peek().is_some_and(|byte| byte <= b' ' && matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    #[inline]
    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.position..).unwrap_or_default()
    }

    #[inline]
    fn since(&self, start: usize) -> Result<&'t str, JsonFault> {
        self.text.get(start..self.position).ok_or(JsonFault::Syntax)
    }
}

/// The number of bytes before the first quotation mark, backslash or control character, or before the end. It examines
/// eight bytes at a time: a borrow or overflow in one byte affects only later bytes, and the first match counts.
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH_BITS: u64 = ONES << 7;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let zeros_are = |word: u64| word.wrapping_sub(ONES) & !word;
        let quotes = zeros_are(word ^ (ONES * u64::from(b'"')));
        let backslashes = zeros_are(word ^ (ONES * u64::from(b'\\')));
        let controls = word.wrapping_sub(ONES * u64::from(b' ')) & !word;
        let found = (quotes | backslashes | controls) & HIGH_BITS;
        if found != 0 {
            return 8 * index + (found.trailing_zeros() / 8) as usize;
        }
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | ..=0x1f);
    8 * words.len() + rest.iter().take_while(is_plain).count()
}
