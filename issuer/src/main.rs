//! The binary `hallpass`. Here alone the environment, the arguments and the signals are read.

mod auth;
mod cli;
mod clock;
mod data;
mod entropy;
mod http;
mod id;
mod keys;
mod password;
mod refresh_token;
mod serve;
mod session;
mod store;
mod user;
mod users;

use std::{
    error::Error,
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use clap::Parser as _;
use cli::{Cli, Command};
use serve::ServeError;
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;

/// Exit status for wrong options, the same as clap's.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr(cli.log);
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hallpass: {error}");
            let is_usage = error.downcast_ref::<ServeError>().is_some_and(ServeError::is_usage);
            ExitCode::from(if is_usage { USAGE } else { 1 })
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Serve(options) => serve::run(options, told_to_stop()?).await?,
            Command::User(command) => users::run(command).await?,
        }
        Ok(())
    })
}

/// Completes when the process gets SIGINT (Ctrl-C) or SIGTERM.
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn log_to_stderr(level: LevelFilter) {
    let in_colour = io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_max_level(level)
        .with_target(false)
        .with_ansi(in_colour)
        .init();
}
