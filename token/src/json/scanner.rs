//! One pass over a JSON text (RFC 8259), which checks all of it and copies nothing.

use super::{
    JsonFault, JsonString, Value,
    escape::read_escape,
    list::{Elements, Members},
    number::{DIGITS_OF_ANY_SIZE, is_finite},
};

/// A place in a text. It is copied where it is used and put back after, and its methods are inlined, so that it stays in
/// registers meanwhile: all of them are small, and none calls itself.
#[derive(Clone, Copy)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    place: usize,
}

#[expect(clippy::inline_always, reason = "measured: results that pass through memory make reading a fifth slower")]
impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, place: 0 }
    }

    /// Nothing but white space may follow.
    pub(super) fn end(mut self) -> Result<(), JsonFault> {
        self.skip_white_space();
        if self.place == self.text.len() { Ok(()) } else { Err(JsonFault::Syntax) }
    }

    /// A value, which may hold so many levels.
    #[inline(always)]
    pub(super) fn value(&mut self, depth_left: u8) -> Result<Value<'t>, JsonFault> {
        self.skip_white_space();
        let start = self.place;
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

    #[inline]
    fn word(&mut self, word: &str) -> Result<Value<'t>, JsonFault> {
        let start = self.place;
        self.place += word.len();
        let spelling = self.since(start)?;
        if spelling == word { Ok(Value::Word(spelling)) } else { Err(JsonFault::Syntax) }
    }

    /// A string, whose quotation mark comes next after white space.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Result<JsonString<'t>, JsonFault> {
        self.expect(b'"')?;
        let start = self.place;
        loop {
            self.place += plain_bytes(self.rest());
            match self.peek() {
                Some(b'"') => {
                    let spelling = self.since(start)?;
                    self.place += 1;
                    return Ok(JsonString(spelling));
                }
                Some(b'\\') => {
                    let mut escaped = self.text.get(self.place..).ok_or(JsonFault::Syntax)?.chars();
                    read_escape(&mut escaped).ok_or(JsonFault::Syntax)?;
                    self.place = self.text.len() - escaped.as_str().len();
                }
                _ => return Err(JsonFault::Syntax),
            }
        }
    }

    #[inline]
    fn number(&mut self) -> Result<(), JsonFault> {
        let start = self.place;
        let mut has_exponent = false;
        self.place += usize::from(self.peek() == Some(b'-'));
        match self.peek() {
            Some(b'0') => self.place += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.place += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            has_exponent = true;
            self.place += 1;
            self.place += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let may_be_huge = has_exponent || self.place - start > DIGITS_OF_ANY_SIZE;
        if may_be_huge && !is_finite(self.since(start)?) { Err(JsonFault::Syntax) } else { Ok(()) }
    }

    /// One digit or more.
    #[inline]
    fn digits(&mut self) -> Result<(), JsonFault> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.place += count;
        if count == 0 { Err(JsonFault::Syntax) } else { Ok(()) }
    }

    /// `byte` must come next after white space; it is passed over.
    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), JsonFault> {
        if self.skips(byte) { Ok(()) } else { Err(JsonFault::Syntax) }
    }

    /// Whether `byte` comes next after white space; then it is passed over.
    #[inline]
    pub(super) fn skips(&mut self, byte: u8) -> bool {
        self.skip_white_space();
        let is_next = self.peek() == Some(byte);
        self.place += usize::from(is_next);
        is_next
    }

    #[inline]
    pub(super) fn skip_white_space(&mut self) {
        while self.peek().is_some_and(|byte| byte <= b' ' && matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.place += 1;
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.place).copied()
    }

    #[inline]
    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.place..).unwrap_or_default()
    }

    #[inline]
    fn since(&self, start: usize) -> Result<&'t str, JsonFault> {
        self.text.get(start..self.place).ok_or(JsonFault::Syntax)
    }
}

/// How many bytes there are before the first quotation mark, backslash or control character, or before the end. Eight bytes
/// are looked at together: what is borrowed or overflows in one of them can only trouble later ones, and the first counts.
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH_BITS: u64 = ONES << 7;
    let (words, rest) = bytes.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let zeros_are = |word: u64| word.wrapping_sub(ONES) & !word;
        let quotes = zeros_are(word ^ (ONES * u64::from(b'"')));
        let backslashes = zeros_are(word ^ (ONES * u64::from(b'\\')));
        let controls = word.wrapping_sub(ONES * u64::from(b' ')) & !word;
        let found = (quotes | backslashes | controls) & HIGH_BITS;
        if found != 0 {
            return 8 * place + (found.trailing_zeros() / 8) as usize;
        }
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | ..=0x1f);
    8 * words.len() + rest.iter().take_while(is_plain).count()
}
