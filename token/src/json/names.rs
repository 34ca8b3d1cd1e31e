//! The names of one object's members, none of which may come twice.

use std::borrow::Cow;

use super::{JsonFault, JsonString};

/// So many names are compared with each other as they come; tokens have about ten. More are sorted at the end, so that an
/// object of very many members takes no quadratic time.
const FEW: usize = 16;

/// The names so far.
pub(super) struct Names<'t> {
    few: [&'t str; FEW],
    count: usize,
    /// A bit for the looks of each of the few: where it is not set, nobody looks like a name, and none needs comparing.
    looks: u64,
    /// Those that came after the first few, and those that are spelled with escapes.
    others: Vec<Cow<'t, str>>,
}

impl<'t> Names<'t> {
    pub(super) const fn new() -> Self {
        Self { few: [""; FEW], count: 0, looks: 0, others: Vec::new() }
    }

    /// Adds a name, and refuses one of the first few that is there already.
    pub(super) fn add(&mut self, name: JsonString<'t>) -> Result<(), JsonFault> {
        let (before, free) = self.few.split_at_mut_checked(self.count).unwrap_or_default();
        let (Some(name), Some(place)) = (name.plain(), free.first_mut()) else {
            self.others.push(name.text());
            return Ok(());
        };
        let look = look_of(name);
        if self.looks & look != 0 && before.contains(&name) {
            return Err(JsonFault::DuplicateMember);
        }
        *place = name;
        self.count += 1;
        self.looks |= look;
        Ok(())
    }

    /// Refuses names that are there twice after all.
    pub(super) fn finish(&mut self) -> Result<(), JsonFault> {
        if self.others.is_empty() {
            return Ok(());
        }
        self.others.extend(self.few.iter().take(self.count).map(|name| Cow::Borrowed(*name)));
        self.others.sort_unstable();
        let is_twice = self.others.windows(2).any(|pair| pair.first() == pair.last());
        if is_twice { Err(JsonFault::DuplicateMember) } else { Ok(()) }
    }
}

/// One of 64 bits, by length and ends of a name.
fn look_of(name: &str) -> u64 {
    let ends = [name.as_bytes().first(), name.as_bytes().last()].map(|byte| usize::from(byte.copied().unwrap_or(0)));
    1 << ((name.len() * 19 + ends[0] * 5 + ends[1]) % 64)
}
