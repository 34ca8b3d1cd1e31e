//! The cores' rate of password hashes, an upper limit for every server.

use std::thread;
use std::time::Duration;

use argon2_rust::params::Memory;
use argon2_rust::{Algorithm, Argon2, Params, Version};
use serde_json::{Value, json};

use crate::clock::now;
use crate::latencies::Latencies;

/// OWASP's minimum, which all contenders use: 19 MiB, 2 passes, 1 lane.
const MEMORY_KIB: u64 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A thread's result.
struct Lane {
    latencies: Latencies,
    per_second: f64,
}

/// Hashes on `threads` threads for `time`, each in its own memory, which it keeps.
pub(crate) fn measure(threads: usize, time: Duration) -> Result<Value, String> {
    let lanes: Vec<_> = (0..threads).map(|_| thread::spawn(move || hash_for(time))).collect();
    let mut latencies = Latencies::default();
    let mut per_second = 0.0;
    for lane in lanes {
        let lane = lane.join().map_err(|_| "a hashing thread panicked")??;
        latencies.append(lane.latencies);
        per_second += lane.per_second;
    }
    let mut report = latencies.report(time);
    report["perSecond"] = json!(per_second);
    Ok(report)
}

/// Hashes for `time`. The rate counts until the end of the last hash, so that no hash is truncated.
fn hash_for(time: Duration) -> Result<Lane, String> {
    let params = Params::builder().memory(Memory::kib(MEMORY_KIB)).passes(PASSES).lanes(LANES).build();
    let mut hasher =
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(|error| error.to_string())?).hasher();
    let mut out = [0; 32];
    let mut hash = || hasher.hash_into(b"a password", b"a salt of 16 B..", &mut out);
    // The first hash makes the kernel allocate the memory, and is not counted.
    hash().map_err(|error| error.to_string())?;
    let start = now();
    let mut latencies = Latencies::default();
    let mut before = start;
    while before < start + time {
        hash().map_err(|error| error.to_string())?;
        let after = now();
        latencies.add(after - before);
        before = after;
    }
    let per_second = latencies.count() as f64 / (before - start).as_secs_f64();
    Ok(Lane { latencies, per_second })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_counts_and_hashes_at_least_once() {
        let report = measure(2, Duration::from_millis(1)).unwrap();
        assert!(report["count"].as_u64().unwrap() >= 2, "{report}");
        assert!(report["perSecond"].as_f64().unwrap() > 0.0, "{report}");
    }
}
