//! The lines of a file, each of bounded length.

use std::io::{self, BufRead, Read as _};

use super::entry::Fault;

/// The longest line in bytes: several times what a user's record can hold, whatever escapes it is written with.
const MOST_BYTES: u64 = 32 * 1024;

/// Where in a file a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Its number, from 1.
    pub(super) line: u64,
    /// So many bytes there are up to its end.
    pub(super) bytes: u64,
}

/// A line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    /// Whether its end was there: the last one may have been cut.
    pub(super) has_end: bool,
}

/// Reads lines that end in LF or CRLF. Those with nothing in them are passed over.
pub(super) struct Lines {
    source: Box<dyn BufRead>,
    place: Place,
}

impl Lines {
    pub(super) fn new(source: Box<dyn BufRead>) -> Self {
        Self { source, place: Place::default() }
    }

    fn read(&mut self) -> io::Result<Option<Result<Line, Fault>>> {
        let mut bytes = Vec::new();
        let mut read = self.source.by_ref().take(MOST_BYTES).read_until(b'\n', &mut bytes)? as u64;
        if read == 0 {
            return Ok(None);
        }
        let has_end = bytes.ends_with(b"\n");
        let is_too_long = !has_end && read == MOST_BYTES;
        if is_too_long {
            read += self.source.skip_until(b'\n')? as u64;
        }
        self.place = Place { line: self.place.line + 1, bytes: self.place.bytes + read };
        if is_too_long {
            return Ok(Some(Err(Fault::LineTooLong { most: MOST_BYTES })));
        }
        let text = String::from_utf8(bytes).map(|text| {
            // Some editors put a byte order mark at the beginning of a file.
            let text = if self.place.line == 1 { text.trim_start_matches('\u{feff}') } else { &text };
            text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text)).to_owned()
        });
        Ok(Some(text.map(|text| Line { text, has_end }).map_err(|_| Fault::NotUtf8)))
    }
}

impl Iterator for Lines {
    type Item = io::Result<(Place, Result<Line, Fault>)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read().transpose()? {
                Ok(Ok(line)) if line.text.trim().is_empty() => {}
                read => return Some(read.map(|line| (self.place, line))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: impl Into<Vec<u8>>) -> Vec<(u64, Result<String, Fault>)> {
        let lines = Lines::new(Box::new(io::Cursor::new(bytes.into())));
        lines.map(Result::unwrap).map(|(place, line)| (place.line, line.map(|line| line.text))).collect()
    }

    #[test]
    fn lines_are_read_whatever_they_end_in() {
        let two = vec![(1, Ok("a".to_owned())), (3, Ok("b".to_owned()))];
        for text in ["a\n\nb\n", "a\r\n\r\nb\r\n", "a\n \nb", "\u{feff}a\n\nb\n"] {
            assert_eq!(lines(text), two, "{text:?}");
        }
        assert_eq!(lines(""), []);
    }

    #[test]
    fn the_last_line_says_whether_it_has_an_end() {
        let ends = |text: &str| {
            let lines = Lines::new(Box::new(io::Cursor::new(text.to_owned())));
            lines.map(|line| line.unwrap().1.unwrap().has_end).collect::<Vec<_>>()
        };
        assert_eq!(ends("a\nb\n"), [true, true]);
        assert_eq!(ends("a\nb"), [true, false]);
    }

    #[test]
    fn a_line_that_is_too_long_or_not_utf_8_is_refused_and_the_next_one_read() {
        let most = usize::try_from(MOST_BYTES).unwrap();
        let longest = "x".repeat(most - 1);
        let found = lines(format!("{longest}\n{longest}xx\nb\n{}", "x".repeat(3 * most)));
        let too_long = Err(Fault::LineTooLong { most: MOST_BYTES });
        assert_eq!(found, [(1, Ok(longest)), (2, too_long.clone()), (3, Ok("b".to_owned())), (4, too_long)]);
        assert_eq!(lines(b"a\xff\nb\n"), [(1, Err(Fault::NotUtf8)), (2, Ok("b".to_owned()))]);
    }

    #[test]
    fn a_place_counts_all_bytes_up_to_the_line_s_end() {
        let lines = Lines::new(Box::new(io::Cursor::new("a\r\n\nbc\nd")));
        let places: Vec<_> = lines.map(|line| line.unwrap().0).collect();
        let place = |line, bytes| Place { line, bytes };
        assert_eq!(places, [place(1, 3), place(3, 7), place(4, 8)]);
    }
}
