//! The names of one object's members, which detect duplicates. No memory is allocated.

use super::{JsonFault, JsonString, list::CheckedNames};

/// The number of names that are compared as they arrive; tokens have about ten members.
const FEW: usize = 16;

/// The number of names that one pass over an object with more members compares. Such an object of `n` members takes
/// `n / WINDOW` passes: four for the largest token.
const WINDOW: usize = 256;

/// The names so far.
pub(super) struct Names<'t> {
    few: [&'t str; FEW],
    count: usize,
    /// The fingerprints of the few names, one bit each. A name whose bit is not set needs no comparison.
    fingerprints: u64,
    /// Whether there are names after the first few, or names with escapes.
    has_others: bool,
}

impl<'t> Names<'t> {
    pub(super) const fn new() -> Self {
        Self { few: [""; FEW], count: 0, fingerprints: 0, has_others: false }
    }

    /// Adds a name, and refuses a duplicate of the first few.
    pub(super) fn add(&mut self, name: JsonString<'t>) -> Result<(), JsonFault> {
        let (before, free) = self.few.split_at_mut_checked(self.count).unwrap_or_default();
        let (Some(name), Some(slot)) = (name.plain(), free.first_mut()) else {
            self.has_others = true;
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

    /// Refuses duplicates among all names, which `all` reads again.
    pub(super) fn finish(&self, all: CheckedNames<'t>) -> Result<(), JsonFault> {
        if self.has_others { refuse_duplicates(all) } else { Ok(()) }
    }
}

/// Compares each window of names, sorted, with the names after it.
#[cold]
#[inline(never)]
fn refuse_duplicates(mut names: CheckedNames<'_>) -> Result<(), JsonFault> {
    let mut slots = [JsonString::EMPTY; WINDOW];
    loop {
        let mut count = 0;
        while count < WINDOW
            && let Some(name) = names.next()?
        {
            let (sorted, _) = slots.split_at_checked(count).unwrap_or_default();
            let Err(position) = sorted.binary_search_by(|one| one.order(name)) else {
                return Err(JsonFault::DuplicateMember);
            };
            // An insertion moves at most a window, and `sort_unstable` would add 2 KB to the module.
            let moved = slots.get_mut(position..=count).unwrap_or_default();
            if let Some(last) = moved.last_mut() {
                *last = name;
            }
            moved.rotate_right(usize::from(!moved.is_empty()));
            count += 1;
        }
        if count < WINDOW {
            return Ok(());
        }
        refuse_members_of(&slots, names)?;
    }
}

/// Refuses a name that is in the sorted window.
fn refuse_members_of(window: &[JsonString<'_>], mut names: CheckedNames<'_>) -> Result<(), JsonFault> {
    while let Some(name) = names.next()? {
        if window.binary_search_by(|one| one.order(name)).is_ok() {
            return Err(JsonFault::DuplicateMember);
        }
    }
    Ok(())
}

/// One of 64 bits, from a name's length, first and last byte.
fn fingerprint(name: &str) -> u64 {
    let ends = [name.as_bytes().first(), name.as_bytes().last()].map(|byte| usize::from(byte.copied().unwrap_or(0)));
    1 << ((name.len() * 19 + ends[0] * 5 + ends[1]) % 64)
}
