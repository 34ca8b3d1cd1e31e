//! The load generator of the issuer's bench: clients that rotate refresh tokens over HTTP, and the disk's own rate.
//!
//! It runs on one thread and speaks just enough HTTP, so that it takes as little of the machine as it can from what it
//! measures; it tells how much that was.

mod clock;
mod connection;
mod disk;
mod latencies;
mod level;
mod sign_in;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde_json::{Value, json};

/// Puts load on an issuer, or on a disk.
#[derive(Debug, Parser)]
enum Command {
    /// Sign in, then rotate refresh tokens with each number of clients in turn
    Refresh(Refresh),
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

/// What `refresh` takes.
#[derive(Debug, clap::Args)]
struct Refresh {
    /// Where the issuer listens
    address: SocketAddr,
    /// Who signs in, in turn: NAME:PASSWORD
    #[arg(long, value_delimiter = ',', required = true)]
    users: Vec<String>,
    /// How many clients at once
    #[arg(long, value_delimiter = ',', required = true)]
    clients: Vec<usize>,
    /// Milliseconds that are not counted yet
    #[arg(long, value_parser = milliseconds)]
    warm_up: Duration,
    /// Milliseconds that are counted
    #[arg(long, value_parser = milliseconds)]
    measure: Duration,
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_millis).map_err(|_| "whole milliseconds".to_owned())
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Refresh(options) => refresh(&options),
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

fn refresh(options: &Refresh) -> Result<Value, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let most = options.clients.iter().copied().max().unwrap_or_default();
        let mut tokens = sign_in::sign_in(options.address, &options.users, most).await?;
        let mut levels = Vec::new();
        let mut answered = 0;
        for &clients in &options.clients {
            let level = level::run(options, &mut tokens[..clients]).await?;
            answered += level.answered;
            levels.push(level.report(options.measure));
        }
        Ok(json!({ "answered": answered, "levels": levels }))
    })
}
