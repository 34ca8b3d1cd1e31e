//! The option that says where users and sessions are kept, and the commands of `hallpass store`.

use std::{ffi::OsStr, num::NonZero};

use clap::{
    Arg, Args, Command, Subcommand,
    builder::{TypedValueParser, ValueParserFactory},
    error::ErrorKind,
    parser::ValueSource,
};

use crate::commands::{data::StoreAddress, values::connections};

/// The option that says where users and sessions are kept.
#[derive(Debug, Args)]
pub(crate) struct StoreOption {
    /// Where users, sessions and keys are kept: a folder, as sled:PATH, or a PostgreSQL database that several issuers
    /// share, as `postgres://USER@HOST/DATABASE`. Pass an address with a password by the environment.
    #[arg(
        long,
        env = "HALLPASS_STORE",
        hide_env_values = true,
        value_name = "STORE",
        default_value = "sled:./hallpass-data"
    )]
    pub(crate) store: StoreAddress,
}

/// The options of `hallpass serve` on its store.
#[derive(Debug, Args)]
pub(crate) struct ServedStoreOption {
    #[command(flatten)]
    pub(crate) address: StoreOption,
    /// Connections to a PostgreSQL database, at most.
    #[arg(long, env = "HALLPASS_STORE_CONNECTIONS", value_name = "N", default_value = "16",
          value_parser = connections)]
    pub(crate) store_connections: NonZero<u16>,
}

/// Commands of `hallpass store`.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Migrate the schema of a PostgreSQL database, as `hallpass serve` does when it starts.
    Migrate(StoreOption),
    /// Copy a store into an empty one, and compare the two. Stop all issuers first.
    /// Run an interrupted copy again to resume it.
    Copy(StoreCopy),
}

/// Options of `hallpass store copy`.
#[derive(Debug, Args)]
pub(crate) struct StoreCopy {
    /// The store to copy, such as sled:./hallpass-data; it stays as it is.
    #[arg(long, env = "HALLPASS_COPY_FROM", hide_env_values = true, value_name = "STORE")]
    pub(crate) from: StoreAddress,
    /// The store to copy into, such as `postgres://hallpass@db/hallpass`.
    #[arg(long, env = "HALLPASS_COPY_TO", hide_env_values = true, value_name = "STORE")]
    pub(crate) to: StoreAddress,
}

/// Reads an address without ever showing it: it may hold a password.
#[derive(Clone)]
pub(crate) struct StoreAddressParser;

impl ValueParserFactory for StoreAddress {
    type Parser = StoreAddressParser;

    fn value_parser() -> StoreAddressParser {
        StoreAddressParser
    }
}

impl TypedValueParser for StoreAddressParser {
    type Value = StoreAddress;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, text: &OsStr) -> Result<StoreAddress, clap::Error> {
        self.parse_ref_(command, arg, text, ValueSource::CommandLine)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        text: &OsStr,
        source: ValueSource,
    ) -> Result<StoreAddress, clap::Error> {
        parse(text.to_str().unwrap_or_default(), source).map_err(|reason| {
            let arg = arg.map_or_else(|| "the store".to_owned(), ToString::to_string);
            let message = format!("invalid value for '{arg}': {reason}\n\nFor more information, try '--help'.\n");
            clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}

fn parse(text: &str, source: ValueSource) -> Result<StoreAddress, String> {
    let address: StoreAddress = text.parse().map_err(|error| format!("{error}"))?;
    if address.has_password() && source == ValueSource::CommandLine {
        return Err(
            "it has a password, which every user of this machine could read there: put it into the environment, \
                    as HALLPASS_STORE"
                .to_owned(),
        );
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_comes_from_the_environment_alone_and_is_not_repeated() {
        let url = "postgres://hallpass:s3cret@db/hallpass";
        let refusal = parse(url, ValueSource::CommandLine).unwrap_err();
        assert!(refusal.contains("HALLPASS_STORE") && !refusal.contains("s3cret"), "{refusal}");
        assert!(parse(url, ValueSource::EnvVariable).is_ok());
    }
}
