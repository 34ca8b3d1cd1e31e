//! The binary `hallpass`. Here alone the environment, the arguments and the signals are read.

mod audit;
mod auth;
mod calibrate;
mod cli;
mod clock;
mod data;
mod device_token;
mod entropy;
mod foreign_text;
mod guessing;
mod hashing;
mod http;
mod id;
mod key_ring;
mod keys;
mod log;
mod metrics;
mod password;
mod private_file;
mod refresh_token;
mod serve;
mod session;
mod sessions;
mod store;
mod stores;
mod sweeper;
mod user;
mod users;

use std::{
    env,
    error::Error,
    io::{self, Write as _},
    panic,
    process::ExitCode,
    time::Duration,
};

use clap::Parser as _;
use cli::{Cli, Command};
use key_ring::{Hs256Secret, MasterKeyText};
use keys::KeysError;
use metrics::LogMetrics;
use serve::{Secrets, ServeError};
use tokio::signal::unix::{SignalKind, signal};

/// Exit status for wrong options, the same as clap's.
const USAGE: u8 = 2;

/// How long the end of the process waits for what cannot be given up: for an issuer that is told to stop while it opens its
/// store, say. It may be killed there.
const AT_MOST: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let log_metrics = LogMetrics::default();
    let log = match log::start(cli.log, log_metrics.clone()) {
        Ok(log) => log,
        Err(error) => {
            // Where not even this can be written, the exit status still tells.
            drop(writeln!(io::stderr(), "hallpass: no thread can be started for the log: {error}"));
            return ExitCode::FAILURE;
        }
    };
    log_panics();
    match run(cli.command, log_metrics) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Through the log, so that a reader that has stopped does not keep the process from its end.
            log.say(&format!("hallpass: {error}"));
            let is_usage = error.downcast_ref::<ServeError>().is_some_and(ServeError::is_usage)
                || error.downcast_ref::<KeysError>().is_some_and(KeysError::is_usage);
            ExitCode::from(if is_usage { USAGE } else { 1 })
        }
    }
}

fn run(command: Command, log_metrics: LogMetrics) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let master_key = env::var_os("HALLPASS_MASTER_KEY").map(MasterKeyText::from);
        match command {
            Command::Serve(options) => {
                let hs256_secret = env::var_os("HALLPASS_HS256_SECRET").map(Hs256Secret::from);
                let secrets = Secrets { hs256: hs256_secret, master_key };
                // As a task: what this thread did itself would be one more thread to wake, for every connection.
                tokio::spawn(serve::run(*options, secrets, log_metrics, told_to_stop()?)).await??;
            }
            Command::User(command) => users::run(command).await?,
            Command::Session(command) => sessions::run(command).await?,
            Command::Keys(command) => keys::run(command, master_key).await?,
            Command::Store(command) => stores::run(command).await?,
            Command::Calibrate(options) => calibrate::run(&options)?,
        }
        Ok(())
    });
    runtime.shutdown_timeout(AT_MOST);
    outcome
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

/// A panic is a line of the log, and not three beside it. One of the store's engine becomes an error where it was called,
/// which is reported then.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        if store::sled::is_engines(panic) {
            tracing::debug!(%panic, "the store's engine panicked");
        } else {
            tracing::error!(%panic, "a part of the issuer panicked: this is a bug");
        }
    }));
}
