//! The commands of the binary, each with its arguments beside it. Most options can also be set by an environment variable
//! `HALLPASS_…`. The error for an invalid value names the option and the values that it takes.

use std::{error::Error, ffi::OsString, io};

use clap::{Parser, Subcommand};

use crate::{
    key_ring::{Hs256Secret, MasterKeyText},
    metrics::LogMetrics,
};

pub(crate) mod calibrate;
pub(crate) mod keys;
pub(crate) mod open_store;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod store;
pub(crate) mod store_address;
pub(crate) mod user;
pub(crate) mod value_parsers;

/// Signs users in, and issues access tokens that services verify locally.
#[derive(Debug, Parser)]
#[command(name = "hallpass", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// The log level: error, warn, info, debug or trace.
    #[arg(long, env = "HALLPASS_LOG", value_name = "LEVEL", default_value = "info", global = true,
          value_parser = value_parsers::log_level, display_order = 100)]
    pub(crate) log: tracing::level_filters::LevelFilter,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the issuer.
    Serve(Box<serve::Serve>),
    /// Manage users, also while the issuer runs.
    #[command(subcommand)]
    User(user::UserCommand),
    /// List and end sessions, also while the issuer runs.
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// List, rotate and revoke the issuer's keys, also while the issuer runs.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Copy a store to another engine, or migrate its schema.
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Measure password hashing on this machine, and recommend options.
    Calibrate(calibrate::Calibrate),
}

/// The secrets, which only environment variables set: every user of the machine can read a process's arguments.
pub struct Environment {
    /// `HALLPASS_MASTER_KEY`, which encrypts the key ring.
    pub master_key: Option<OsString>,
    /// `HALLPASS_HS256_SECRET`, which signs access tokens with HS256.
    pub hs256_secret: Option<OsString>,
}

impl Command {
    /// Runs the command to its end. `stop` makes the future that completes at the stop signal; only `serve` calls it.
    pub(crate) async fn run<Stop>(
        self,
        environment: Environment,
        log_metrics: LogMetrics,
        stop: impl FnOnce() -> io::Result<Stop>,
    ) -> Result<(), Box<dyn Error>>
    where
        Stop: Future<Output = ()> + Send + 'static,
    {
        let master_key = environment.master_key.map(MasterKeyText::from);
        match self {
            Self::Serve(options) => {
                let hs256 = environment.hs256_secret.map(Hs256Secret::from);
                let secrets = serve::Secrets { hs256, master_key };
                // In a task: on the main thread, each new connection would wake one more thread.
                tokio::spawn(serve::run(*options, secrets, log_metrics, stop()?)).await??;
            }
            Self::User(command) => user::run(command).await?,
            Self::Session(command) => session::run(command).await?,
            Self::Keys(command) => keys::run(command, master_key).await?,
            Self::Store(command) => store::run(command).await?,
            Self::Calibrate(options) => calibrate::run(&options)?,
        }
        Ok(())
    }
}

/// Whether a command failed because of its options.
pub(crate) fn is_usage(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<serve::ServeError>().is_some_and(serve::ServeError::is_usage)
        || error.downcast_ref::<keys::KeysError>().is_some_and(keys::KeysError::is_usage)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
