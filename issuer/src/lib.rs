//! The issuer as a library: everything but the environment and the signals, which only `main` reads.

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

/// Exit status for wrong options, the same as clap's.
const USAGE: u8 = 2;

/// How long the end of the process waits for work that cannot be canceled, such as the opening of a store. The process may be
/// killed at any time.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs a command to its end, and returns the exit status of the process. `stop` makes the future that completes when the
/// process is to stop; it is called inside the runtime, and only by `serve`.
pub fn run<Stop>(cli: Cli, environment: Environment, stop: impl FnOnce() -> io::Result<Stop>) -> ExitCode
where
    Stop: Future<Output = ()> + Send + 'static,
{
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
    let outcome =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Into::into).and_then(|runtime| {
            let outcome = runtime.block_on(cli.command.run(environment, log_metrics, stop));
            runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
            outcome
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Through the log, so that a reader that has stopped does not keep the process from its end.
            log.say(&format!("hallpass: {error}"));
            ExitCode::from(if commands::is_usage(error.as_ref()) { USAGE } else { 1 })
        }
    }
}

/// A panic is a line of the log, and not three beside it. One of the store's engine becomes an error where it was called,
/// which is reported then.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        if store::sled::is_engines(panic) {
            tracing::debug!(%panic, "the store's engine panicked");
        } else {
            tracing::error!(%panic, "the issuer panicked; please report this bug");
        }
    }));
}
