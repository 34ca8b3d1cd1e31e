//! A line of CSV (RFC 4180), whose columns the file's first line names. Roles are parted by spaces, claims are a JSON object.

use csv_core::ReadRecordResult;

use super::{
    entry::{Entry, Fault, NAMES},
    lines::Line,
};

/// More columns than a file of users can have.
const MOST_COLUMNS: usize = 16;

/// Reads the lines of a file: one line is one user, since nothing of a user has a line's end in it.
pub(super) struct Columns {
    parser: csv_core::Reader,
    /// Where each of [`NAMES`] stands.
    places: [Option<usize>; NAMES.len()],
    count: usize,
}

impl Columns {
    /// Reads the first line.
    pub(super) fn named_by(line: &Line) -> Result<Self, Fault> {
        let mut parser = csv_core::Reader::new();
        let mut places = [None; NAMES.len()];
        let names = fields(&mut parser, &line.text)?;
        for (column, name) in names.iter().enumerate() {
            let known = NAMES.iter().position(|known| *known == name.trim());
            let place = known.and_then(|known| places.get_mut(known)).ok_or_else(|| Fault::Unknown(name.clone()))?;
            if place.replace(column).is_some() {
                return Err(Fault::Twice(name.clone()));
            }
        }
        let missing = NAMES.iter().zip(places).take(2).find(|(_, place)| place.is_none());
        match missing {
            Some((name, _)) => Err(Fault::Missing(name)),
            None => Ok(Self { parser, places, count: names.len() }),
        }
    }

    /// Reads a line below the first.
    pub(super) fn read(&mut self, line: &Line) -> Result<Entry, Fault> {
        if !line.has_end {
            return Err(Fault::NoEnd);
        }
        let fields = fields(&mut self.parser, &line.text)?;
        if fields.len() != self.count {
            return Err(Fault::Columns { found: fields.len(), expected: self.count });
        }
        let [username, hash, roles, claims, disabled] =
            self.places.map(|place| place.and_then(|place| fields.get(place)).cloned().unwrap_or_default());
        Ok(Entry {
            username: filled(username, "username")?,
            hash: filled(hash, "hash")?,
            roles: roles.split_ascii_whitespace().map(str::to_owned).collect(),
            claims: (!claims.trim().is_empty()).then_some(claims),
            is_disabled: match disabled.trim() {
                "true" => true,
                "false" | "" => false,
                _ => return Err(Fault::Type { name: "disabled", expected: "true, false or nothing" }),
            },
        })
    }
}

fn filled(field: String, name: &'static str) -> Result<String, Fault> {
    if field.is_empty() { Err(Fault::Missing(name)) } else { Ok(field) }
}

/// The fields of one line.
fn fields(parser: &mut csv_core::Reader, line: &str) -> Result<Vec<String>, Fault> {
    let line = format!("{line}\n");
    let (mut text, mut ends) = (vec![0; line.len()], [0; MOST_COLUMNS]);
    parser.reset();
    let (result, _, _, count) = parser.read_record(line.as_bytes(), &mut text, &mut ends);
    match result {
        ReadRecordResult::Record => {}
        ReadRecordResult::OutputEndsFull => return Err(Fault::ManyColumns(MOST_COLUMNS)),
        // A field goes on beyond the line, or would, were its place not as long as the line.
        ReadRecordResult::InputEmpty | ReadRecordResult::OutputFull | ReadRecordResult::End => {
            return Err(Fault::Quote);
        }
    }
    let ends = ends.get(..count).unwrap_or_default();
    let starts = [0].into_iter().chain(ends.iter().copied());
    let field = |(start, end): (usize, &usize)| {
        let field = text.get(start..*end).unwrap_or_default();
        String::from_utf8(field.to_vec()).map_err(|_| Fault::NotUtf8)
    };
    starts.zip(ends).map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { text: text.to_owned(), has_end: true }
    }

    fn read(header: &str, text: &str) -> Result<Entry, Fault> {
        Columns::named_by(&line(header))?.read(&line(text))
    }

    #[test]
    fn a_line_says_who_a_user_is() {
        let entry = Entry {
            username: "Zoë, \"Z\"".to_owned(),
            hash: "$argon2id$v=19$m=1,t=2,p=1$x".to_owned(),
            roles: vec!["r".to_owned(), "s".to_owned()],
            claims: Some(r#"{"plan": "pro"}"#.to_owned()),
            is_disabled: true,
        };
        let header = "disabled,hash,username,claims,roles";
        let text = r#"true,"$argon2id$v=19$m=1,t=2,p=1$x","Zoë, ""Z""","{""plan"": ""pro""}",r  s"#;
        assert_eq!(read(header, text), Ok(entry));
        let short = Entry { username: "a".to_owned(), hash: "h".to_owned(), ..Entry::default() };
        assert_eq!(read("username,hash", "a,h").as_ref(), Ok(&short));
        assert_eq!(read("username,hash,roles,claims,disabled", "a,h,,,"), Ok(short));
    }

    #[test]
    fn one_line_after_the_other_is_read_by_itself() {
        let mut columns = Columns::named_by(&line("username,hash")).unwrap();
        assert_eq!(columns.read(&line("a,\"h")), Err(Fault::Quote));
        assert_eq!(columns.read(&line("b,h")).unwrap().username, "b");
        assert_eq!(columns.read(&line("\"c\",h")).unwrap().username, "c");
    }

    #[test]
    fn a_first_line_must_name_columns_that_are_known() {
        for (header, fault) in [
            ("name,hash", Fault::Unknown("name".to_owned())),
            ("username,hash,", Fault::Unknown(String::new())),
            ("username,hash,hash", Fault::Twice("hash".to_owned())),
            ("username,roles", Fault::Missing("hash")),
            ("hash", Fault::Missing("username")),
            ("username;hash", Fault::Unknown("username;hash".to_owned())),
        ] {
            assert_eq!(read(header, "").err(), Some(fault), "{header}");
        }
        assert_eq!(read(&["username"; 17].join(","), "").err(), Some(Fault::ManyColumns(MOST_COLUMNS)));
    }

    #[test]
    fn a_line_with_other_columns_is_refused_for_what_is_wrong() {
        let header = "username,hash,disabled";
        for (text, fault) in [
            ("a,h", Fault::Columns { found: 2, expected: 3 }),
            ("a,h,,x", Fault::Columns { found: 4, expected: 3 }),
            ("a,,", Fault::Missing("hash")),
            (",h,", Fault::Missing("username")),
            ("a,h,yes", Fault::Type { name: "disabled", expected: "true, false or nothing" }),
            ("a,\"h,", Fault::Quote),
        ] {
            assert_eq!(read(header, text), Err(fault), "{text}");
        }
        let cut = Line { text: "a,h,".to_owned(), has_end: false };
        assert_eq!(Columns::named_by(&line(header)).unwrap().read(&cut), Err(Fault::NoEnd));
    }
}
