//! The disk's own rate: one writer that appends and waits until that would survive a loss of power.

use std::fs::{self, File};
use std::io::{Result, Write as _};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::clock::now;
use crate::latencies::Latencies;

/// A page: what a small record costs a disk anyway.
const BLOCK: usize = 4096;

/// Appends and syncs (`fdatasync`) for a while, in a file that is removed afterwards.
pub(crate) fn measure(folder: &Path, time: Duration) -> Result<Value> {
    let path = folder.join("bench-fdatasync");
    let mut file = File::create(&path)?;
    let mut latencies = Latencies::default();
    let end = now() + time;
    loop {
        let before = now();
        if before >= end {
            break;
        }
        file.write_all(&[7; BLOCK])?;
        file.sync_data()?;
        latencies.add(now() - before);
    }
    fs::remove_file(&path)?;
    Ok(latencies.report(time))
}
