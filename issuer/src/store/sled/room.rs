//! Preallocated space at the end of sled's log: zeros that sled overwrites later.
//!
//! Data beyond a file's end, or in a sparse region, has no blocks on the disk yet. A sync of it waits for the file
//! system's journal, which is a kernel thread. While all cores hash passwords, that thread runs only at the next timer
//! tick: a sync on ext4 took 4.8 ms instead of 0.3 ms on idle cores. A sync of allocated blocks takes 0.2 ms in both
//! cases.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
};

/// sled's unit of its log. It appends a segment to the file when none is free.
const SEGMENT: usize = 512 * 1024;

/// How much space one step allocates. More would delay the one sync that waits for it.
const ROOM: usize = 2 * SEGMENT;

/// A segment in use begins with a header that has a nonzero checksum.
const HEADER_BYTES: usize = 20;

/// The log of an open store.
pub(super) struct Room {
    log: File,
}

impl Room {
    /// Opens the log, and allocates the first space.
    pub(super) fn open(log: &Path) -> io::Result<Self> {
        // An append never overwrites sled's concurrent writes: the kernel writes at the current end of the file.
        let room = Self { log: OpenOptions::new().read(true).append(true).open(log)? };
        room.keep();
        Ok(room)
    }

    /// Allocates more space when sled uses the last segment but one. A failure is ignored: the disk may be full, or
    /// sled may be truncating the file. If it matters, sled reports it.
    pub(super) fn keep(&self) {
        if let Err(error) = self.keep_ahead() {
            tracing::debug!(%error, "no space could be allocated for the store's log");
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

/// Removes the unused space that a closed or killed store left. sled would truncate it segment by segment, each with a
/// sync, and could leave a sparse region.
pub(super) fn clear(path: &Path) -> io::Result<()> {
    let log = File::open(path)?;
    let length = log.metadata()?.len();
    let mut end = length;
    let mut segment = vec![0; SEGMENT];
    while end > 0 {
        // All segments are whole except the last, which may be shorter.
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
