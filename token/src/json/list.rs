//! The members of an object and the elements of an array.

use super::{JsonFault, JsonString, Value, names::Names, scanner::Scanner};

/// An iterator over the members of an object.
pub(super) struct Members<'t> {
    /// The first entry, where the names are read again.
    first: List<'t>,
    list: List<'t>,
    names: Names<'t>,
}

/// An iterator over the names of an object that was read to its end without a fault.
#[derive(Clone, Copy)]
pub(super) struct CheckedNames<'t> {
    list: List<'t>,
}

/// An iterator over the elements of an array.
pub(super) struct Elements<'t> {
    list: List<'t>,
}

#[derive(Clone, Copy)]
struct List<'t> {
    scanner: Scanner<'t>,
    close: u8,
    /// The maximum nesting of an entry.
    depth_left: u8,
    is_first: bool,
}

impl<'t> Members<'t> {
    /// Starts at an object whose entries may have `depth_left` - 1 levels.
    pub(super) fn begin(scanner: Scanner<'t>, depth_left: u8) -> Result<Self, JsonFault> {
        let first = List::begin(scanner, b'{', b'}', depth_left)?;
        Ok(Self { first, list: first, names: Names::new() })
    }

    /// The next member; `None` after the last one.
    pub(super) fn next(&mut self) -> Result<Option<(JsonString<'t>, Value<'t>)>, JsonFault> {
        let Some(mut scanner) = self.list.entry()? else {
            return self.names.finish(CheckedNames { list: self.first }).map(|()| None);
        };
        let name = scanner.string()?;
        self.names.add(name)?;
        scanner.expect(b':')?;
        let value = scanner.value(self.list.depth_left)?;
        self.list.scanner = scanner;
        Ok(Some((name, value)))
    }

    /// The position after the object.
    pub(super) fn end(self) -> Scanner<'t> {
        self.list.scanner
    }

    /// Reads an object, and returns the position after it.
    pub(super) fn skip(scanner: Scanner<'t>, depth_left: u8) -> Result<Scanner<'t>, JsonFault> {
        let mut members = Self::begin(scanner, depth_left)?;
        while members.next()?.is_some() {}
        Ok(members.end())
    }
}

impl<'t> CheckedNames<'t> {
    /// The next name; `None` after the last one.
    pub(super) fn next(&mut self) -> Result<Option<JsonString<'t>>, JsonFault> {
        let Some(mut scanner) = self.list.entry()? else { return Ok(None) };
        let name = scanner.string()?;
        scanner.expect(b':')?;
        scanner.skip_checked_value()?;
        self.list.scanner = scanner;
        Ok(Some(name))
    }
}

impl<'t> Elements<'t> {
    /// Starts at an array whose entries may have `depth_left` - 1 levels.
    pub(super) fn begin(scanner: Scanner<'t>, depth_left: u8) -> Result<Self, JsonFault> {
        Ok(Self { list: List::begin(scanner, b'[', b']', depth_left)? })
    }

    /// The next element; `None` after the last one.
    pub(super) fn next(&mut self) -> Result<Option<Value<'t>>, JsonFault> {
        let Some(mut scanner) = self.list.entry()? else { return Ok(None) };
        let value = scanner.value(self.list.depth_left)?;
        self.list.scanner = scanner;
        Ok(Some(value))
    }

    /// The position after the array.
    pub(super) fn end(self) -> Scanner<'t> {
        self.list.scanner
    }

    /// Reads an array, and returns the position after it.
    pub(super) fn skip(scanner: Scanner<'t>, depth_left: u8) -> Result<Scanner<'t>, JsonFault> {
        let mut elements = Self::begin(scanner, depth_left)?;
        while elements.next()?.is_some() {}
        Ok(elements.end())
    }
}

impl<'t> List<'t> {
    fn begin(mut scanner: Scanner<'t>, open: u8, close: u8, depth_left: u8) -> Result<Self, JsonFault> {
        let depth_left = depth_left.checked_sub(1).ok_or(JsonFault::TooDeep)?;
        scanner.expect(open)?;
        Ok(Self { scanner, close, depth_left, is_first: true })
    }

    /// The position of the next entry, after the comma; `None` at the end of the list.
    #[inline]
    fn entry(&mut self) -> Result<Option<Scanner<'t>>, JsonFault> {
        let mut scanner = self.scanner;
        if scanner.consume(self.close) {
            self.scanner = scanner;
            return Ok(None);
        }
        if !self.is_first {
            scanner.expect(b',')?;
        }
        self.is_first = false;
        Ok(Some(scanner))
    }
}
