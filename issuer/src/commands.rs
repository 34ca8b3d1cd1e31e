//! The commands of the binary, each with its arguments beside it. Every option can also be set as `HALLPASS_…` in the
//! environment. An invalid option is named, with what it takes.

use std::{error::Error, ffi::OsString, io};

use clap::{Parser, Subcommand};

use crate::{
    key_ring::{Hs256Secret, MasterKeyText},
    metrics::LogMetrics,
};

pub(crate) mod calibrate;
pub(crate) mod data;
pub(crate) mod keys;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod store;
pub(crate) mod user;
pub(crate) mod values;

/// Sign users in once, and verify their access tokens anywhere.
#[derive(Debug, Parser)]
#[command(name = "hallpass", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// What to log: error, warn, info, debug or trace.
    #[arg(long, env = "HALLPASS_LOG", value_name = "LEVEL", default_value = "info", global = true,
          value_parser = values::log_level)]
    pub(crate) log: tracing::level_filters::LevelFilter,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the issuer.
    Serve(Box<serve::Serve>),
    /// Manage the users, also while the issuer runs.
    #[command(subcommand)]
    User(user::UserCommand),
    /// List and end sessions, also while the issuer runs.
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// List, rotate and revoke the issuer's keys.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Copy a store to another engine, or migrate its schema.
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Measure how long a password hash takes on this machine, and propose options.
    Calibrate(calibrate::Calibrate),
}

/// The variables of the environment that no option can set, because every user of the machine can read a process's
/// arguments.
pub struct Environment {
    /// `HALLPASS_MASTER_KEY`, which encrypts the key ring.
    pub master_key: Option<OsString>,
    /// `HALLPASS_HS256_SECRET`, which signs access tokens by HS256.
    pub hs256_secret: Option<OsString>,
}

impl Command {
    /// Runs the command to its end. `stop` makes the future that completes when the process is to stop; only `serve` waits
    /// for it.
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
                // As a task: what this thread did itself would be one more thread to wake, for every connection.
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

/// Whether a command failed because its options are wrong.
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
