//! The number of the last commit, in the store and beside it, which detects a store that lost its last commits.
//!
//! sled accepts a truncated log as the log of a crash. If the disk ignored a sync, or the file was cut, acknowledged
//! writes would be lost silently. So each commit writes its number, and a file beside the log gets that number once the
//! commit is on the disk. The number in the file can be behind the store's, and never ahead of it.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use ::sled::Db;

/// The only key in the store's default tree.
const KEY: &str = "commits";

/// The commits of an open store.
pub(super) struct Commits {
    db: Db,
    beside: File,
    last: u64,
}

/// How many commits are lost, and the file that proves it.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) commits: u64,
    pub(super) file: PathBuf,
}

impl Commits {
    /// Compares the two numbers.
    pub(super) fn open(db: &Db, folder: &Path) -> Result<Result<Self, Lost>, ::sled::Error> {
        let file = folder.join("commits");
        let beside = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&file)?;
        let last = db.get(KEY)?.map_or(0, |number| number_of(&number));
        let mut number = [0; 8];
        let acknowledged = match beside.read_exact_at(&mut number, 0) {
            Ok(()) => u64::from_be_bytes(number),
            // The file is new, or a crash followed its creation.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            Err(error) => return Err(error.into()),
        };
        Ok(match acknowledged.checked_sub(last) {
            None | Some(0) => Ok(Self { db: db.clone(), beside, last }),
            Some(commits) => Err(Lost { commits, file }),
        })
    }

    /// Writes the next number into the store, to reach the disk with all earlier writes.
    pub(super) fn next(&mut self) -> io::Result<()> {
        self.last += 1;
        self.db.insert(KEY, &self.last.to_be_bytes()).map(drop).map_err(io::Error::other)
    }

    /// Writes the last number, which is on the disk, to the file. This write needs no sync: a number that is behind
    /// reports no loss.
    pub(super) fn note(&self) -> io::Result<()> {
        self.beside.write_all_at(&self.last.to_be_bytes(), 0)
    }
}

fn number_of(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_be_bytes)
}
