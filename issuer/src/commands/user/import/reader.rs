//! A file of users, line by line: each is a checked user or a fault.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    io::{self, BufRead},
    path::Path,
};

use super::{
    Format, ImportError,
    csv::Columns,
    entry::{Candidate, Fault},
    json,
    lines::{Line, LinePosition, Lines},
};
use crate::{password::CostLimit, user::Username};

/// The users of a file, in the order of its lines.
pub(super) struct Reader {
    lines: Lines,
    syntax: Syntax,
    limit: CostLimit,
    names: Names,
}

/// Why the rest of a file cannot be read.
#[derive(Debug)]
pub(super) enum ReadError {
    Io(io::Error),
    /// The line that names the columns is invalid.
    Header {
        line: u64,
        fault: Fault,
    },
}

enum Syntax {
    Jsonl,
    Csv(Box<Columns>),
}

/// The lines of the names so far. A name is kept as a keyed hash of 64 bits: a collision, which refuses a user, occurs in
/// one of forty million files with a million names each.
#[derive(Default)]
struct Names {
    hashing: RandomState,
    lines: HashMap<u64, u64>,
}

impl Reader {
    pub(super) fn new(source: Box<dyn BufRead>, format: Format) -> Result<Self, ReadError> {
        let mut lines = Lines::new(source);
        let syntax = match format {
            Format::Jsonl => Syntax::Jsonl,
            Format::Csv => Syntax::Csv(Box::new(columns(&mut lines)?)),
        };
        Ok(Self { lines, syntax, limit: CostLimit::default(), names: Names::default() })
    }

    fn candidate(&mut self, position: LinePosition, line: Line) -> Result<Candidate, Fault> {
        let entry = match &mut self.syntax {
            Syntax::Jsonl => json::read(&line.text?),
            Syntax::Csv(columns) => columns.read(position.line, &line),
        };
        let candidate = entry?.check(&self.limit)?;
        self.names.add(&candidate.username, position.line)?;
        Ok(candidate)
    }
}

impl Iterator for Reader {
    type Item = Result<(LinePosition, Result<Candidate, Fault>), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.next()?;
        Some(line.map_err(ReadError::Io).map(|(position, line)| (position, self.candidate(position, line))))
    }
}

fn columns(lines: &mut Lines) -> Result<Columns, ReadError> {
    let Some(first) = lines.next() else {
        return Err(ReadError::Header { line: 1, fault: Fault::Missing("username") });
    };
    let (position, line) = first.map_err(ReadError::Io)?;
    let columns = line.text.and_then(|line| Columns::named_by(&line));
    columns.map_err(|fault| ReadError::Header { line: position.line, fault })
}

impl Names {
    fn add(&mut self, name: &Username, line: u64) -> Result<(), Fault> {
        let first = *self.lines.entry(self.hashing.hash_one(name)).or_insert(line);
        if first == line { Ok(()) } else { Err(Fault::SameName(first)) }
    }
}

impl ReadError {
    pub(super) fn into_import_error(self, file: &Path) -> ImportError {
        match self {
            Self::Io(reason) => ImportError::Read { file: file.to_owned(), reason },
            Self::Header { line, fault } => ImportError::Header { line, fault },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo";

    fn faults(format: Format, text: &str) -> Vec<(u64, Option<Fault>)> {
        let reader = Reader::new(Box::new(io::Cursor::new(text.to_owned())), format).unwrap();
        reader.map(Result::unwrap).map(|(position, candidate)| (position.line, candidate.err())).collect()
    }

    #[test]
    fn each_line_is_a_user_or_a_fault() {
        let line = |name: &str, more: &str| format!("{{\"username\":\"{name}\",\"hash\":\"{HASH}\"{more}}}\n");
        let text = [
            line("a", ""),
            line("Zoe\u{308}", ""),
            line("Zo\u{eb}", ""),
            line(" b", ""),
            line("c", r#","roles":["two words"]"#),
            line("d", r#","claims":{"iss":"me"}"#),
            line("e", r#","claims":{"x":1,"x":2}"#),
            line("f", r#","claims":[1]"#),
            "{\"username\":\"g\",\"hash\":\"secret\"}\n".to_owned(),
            line("a", ""),
        ];
        let found = faults(Format::Jsonl, &text.concat());
        let faults: Vec<String> =
            found.iter().filter_map(|(line, fault)| Some(format!("{line} {}", fault.as_ref()?))).collect();
        let expected = [
            "3 line 2 has the same username",
            "4 a username must have",
            "5 a role must have",
            "6 the claim \"iss\" is reserved",
            "7 custom claims must not have duplicate members",
            "8 custom claims must be a JSON object",
            "9 a password hash must begin with its kind",
            "10 line 1 has the same username",
        ];
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, expected) in faults.iter().zip(expected) {
            assert!(fault.starts_with(expected), "{fault}");
            assert!(!fault.contains("secret"));
        }
    }

    #[test]
    fn a_hash_that_would_stop_the_issuer_is_refused() {
        let text = format!("username,hash\na,\"{HASH}\"\nb,\"{}\"\n", HASH.replace("19456", "4000000"));
        let found = faults(Format::Csv, &text);
        assert_eq!(found[0], (2, None));
        let (3, Some(fault @ Fault::Cost { .. })) = &found[1] else { panic!("{found:?}") };
        let message = fault.to_string();
        assert!(message.starts_with("b cannot be imported: the hash needs 3907 MiB of memory"), "{message}");
    }

    #[test]
    fn csv_without_column_names_is_not_read() {
        let header = |text: &str| match Reader::new(Box::new(io::Cursor::new(text.to_owned())), Format::Csv) {
            Err(ReadError::Header { line, fault }) => (line, fault),
            _ => panic!("{text}"),
        };
        assert_eq!(header(""), (1, Fault::Missing("username")));
        assert_eq!(header("\na,h\n"), (2, Fault::Unknown("a".to_owned())));
    }
}
