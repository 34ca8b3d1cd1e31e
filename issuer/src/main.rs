//! The binary `hallpass`. Only this file reads the environment, the arguments and the signals.

use std::{env, io, process::ExitCode};

use clap::Parser as _;
use hallpass_issuer::{Cli, Environment};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = Environment {
        master_key: env::var_os("HALLPASS_MASTER_KEY"),
        hs256_secret: env::var_os("HALLPASS_HS256_SECRET"),
    };
    hallpass_issuer::run(cli, environment, stop_signal)
}

/// Completes when the process gets SIGINT (Ctrl-C) or SIGTERM.
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
