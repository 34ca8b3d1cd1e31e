//! The lines of a file, of limited length.

use std::io::{self, BufRead, Read as _};

use super::entry::Fault;

/// The maximum of a line in bytes: several times the largest user record, for lines with many escapes.
const MAX_BYTES: u64 = 32 * 1024;

/// The position of a line in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LinePosition {
    /// Its number, from 1.
    pub(super) line: u64,
    /// The number of bytes up to its end.
    pub(super) bytes: u64,
}

/// A line without its line end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: Result<String, Fault>,
    /// Whether it had a line end: the last line may be truncated.
    pub(super) has_end: bool,
    /// Whether the number of its quotation marks is odd, also if its text is invalid: then the following lines of a CSV file
    /// are in a quoted field.
    pub(super) has_odd_quotes: bool,
}

/// Reads lines that end in LF or CRLF. Lines of only spaces and tabs are skipped.
pub(super) struct Lines {
    source: Box<dyn BufRead>,
    position: LinePosition,
}

impl Lines {
    pub(super) fn new(source: Box<dyn BufRead>) -> Self {
        Self { source, position: LinePosition::default() }
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut part = self.part()?;
        if part.is_empty() {
            return Ok(None);
        }
        let is_first = self.position.line == 0;
        self.position.line += 1;
        if is_first && (part.starts_with(b"\xff\xfe") || part.starts_with(b"\xfe\xff")) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is UTF-16: save it as UTF-8"));
        }
        let text = if is_cut(&part) { Err(Fault::LineTooLong { max: MAX_BYTES }) } else { text(&part, is_first) };
        let mut has_odd_quotes = has_odd_quotes_in(&part);
        while is_cut(&part) {
            part = self.part()?;
            has_odd_quotes ^= has_odd_quotes_in(&part);
        }
        Ok(Some(Line { text, has_end: part.ends_with(b"\n"), has_odd_quotes }))
    }

    /// Reads up to the end of a line, or up to the maximum.
    fn part(&mut self) -> io::Result<Vec<u8>> {
        let mut part = Vec::new();
        self.position.bytes += self.source.by_ref().take(MAX_BYTES).read_until(b'\n', &mut part)? as u64;
        Ok(part)
    }
}

fn is_cut(part: &[u8]) -> bool {
    part.len() as u64 == MAX_BYTES && !part.ends_with(b"\n")
}

fn has_odd_quotes_in(part: &[u8]) -> bool {
    part.iter().fold(false, |is_odd, byte| is_odd ^ (*byte == b'"'))
}

/// The text of a line. Some programs read a carriage return as a line end, so a line that contains one is refused as a whole.
fn text(line: &[u8], is_first: bool) -> Result<String, Fault> {
    let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
    // Some editors begin a file with a byte order mark.
    let line = if is_first { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
    if line.contains(&0) {
        return Err(Fault::Nul);
    }
    if line.contains(&b'\r') {
        return Err(Fault::CarriageReturn);
    }
    String::from_utf8(line.to_vec()).map_err(|_| Fault::NotUtf8)
}

impl Iterator for Lines {
    type Item = io::Result<(LinePosition, Line)>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_empty = |text: &String| text.bytes().all(|byte| b" \t".contains(&byte));
        loop {
            match self.read().transpose()? {
                Ok(line) if line.text.as_ref().is_ok_and(is_empty) => {}
                read => return Some(read.map(|line| (self.position, line))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: impl Into<Vec<u8>>) -> Vec<(u64, Result<String, Fault>)> {
        let lines = Lines::new(Box::new(io::Cursor::new(bytes.into())));
        lines.map(Result::unwrap).map(|(position, line)| (position.line, line.text)).collect()
    }

    #[test]
    fn lines_end_in_lf_or_crlf() {
        let two = vec![(1, Ok("a".to_owned())), (3, Ok("b".to_owned()))];
        for text in ["a\n\nb\n", "a\r\n\r\nb\r\n", "a\r\n\nb\n", "a\n \t\r\nb", "\u{feff}a\n\nb\n"] {
            assert_eq!(lines(text), two, "{text:?}");
        }
        assert_eq!(lines(""), []);
    }

    #[test]
    fn the_last_line_shows_whether_it_has_a_line_end() {
        let ends = |text: &str| {
            let lines = Lines::new(Box::new(io::Cursor::new(text.to_owned())));
            lines.map(|line| line.unwrap().1.has_end).collect::<Vec<_>>()
        };
        assert_eq!(ends("a\nb\n"), [true, true]);
        assert_eq!(ends("a\nb"), [true, false]);
        assert_eq!(ends(&"x".repeat(2 * 32 * 1024)), [false]);
    }

    #[test]
    fn an_invalid_line_is_refused_and_the_next_one_is_read() {
        let max = usize::try_from(MAX_BYTES).unwrap();
        let longest = "x".repeat(max - 1);
        let found = lines(format!("{longest}\n{longest}xx\nb\n{}", "x".repeat(3 * max)));
        let too_long = Err(Fault::LineTooLong { max: MAX_BYTES });
        assert_eq!(found, [(1, Ok(longest)), (2, too_long.clone()), (3, Ok("b".to_owned())), (4, too_long)]);
        for (bytes, fault) in [
            (&b"a\xff"[..], Fault::NotUtf8),
            (b"a\rc", Fault::CarriageReturn),
            (b"a\r\r", Fault::CarriageReturn),
            (b"\r\r", Fault::CarriageReturn),
            (b"a\0", Fault::Nul),
        ] {
            assert_eq!(lines([bytes, b"\nb\n"].concat()), [(1, Err(fault)), (2, Ok("b".to_owned()))]);
        }
    }

    #[test]
    fn only_a_byte_order_mark_of_utf_8_at_the_start_is_skipped() {
        assert_eq!(
            lines("\u{feff}\u{feff}a\n\u{feff}b\n"),
            [(1, Ok("\u{feff}a".to_owned())), (2, Ok("\u{feff}b".to_owned()))]
        );
        for mark in [*b"\xff\xfe", *b"\xfe\xff"] {
            let mut lines = Lines::new(Box::new(io::Cursor::new([&mark[..], b"a\0\n\0"].concat())));
            let error = lines.next().unwrap().unwrap_err();
            assert_eq!(error.to_string(), "it is UTF-16: save it as UTF-8");
        }
    }

    #[test]
    fn quotation_marks_of_an_invalid_line_are_counted_too() {
        let odd =
            |bytes: Vec<u8>| Lines::new(Box::new(io::Cursor::new(bytes))).next().unwrap().unwrap().1.has_odd_quotes;
        let long = "x".repeat(40_000);
        for line in ["\"", "\"a\",\"", "\"\0", &format!("\"{long}"), &format!("{long}\""), &format!("\"{long}\"\"")] {
            assert!(odd(line.into()), "{}", line.len());
            assert!(!odd(format!("\"{line}").into()), "{}", line.len());
        }
    }

    #[test]
    fn a_position_counts_all_bytes_up_to_the_line_s_end() {
        let lines = Lines::new(Box::new(io::Cursor::new("a\r\n\nbc\nd")));
        let positions: Vec<_> = lines.map(|line| line.unwrap().0).collect();
        let position = |line, bytes| LinePosition { line, bytes };
        assert_eq!(positions, [position(1, 3), position(3, 7), position(4, 8)]);
    }
}
