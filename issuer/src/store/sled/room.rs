//! Room at the end of sled's log: zeros that it writes over later.
//!
//! What lies beyond a file's end, or in a hole, has no place on the disk yet. A sync of it must wait until the file system
//! has noted the new place in its journal, which is a thread of the kernel's, and where all cores hash passwords that
//! thread gets its turn only at the next tick of the clock: ext4 then took 4.8 ms for what took 0.3 ms with the cores at rest.
//! A sync of blocks that are in their place takes 0.2 ms, whatever the cores do.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
};

/// sled's unit of its log: it begins a new one at the end of the file where none is free.
const SEGMENT: usize = 512 * 1024;

/// How much room is made at once. More would make the one sync that waits for it longer.
const ROOM: usize = 2 * SEGMENT;

/// A segment in use begins with a header, whose checksum is never zero.
const HEADER_BYTES: usize = 20;

/// The log of an open store.
pub(super) struct Room {
    log: File,
}

impl Room {
    /// Opens the log, and makes the first room.
    pub(super) fn open(log: &Path) -> io::Result<Self> {
        // Appending never touches what sled writes meanwhile: the kernel puts it behind whatever is the end at that moment.
        let room = Self { log: OpenOptions::new().read(true).append(true).open(log)? };
        room.keep();
        Ok(room)
    }

    /// Makes more room where sled has come to the last segment but one. That none could be made stops nothing: the disk may be
    /// full, or sled may be cutting the file at this very moment, and if it matters sled will say so.
    pub(super) fn keep(&self) {
        if let Err(error) = self.keep_ahead() {
            tracing::debug!(%error, "no room could be made ahead of the store's log");
        }
    }

    fn keep_ahead(&self) -> io::Result<()> {
        let segments = self.log.metadata()?.len() / SEGMENT as u64;
        let last_but_one = segments.checked_sub(2);
        if last_but_one.map_or(Ok(true), |segment| self.is_used(segment))? { self.make() } else { Ok(()) }
    }

    fn is_used(&self, segment: u64) -> io::Result<bool> {
        let mut header = [0; HEADER_BYTES];
        self.log.read_exact_at(&mut header, segment * SEGMENT as u64)?;
        Ok(header != [0; HEADER_BYTES])
    }

    fn make(&self) -> io::Result<()> {
        (&self.log).write_all(&vec![0; ROOM])
    }
}

/// Takes the room away that a store left when it was closed or killed. sled would cut it off segment by segment, each with a
/// sync, and could leave a hole there.
pub(super) fn clear(path: &Path) -> io::Result<()> {
    let log = File::open(path)?;
    let length = log.metadata()?.len();
    let mut end = length;
    let mut segment = vec![0; SEGMENT];
    while end > 0 {
        // Whole ones but for the last, which may be shorter.
        let start = (end - 1) / SEGMENT as u64 * SEGMENT as u64;
        segment.truncate(usize::try_from(end - start).unwrap_or(SEGMENT));
        log.read_exact_at(&mut segment, start)?;
        if segment.iter().any(|byte| *byte != 0) {
            break;
        }
        segment.resize(SEGMENT, 0);
        end = start;
    }
    if end < length { File::options().write(true).open(path)?.set_len(end) } else { Ok(()) }
}
