//! The names of one object's members, which detect duplicates.

use std::borrow::Cow;

use super::{JsonFault, JsonString};

/// The number of names that are compared as they arrive; tokens have about ten members. Further names are sorted at the
/// end, so that an object with many members takes no quadratic time.
const FEW: usize = 16;

/// The names so far.
pub(super) struct Names<'t> {
    few: [&'t str; FEW],
    count: usize,
    /// The fingerprints of the few names, one bit each. A name whose bit is not set needs no comparison.
    fingerprints: u64,
    /// The names after the first few, and those with escapes.
    others: Vec<Cow<'t, str>>,
}

impl<'t> Names<'t> {
    pub(super) const fn new() -> Self {
        Self { few: [""; FEW], count: 0, fingerprints: 0, others: Vec::new() }
    }

    /// Adds a name, and refuses a duplicate of the first few.
    pub(super) fn add(&mut self, name: JsonString<'t>) -> Result<(), JsonFault> {
        let (before, free) = self.few.split_at_mut_checked(self.count).unwrap_or_default();
        let (Some(name), Some(slot)) = (name.plain(), free.first_mut()) else {
            self.others.push(name.text());
            return Ok(());
        };
        let fingerprint = fingerprint(name);
        if self.fingerprints & fingerprint != 0 && before.contains(&name) {
            return Err(JsonFault::DuplicateMember);
        }
        *slot = name;
        self.count += 1;
        self.fingerprints |= fingerprint;
        Ok(())
    }

    /// Refuses duplicates among all names.
    pub(super) fn finish(&mut self) -> Result<(), JsonFault> {
        if self.others.is_empty() {
            return Ok(());
        }
        self.others.extend(self.few.iter().take(self.count).map(|name| Cow::Borrowed(*name)));
        self.others.sort_unstable();
        let has_duplicate = self.others.windows(2).any(|pair| pair.first() == pair.last());
        if has_duplicate { Err(JsonFault::DuplicateMember) } else { Ok(()) }
    }
}

/// One of 64 bits, from a name's length, first and last byte.
fn fingerprint(name: &str) -> u64 {
    let ends = [name.as_bytes().first(), name.as_bytes().last()].map(|byte| usize::from(byte.copied().unwrap_or(0)));
    1 << ((name.len() * 19 + ends[0] * 5 + ends[1]) % 64)
}
