//! No line of a changed or damaged file is lost: each is either refused with its number, or adds a user with all its fields.

use std::{io::Cursor, path::Path, sync::Arc};

use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

use super::{Format, Progress, Reader, Tally, Target, entry::Candidate, import};
use crate::store::sled::SledStore;

const HASH: &str = "$2b$04$pTY8ZpkKnS9NEoAaIO1EkuDYi7dO23GoJRy6ilWQVZtuxqAnLE/iC";

/// The column names of [`csv`].
const HEADER: &str = "username,hash,roles,claims,disabled";

/// A user in plain fields, and one in quoted fields.
fn csv() -> Vec<u8> {
    let quoted = format!(r#""bob","{HASH}","r","{{""plan"": ""pro""}}",true"#);
    format!("{HEADER}\nann,{HASH},admin audit,,\r\n{quoted}\n").into_bytes()
}

fn jsonl() -> Vec<u8> {
    let ann = format!(r#"{{"username":"ann","hash":"{HASH}","roles":["admin","audit"],"disabled":false}}"#);
    let bob = format!(r#"{{"username": "bob", "hash": "{HASH}", "claims": {{"plan": "pro"}}, "disabled": true}}"#);
    format!("{ann}\r\n{bob}\n").into_bytes()
}

/// The users of a file with the numbers of their lines, `None` for a refused line. `None` if the whole file is refused.
fn read(format: Format, file: &[u8]) -> Option<Vec<(u64, Option<Candidate>)>> {
    let reader = Reader::new(Box::new(Cursor::new(file.to_vec())), format).ok()?;
    let lines: Result<Vec<_>, _> = reader.collect();
    Some(lines.ok()?.into_iter().map(|(position, candidate)| (position.line, candidate.ok())).collect())
}

/// The lines that are not empty, with their numbers.
fn lines(file: &[u8]) -> Vec<(u64, &[u8])> {
    let is_empty = |line: &[u8]| line.strip_suffix(b"\r").unwrap_or(line).iter().all(|byte| b" \t".contains(byte));
    let all = (1..).zip(file.split(|byte| *byte == b'\n'));
    let mut lines: Vec<(u64, &[u8])> = all.clone().filter(|(_, line)| !is_empty(line)).collect();
    // A final carriage return without a line feed is a line.
    lines.extend(all.last().filter(|(_, line)| is_empty(line) && line.ends_with(b"\r")));
    lines
}

/// Asserts that each line of the file is refused or is a user, and that none is missing.
fn assert_nothing_is_lost(format: Format, file: &[u8]) {
    let Some(read) = read(format, file) else { return };
    // Editors begin a file with a byte order mark.
    let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let mut expected = lines(text);
    if matches!(format, Format::Csv) {
        let (_, header) = expected.remove(0);
        // A change can remove columns, but does not change their order.
        let header = std::str::from_utf8(header).unwrap().replace(['"', ' '], "");
        let mut columns = header.trim_end_matches('\r').split(',');
        assert!(columns.all(|column| HEADER.split(',').any(|known| known == column)), "{}", file.escape_ascii());
    }
    let numbers = |lines: &[(u64, &[u8])]| lines.iter().map(|(number, _)| *number).collect::<Vec<_>>();
    let found: Vec<u64> = read.iter().map(|(number, _)| *number).collect();
    assert_eq!(found, numbers(&expected), "{}", file.escape_ascii());
    for ((_, candidate), (number, line)) in read.iter().zip(expected) {
        let Some(candidate) = candidate else { continue };
        let line = std::str::from_utf8(line).unwrap();
        match format {
            Format::Csv => {
                assert_eq!(bare(line), bare(&fields(candidate)), "line {number} of {}", file.escape_ascii());
                assert!(!begins_in_quotes(number, text), "line {number} is in a field of {}", file.escape_ascii());
            }
            Format::Jsonl => assert_eq!(whole(line), object(candidate), "line {number} of {}", file.escape_ascii()),
        }
    }
}

/// Whether a quotation mark is open at the beginning of a line.
fn begins_in_quotes(number: u64, file: &[u8]) -> bool {
    let before = (1..number).zip(file.split(|byte| *byte == b'\n'));
    before.flat_map(|(_, line)| line).fold(false, |is_open, byte| is_open ^ (*byte == b'"'))
}

/// A line without the separators of its fields.
fn bare(line: &str) -> String {
    line.replace(['"', ',', ' ', '\t'], "").trim_end_matches('\r').to_owned()
}

/// The fields of a user, in the order of [`HEADER`].
fn fields(candidate: &Candidate) -> String {
    let claims = &candidate.rights.claims;
    let claims = if claims.is_empty() { String::new() } else { serde_json::to_string(claims).unwrap() };
    let disabled = if candidate.is_disabled { "true" } else { "" };
    let Candidate { username, password, rights, .. } = candidate;
    format!("{username}{}{}{claims}{disabled}", password.hash.to_text(), rights.roles.names().concat())
}

/// A line of JSON as another parser reads it, with defaults for optional members.
fn whole(line: &str) -> Value {
    let Ok(Value::Object(members)) = serde_json::from_str(line.trim_end_matches('\r')) else {
        panic!("{line:?} is not an object")
    };
    let mut whole = json!({ "roles": [], "claims": {}, "disabled": false });
    for (name, value) in members.into_iter().filter(|(_, value)| !value.is_null()) {
        whole[name] = value;
    }
    whole
}

fn object(candidate: &Candidate) -> Value {
    let Candidate { username, password, rights, is_disabled } = candidate;
    json!({
        "username": username.as_str(), "hash": password.hash.to_text(), "roles": rights.roles.names(),
        "claims": rights.claims, "disabled": is_disabled,
    })
}

#[test]
fn an_unchanged_file_is_read_completely() {
    for (format, file) in [(Format::Csv, csv()), (Format::Jsonl, jsonl())] {
        assert_nothing_is_lost(format, &file);
        let users = read(format, &file).unwrap();
        assert!(users.len() == 2 && users.iter().all(|(_, user)| user.is_some()), "{users:?}");
    }
}

#[test]
fn no_inserted_byte_loses_a_line() {
    for (format, file) in [(Format::Csv, csv()), (Format::Jsonl, jsonl())] {
        for position in 0..=file.len() {
            for byte in 0..=u8::MAX {
                let (before, after) = file.split_at(position);
                assert_nothing_is_lost(format, &[before, &[byte], after].concat());
            }
        }
    }
}

/// A change of a file, at a position relative to its length.
#[derive(Clone, Debug)]
enum Change {
    Insert(&'static str),
    InsertByte(u8),
    /// Removes this number of bytes.
    Remove(usize),
    /// Repeats this number of bytes.
    Repeat(usize),
    /// Inserts a line that is too long.
    Fill,
}

fn a_change() -> impl Strategy<Value = (f64, Change)> {
    let parts = [
        "\r",
        "\n",
        "\r\n",
        "\r\r\n",
        "\"",
        "\"\"",
        "\",",
        ",\"",
        ",",
        "\0",
        "\u{feff}",
        "\u{b}",
        "\u{c}",
        "\u{85}",
        "\u{2028}",
        " ",
        "\t",
        "{",
        "}",
        "[",
        "]",
        ":",
        "\\",
        "null",
        "true",
        "eve,$2b$04$",
        "\"\n\"",
    ];
    let change = prop_oneof![
        8 => prop::sample::select(parts.to_vec()).prop_map(Change::Insert),
        2 => any::<u8>().prop_map(Change::InsertByte),
        2 => (1usize..90).prop_map(Change::Remove),
        2 => (1usize..200).prop_map(Change::Repeat),
        1 => Just(Change::Fill),
    ];
    (0.0..1.0, change)
}

fn changed(mut file: Vec<u8>, changes: &[(f64, Change)]) -> Vec<u8> {
    for (at, change) in changes {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "small"
        )]
        let start = (at * file.len() as f64) as usize;
        let range = |length: usize| start..(start + length).min(file.len());
        match change {
            Change::Insert(part) => drop(file.splice(start..start, part.bytes())),
            Change::InsertByte(byte) => file.insert(start, *byte),
            Change::Remove(length) => drop(file.drain(range(*length))),
            Change::Repeat(length) => drop(file.splice(start..start, file[range(*length)].to_vec())),
            Change::Fill => drop(file.splice(start..start, vec![b'x'; 33_000])),
        }
    }
    file
}

/// The numbers of accepted and refused lines of an import; `None` if it fails.
async fn counted(target: &Target, format: Format, file: &[u8]) -> Option<(u64, u64)> {
    let reader = Reader::new(Box::new(Cursor::new(file.to_vec())), format).ok()?;
    let mut tally = Tally::default();
    let progress = Progress::new(None);
    import(reader, target, Path::new("users"), &mut tally, &progress).await.ok()?;
    Some((tally.added + tally.present + tally.valid, tally.refused))
}

#[test]
fn no_change_of_a_file_loses_a_line() {
    proptest!(ProptestConfig::with_cases(1000), |(changes in vec(a_change(), 1..6))| {
        assert_nothing_is_lost(Format::Csv, &changed(csv(), &changes));
        assert_nothing_is_lost(Format::Jsonl, &changed(jsonl(), &changes));
    });
}

#[test]
fn a_check_counts_what_the_import_counts() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Target::Store(Arc::new(SledStore::open(folder.path()).unwrap()));
    proptest!(ProptestConfig::with_cases(100), |(changes in vec(a_change(), 0..4))| {
        for (format, file) in [(Format::Csv, changed(csv(), &changes)), (Format::Jsonl, changed(jsonl(), &changes))] {
            let checked = runtime.block_on(counted(&Target::Nowhere, format, &file));
            assert_eq!(checked, runtime.block_on(counted(&store, format, &file)), "{}", file.escape_ascii());
        }
    });
}
