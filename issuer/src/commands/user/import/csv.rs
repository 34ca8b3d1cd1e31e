//! A line of CSV (RFC 4180). The first line names the columns. Spaces separate roles; claims are a JSON object.

use super::{
    entry::{Entry, Fault, NAMES},
    lines::Line,
};

/// The maximum number of columns, more than a file of users has.
const MAX_COLUMNS: usize = 16;

/// Parses the lines of a file. One line is one user, since no field contains a line end.
pub(super) struct Columns {
    /// The column of each of [`NAMES`].
    positions: [Option<usize>; NAMES.len()],
    count: usize,
    /// The line with the quotation mark that is still open.
    open_since: Option<u64>,
}

impl Columns {
    /// Parses the first line.
    pub(super) fn named_by(line: &str) -> Result<Self, Fault> {
        let mut positions = [None; NAMES.len()];
        let names = fields(line)?;
        for (column, name) in names.iter().enumerate() {
            let known = NAMES.iter().position(|known| *known == trim(name));
            let position =
                known.and_then(|known| positions.get_mut(known)).ok_or_else(|| Fault::Unknown(name.clone()))?;
            if position.replace(column).is_some() {
                return Err(Fault::Twice(name.clone()));
            }
        }
        let missing = NAMES.iter().zip(positions).take(2).find(|(_, position)| position.is_none());
        match missing {
            Some((name, _)) => Err(Fault::Missing(name)),
            None => Ok(Self { positions, count: names.len(), open_since: None }),
        }
    }

    /// Parses a line after the first. A line in a field that an earlier line opens with a quotation mark must not become a
    /// user.
    pub(super) fn read(&mut self, number: u64, line: &Line) -> Result<Entry, Fault> {
        let open_since = self.open_since;
        if line.has_odd_quotes {
            self.open_since = if open_since.is_none() { Some(number) } else { None };
        }
        match open_since {
            Some(opened) => Err(Fault::InQuotes(opened)),
            None => self.entry(line.text.as_ref().map_err(Clone::clone)?, line.has_end),
        }
    }

    fn entry(&self, line: &str, has_end: bool) -> Result<Entry, Fault> {
        if !has_end {
            return Err(Fault::NoEnd);
        }
        let fields = fields(line)?;
        if fields.len() != self.count {
            return Err(Fault::Columns { found: fields.len(), expected: self.count });
        }
        let [username, hash, roles, claims, disabled] = self
            .positions
            .map(|position| position.and_then(|position| fields.get(position)).cloned().unwrap_or_default());
        Ok(Entry {
            username: filled(username, "username")?,
            hash: filled(hash, "hash")?,
            roles: roles.split(' ').filter(|role| !role.is_empty()).map(str::to_owned).collect(),
            claims: (!trim(&claims).is_empty()).then_some(claims),
            is_disabled: match trim(&disabled) {
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

/// Removes spaces only: other white space is invalid.
fn trim(field: &str) -> &str {
    field.trim_matches(' ')
}

/// The fields of one line.
fn fields(line: &str) -> Result<Vec<String>, Fault> {
    let mut fields = Vec::new();
    let mut rest = Some(line);
    while let Some(text) = rest {
        if fields.len() == MAX_COLUMNS {
            return Err(Fault::ManyColumns(MAX_COLUMNS));
        }
        let (field, after) = text.strip_prefix('"').map_or_else(|| plain(text), quoted)?;
        fields.push(field);
        rest = after;
    }
    Ok(fields)
}

/// The first field of a text, and the text after its comma. An unquoted field contains no quotation mark.
fn plain(text: &str) -> Result<(String, Option<&str>), Fault> {
    let (field, after) = text.split_once(',').map_or((text, None), |(field, after)| (field, Some(after)));
    if field.contains('"') { Err(Fault::StrayQuote) } else { Ok((field.to_owned(), after)) }
}

/// The same for a quoted field, after its opening quotation mark. Inner quotation marks are doubled.
fn quoted(mut text: &str) -> Result<(String, Option<&str>), Fault> {
    let mut field = String::new();
    loop {
        let (part, after) = text.split_once('"').ok_or(Fault::Quote)?;
        field.push_str(part);
        if after.is_empty() {
            return Ok((field, None));
        }
        if let Some(next) = after.strip_prefix(',') {
            return Ok((field, Some(next)));
        }
        text = after.strip_prefix('"').ok_or(Fault::StrayQuote)?;
        field.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { text: Ok(text.to_owned()), has_end: true, has_odd_quotes: text.matches('"').count() % 2 == 1 }
    }

    fn read(header: &str, text: &str) -> Result<Entry, Fault> {
        Columns::named_by(header)?.read(2, &line(text))
    }

    #[test]
    fn a_line_is_a_user() {
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
    fn a_line_in_an_open_field_is_not_a_user() {
        let mut columns = Columns::named_by("username,hash").unwrap();
        let mut read = |number, text| columns.read(number, &line(text)).map(|entry| entry.username);
        assert_eq!(read(2, "a,\"h"), Err(Fault::Quote));
        assert_eq!(read(3, "mallory,h"), Err(Fault::InQuotes(2)));
        assert_eq!(read(4, "\"\"\"\",h"), Err(Fault::InQuotes(2)));
        assert_eq!(read(5, "\",h"), Err(Fault::InQuotes(2)));
        assert_eq!(read(6, "b,h"), Ok("b".to_owned()));
        // The quotation marks of an invalid line count, too.
        let cut = Line { text: Err(Fault::NotUtf8), has_end: true, has_odd_quotes: true };
        assert_eq!(columns.read(7, &cut), Err(Fault::NotUtf8));
        assert_eq!(columns.read(8, &line("mallory,h")), Err(Fault::InQuotes(7)));
    }

    #[test]
    fn a_first_line_must_name_known_columns() {
        for (header, fault) in [
            ("name,hash", Fault::Unknown("name".to_owned())),
            ("username,hash,", Fault::Unknown(String::new())),
            ("username,hash,hash", Fault::Twice("hash".to_owned())),
            ("username,roles", Fault::Missing("hash")),
            ("hash", Fault::Missing("username")),
            ("username\u{a0},hash", Fault::Unknown("username\u{a0}".to_owned())),
            ("username;hash", Fault::Unknown("username;hash".to_owned())),
        ] {
            assert_eq!(read(header, "").err(), Some(fault), "{header}");
        }
        assert_eq!(read(&["username"; 17].join(","), "").err(), Some(Fault::ManyColumns(MAX_COLUMNS)));
    }

    #[test]
    fn an_invalid_line_is_refused_with_its_fault() {
        let header = "username,hash,disabled";
        for (text, fault) in [
            ("a,h", Fault::Columns { found: 2, expected: 3 }),
            ("a,h,,x", Fault::Columns { found: 4, expected: 3 }),
            ("a,,", Fault::Missing("hash")),
            (",h,", Fault::Missing("username")),
            ("a,h,yes", Fault::Type { name: "disabled", expected: "true, false or nothing" }),
            ("a,\"h,", Fault::Quote),
            ("a,\"h\"x,", Fault::StrayQuote),
            ("a,\"h\" ,", Fault::StrayQuote),
            ("a\"b,h,", Fault::StrayQuote),
            ("a, \"h\",", Fault::StrayQuote),
            ("a,h,\u{a0}true", Fault::Type { name: "disabled", expected: "true, false or nothing" }),
        ] {
            assert_eq!(read(header, text), Err(fault), "{text}");
        }
        let cut = Line { has_end: false, ..line("a,h,") };
        assert_eq!(Columns::named_by(header).unwrap().read(2, &cut), Err(Fault::NoEnd));
    }
}
