//! The issuer as a library: everything except the environment and the signals, which only `main` reads.

use std::{
    io::{self, Write as _},
    panic,
    process::ExitCode,
    time::Duration,
};

mod audit;
mod auth;
mod byte_fields;
mod clock;
mod commands;
mod device_token;
mod entropy;
mod foreign_text;
mod hashing;
mod http;
mod id;
mod key_ring;
mod log;
mod login_throttle;
mod metrics;
mod password;
mod private_file;
mod refresh_token;
mod session;
mod store;
mod sweeper;
mod user;

pub use commands::{Cli, Environment};
use metrics::LogMetrics;

/// The exit status for invalid options, the same as clap's.
const USAGE: u8 = 2;

/// How long the process waits at its end for work that cannot be canceled, such as opening a store. The process may be killed
/// at any time.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs a command to its end, and returns the exit status of the process. `stop` makes the future that completes at the stop
/// signal; only `serve` calls it, inside the runtime.
pub fn run<Stop>(cli: Cli, environment: Environment, stop: impl FnOnce() -> io::Result<Stop>) -> ExitCode
where
    Stop: Future<Output = ()> + Send + 'static,
{
    let log_metrics = LogMetrics::default();
    let log = match log::start(cli.log, log_metrics.clone()) {
        Ok(log) => log,
        Err(error) => {
            // If this cannot be written, the exit status still shows the failure.
            drop(writeln!(io::stderr(), "hallpass: cannot start the thread of the log: {error}"));
            return ExitCode::FAILURE;
        }
    };
    log_panics();
    let outcome =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Into::into).and_then(|runtime| {
            let outcome = runtime.block_on(cli.command.run(environment, log_metrics, stop));
            runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
            outcome
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Through the log, so that a stopped reader of standard error does not block the end of the process.
            log.say(&format!("hallpass: {error}"));
            ExitCode::from(if commands::is_usage(error.as_ref()) { USAGE } else { 1 })
        }
    }
}

/// Logs a panic as one line. A panic of the store's engine becomes an error in its caller, which reports it.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        if store::sled::is_engines(panic) {
            tracing::debug!(%panic, "the store's engine panicked");
        } else {
            tracing::error!(%panic, "the issuer panicked; please report this bug");
        }
    }));
}
