//! The load generator of the issuer's bench: clients that sign in and rotate refresh tokens over HTTP, in closed and
//! open loops; and the rates of the disk and of password hashes.
//!
//! Except for hashing it runs on one thread with a minimal HTTP client, so that it takes little of the measured
//! machine. It reports its share.

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

/// Loads an issuer, a disk or the cores
#[derive(Debug, Parser)]
enum Command {
    /// Sign in, then rotate refresh tokens with each number of clients in turn
    Refresh(closed::Options),
    /// Sign in repeatedly with each number of clients in turn
    Login(closed::Options),
    /// Sign in at a fixed rate, with a trickle of other requests before and during it
    Flood(flood::Options),
    /// Hash passwords on a number of threads
    Hash {
        #[arg(long)]
        threads: usize,
        #[arg(long, value_parser = milliseconds)]
        measure: Duration,
    },
    /// Write 4 KiB and `fdatasync`, repeatedly
    Disk {
        /// The folder of the file
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
