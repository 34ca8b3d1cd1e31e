//! The disk's rate: one writer that writes durably, with one sync per write.

use std::fs::{self, File};
use std::io::{Result, Seek as _, Write as _};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::clock::now;
use crate::latencies::Latencies;

/// A page, the unit that a disk writes for a small record.
const BLOCK: usize = 4096;

/// The length of a preallocated file. Stores preallocate their logs, so that no sync writes a new length. At 10,000
/// writes per second the writer starts again after two seconds.
const LENGTH: usize = 20_000 * BLOCK;

/// The kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shape {
    /// It grows with each write
    Growing,
    /// It is preallocated
    Laid,
}

/// Writes and syncs (`fdatasync`) for `time`, in a temporary file.
pub(crate) fn measure(folder: &Path, shape: Shape, time: Duration) -> Result<Value> {
    let path = folder.join("bench-fdatasync");
    let mut file = File::create(&path)?;
    if shape == Shape::Laid {
        file.write_all(&vec![0; LENGTH])?;
        file.sync_all()?;
        file.rewind()?;
    }
    let mut latencies = Latencies::default();
    let end = now() + time;
    let mut written = 0;
    loop {
        let before = now();
        if before >= end {
            break;
        }
        if shape == Shape::Laid && written == LENGTH {
            file.rewind()?;
            written = 0;
        }
        file.write_all(&[7; BLOCK])?;
        written += BLOCK;
        file.sync_data()?;
        latencies.add(now() - before);
    }
    fs::remove_file(&path)?;
    Ok(latencies.report(time))
}
