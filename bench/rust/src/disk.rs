//! The disk's own rate: one writer that writes on and waits until that would survive a loss of power.

use std::fs::{self, File};
use std::io::{Result, Seek as _, Write as _};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::clock::now;
use crate::latencies::Latencies;

/// A page: what a small record costs a disk anyway.
const BLOCK: usize = 4096;

/// A file that has its length already, as stores' logs do: then no sync has to write down that it grew. A rate of
/// 10,000/s would need two seconds to reach its end; the writer then begins again.
const LENGTH: usize = 20_000 * BLOCK;

/// What the file is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shape {
    /// It grows with each write
    Growing,
    /// It has its length beforehand
    Laid,
}

/// Writes and syncs (`fdatasync`) for a while, in a file that is removed afterwards.
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
