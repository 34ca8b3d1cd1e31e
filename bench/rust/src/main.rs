//! The load generator of the issuer's bench: clients that sign in and rotate refresh tokens over HTTP, in closed loops
//! and in open ones; and the own rates of what they rest on, the disk and the hash of passwords.
//!
//! But for hashing it runs on one thread and speaks just enough HTTP, so that it takes as little of the machine as it
//! can from what it measures; it tells how much that was.

mod clock;
mod closed;
mod connection;
mod dialect;
mod disk;
mod flood;
mod hashing;
mod latencies;
mod level;
mod open_loop;
mod pacer;
mod schedule;
mod sign_in;
mod source;
mod target;

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde_json::Value;

/// Puts load on an issuer, on a disk, or on the cores.
#[derive(Debug, Parser)]
enum Command {
    /// Sign in, then rotate refresh tokens with each number of clients in turn
    Refresh(closed::Options),
    /// Sign in again and again with each number of clients in turn
    Login(closed::Options),
    /// Sign in at a rate that does not wait for answers, with a trickle of other requests before and meanwhile
    Flood(flood::Options),
    /// Hash passwords on so many threads
    Hash {
        #[arg(long)]
        threads: usize,
        #[arg(long, value_parser = milliseconds)]
        measure: Duration,
    },
    /// Write 4 KiB and `fdatasync`, again and again
    Disk {
        /// Where the file is made
        folder: PathBuf,
        #[arg(long)]
        shape: disk::Shape,
        #[arg(long, value_parser = milliseconds)]
        measure: Duration,
    },
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_millis).map_err(|_| "whole milliseconds".to_owned())
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Refresh(options) => on_one_thread(closed::refresh(&options)),
        Command::Login(options) => on_one_thread(closed::login(&options)),
        Command::Flood(options) => on_one_thread(flood::run(&options)),
        Command::Hash { threads, measure } => hashing::measure(threads, measure),
        Command::Disk { folder, shape, measure } => {
            disk::measure(&folder, shape, measure).map_err(|error| error.to_string())
        }
    };
    match result {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn on_one_thread(load: impl Future<Output = Result<Value, String>>) -> Result<Value, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(load)
}
