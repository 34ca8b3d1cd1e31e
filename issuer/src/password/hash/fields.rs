//! Reads the fields of a hash's text in order.

use base64ct::{Base64Unpadded, Encoding as _};

use super::InvalidPasswordHash;

/// The text after the kind of a hash: fields separated by `$`.
pub(super) struct Fields<'t> {
    fields: std::iter::Peekable<std::str::Split<'t, char>>,
    form: &'static str,
}

impl<'t> Fields<'t> {
    /// Reads a text that must have this form.
    pub(super) fn of(text: &'t str, form: &'static str) -> Self {
        Self { fields: text.split('$').peekable(), form }
    }

    pub(super) fn next(&mut self) -> Result<&'t str, InvalidPasswordHash> {
        self.fields.next().ok_or(InvalidPasswordHash::Form(self.form))
    }

    /// The next field without its prefix, if it has this one.
    pub(super) fn next_if(&mut self, prefix: &str) -> Option<&'t str> {
        self.fields.next_if(|field| field.starts_with(prefix)).and_then(|field| field.strip_prefix(prefix))
    }

    /// The next field as base64 without padding. passlib writes `.` for `+`, which is accepted too.
    pub(super) fn next_bytes(&mut self) -> Result<Vec<u8>, InvalidPasswordHash> {
        let field = self.next()?.replace('.', "+");
        Base64Unpadded::decode_vec(&field).map_err(|_| InvalidPasswordHash::Form(self.form))
    }

    pub(super) fn end(mut self) -> Result<(), InvalidPasswordHash> {
        if self.fields.next().is_none() { Ok(()) } else { Err(InvalidPasswordHash::Form(self.form)) }
    }

    /// The next field's parameters, `NAME=VALUE` separated by commas: exactly these, in this order.
    pub(super) fn next_named<const N: usize>(&mut self, names: [&str; N]) -> Result<[u32; N], InvalidPasswordHash> {
        let form = InvalidPasswordHash::Form(self.form);
        let mut pairs = self.next()?.split(',');
        let mut values = [0; N];
        for (name, value) in names.iter().zip(&mut values) {
            let (found, text) = pairs.next().and_then(|pair| pair.split_once('=')).ok_or(form.clone())?;
            *value = Some(text).filter(|_| found == *name).and_then(number).ok_or(form.clone())?;
        }
        if pairs.next().is_none() { Ok(values) } else { Err(form) }
    }
}

/// A decimal number without sign and leading zeros, as in the PHC string format.
pub(super) fn number(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_plain() {
        assert_eq!((number("0"), number("4294967295")), (Some(0), Some(u32::MAX)));
        for text in ["", "+1", "-1", "01", "1.0", "4294967296", "٣"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
