//! What stands between two brackets: the members of an object, the elements of an array.

use super::{JsonFault, JsonString, Value, names::Names, scanner::Scanner};

/// The members of an object, one after the other.
pub(super) struct Members<'t> {
    list: List<'t>,
    names: Names<'t>,
}

/// The elements of an array, one after the other.
pub(super) struct Elements<'t> {
    list: List<'t>,
}

struct List<'t> {
    scanner: Scanner<'t>,
    close: u8,
    /// How many levels an entry may hold.
    depth_left: u8,
    is_first: bool,
}

impl<'t> Members<'t> {
    /// Begins with an object that comes next, which may hold `depth_left` - 1 levels more.
    pub(super) fn begin(scanner: Scanner<'t>, depth_left: u8) -> Result<Self, JsonFault> {
        Ok(Self { list: List::begin(scanner, b'{', b'}', depth_left)?, names: Names::new() })
    }

    /// The next member; `None` after the last one.
    pub(super) fn next(&mut self) -> Result<Option<(JsonString<'t>, Value<'t>)>, JsonFault> {
        let Some(mut scanner) = self.list.entry()? else { return self.names.finish().map(|()| None) };
        let name = scanner.string()?;
        self.names.add(name)?;
        scanner.expect(b':')?;
        let value = scanner.value(self.list.depth_left)?;
        self.list.scanner = scanner;
        Ok(Some((name, value)))
    }

    /// The place after the object.
    pub(super) fn end(self) -> Scanner<'t> {
        self.list.scanner
    }

    /// Reads an object, and returns the place after it.
    pub(super) fn skip(scanner: Scanner<'t>, depth_left: u8) -> Result<Scanner<'t>, JsonFault> {
        let mut members = Self::begin(scanner, depth_left)?;
        while members.next()?.is_some() {}
        Ok(members.end())
    }
}

impl<'t> Elements<'t> {
    /// Begins with an array that comes next, which may hold `depth_left` - 1 levels more.
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

    /// The place after the array.
    pub(super) fn end(self) -> Scanner<'t> {
        self.list.scanner
    }

    /// Reads an array, and returns the place after it.
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

    /// The place of the next entry, after a comma where there was one before; `None` where the list is closed.
    #[inline]
    fn entry(&mut self) -> Result<Option<Scanner<'t>>, JsonFault> {
        let mut scanner = self.scanner;
        if scanner.skips(self.close) {
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
