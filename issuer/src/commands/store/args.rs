//! Arguments of `hallpass store`, and the option for the store's address.

use std::{ffi::OsStr, num::NonZero};

use clap::{
    Arg, Args, Command, Subcommand,
    builder::{TypedValueParser, ValueParserFactory},
    error::ErrorKind,
    parser::ValueSource,
};

use crate::commands::{store_address::StoreAddress, value_parsers::connections};

/// The option for the store's address.
#[derive(Debug, Args)]
pub(crate) struct StoreOption {
    /// The store of users, sessions and keys: a folder (sled:PATH), or a PostgreSQL database that several issuers can share
    /// (`postgres://USER@HOST/DATABASE`). Pass an address with a password by the environment variable only.
    #[arg(
        long,
        env = "HALLPASS_STORE",
        hide_env_values = true,
        value_name = "STORE",
        default_value = "sled:./hallpass-data"
    )]
    pub(crate) store: StoreAddress,
}

/// The store options of `hallpass serve`.
#[derive(Debug, Args)]
pub(crate) struct ServedStoreOption {
    #[command(flatten)]
    pub(crate) address: StoreOption,
    /// The maximum number of connections to a PostgreSQL database.
    #[arg(long, env = "HALLPASS_STORE_CONNECTIONS", value_name = "N", default_value = "16",
          value_parser = connections)]
    pub(crate) store_connections: NonZero<u16>,
}

/// Commands of `hallpass store`.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Migrate the schema of a PostgreSQL database, as `hallpass serve` does when it starts.
    Migrate(StoreOption),
    /// Copy a store into an empty one, and compare the two. Stop all issuers first. A second run resumes an interrupted copy.
    Copy(StoreCopy),
}

/// Options of `hallpass store copy`.
#[derive(Debug, Args)]
pub(crate) struct StoreCopy {
    /// The store to copy, such as sled:./hallpass-data. It is not changed.
    #[arg(long, env = "HALLPASS_COPY_FROM", hide_env_values = true, value_name = "STORE")]
    pub(crate) from: StoreAddress,
    /// The store to copy into, such as `postgres://hallpass@db/hallpass`.
    #[arg(long, env = "HALLPASS_COPY_TO", hide_env_values = true, value_name = "STORE")]
    pub(crate) to: StoreAddress,
}

/// Parses a store address. Its errors do not quote the address, which can contain a password.
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
            "an argument with a password is readable for every user of this machine: set the environment variable instead, \
             such as HALLPASS_STORE"
                .to_owned(),
        );
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_read_from_the_environment_only_and_is_never_quoted() {
        let url = "postgres://hallpass:s3cret@db/hallpass";
        let refusal = parse(url, ValueSource::CommandLine).unwrap_err();
        assert!(refusal.contains("HALLPASS_STORE") && !refusal.contains("s3cret"), "{refusal}");
        assert!(parse(url, ValueSource::EnvVariable).is_ok());
    }
}
