//! `hallpass store …`: copies and migrates stores.

use std::io::{self, Write as _};

use crate::{
    commands::{
        open_store::{self, OpenStoreError},
        store_address::StoreAddress,
    },
    store::postgres::{self, COMMAND_CONNECTIONS, COMMAND_PATIENCE, Migrated, PostgresStore},
};

mod args;
mod copy;

use args::StoreCopy;
pub(crate) use args::{ServedStoreOption, StoreCommand, StoreOption};
use copy::{Copied, CopyError};

/// The operator's next step after a copy.
const WITH_KEYS: &str = "the keys were copied in encrypted form: start issuers on the new store with the same master key (an \
                         embedded store has it in the file master.key of its folder), and none on the old store";
const WITHOUT_KEYS: &str = "the store has no keys: the next issuer creates keys, and every user must sign in again";

/// Why a command on a store failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreCommandError {
    #[error("--from and --to are the same store")]
    Same,
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error(transparent)]
    Open(#[from] OpenStoreError),
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
    #[error("the command succeeded, but cannot print its result: {0}")]
    Output(#[from] io::Error),
}

pub(crate) async fn run(command: StoreCommand) -> Result<(), StoreCommandError> {
    match command {
        StoreCommand::Migrate(options) => migrate(options).await,
        StoreCommand::Copy(options) => copy(options).await,
    }
}

async fn migrate(options: StoreOption) -> Result<(), StoreCommandError> {
    let StoreAddress::Postgres(address) = options.store else {
        return Ok(writeln!(io::stdout(), "hallpass: an embedded store has no schema: nothing to migrate")?);
    };
    let store = PostgresStore::connect(&address, COMMAND_CONNECTIONS, COMMAND_PATIENCE).await?;
    let mut stdout = io::stdout();
    match store.migrate(&address).await? {
        Migrated { from, to } if from == to => writeln!(stdout, "hallpass: the schema already has version {to}")?,
        Migrated { from, to } => writeln!(stdout, "hallpass: migrated the schema from version {from} to {to}")?,
    }
    Ok(())
}

/// Copies a store. No other process may write meanwhile: an embedded store is locked, but the operator must stop the issuers
/// of a database. If one runs, the comparison at the end fails.
async fn copy(options: StoreCopy) -> Result<(), StoreCommandError> {
    let StoreCopy { from, to } = options;
    if from == to {
        return Err(StoreCommandError::Same);
    }
    let source = open_store::lock_existing(&from).await?;
    let target = open_store::lock_or_create(&to).await?;
    let Copied { users, sessions, keys } = copy::run(&*source, &*target).await?;
    let mut stdout = io::stdout();
    writeln!(stdout, "hallpass: users copied: {}; existing: {}", users.added, users.present)?;
    writeln!(stdout, "hallpass: sessions copied: {}; existing: {}", sessions.added, sessions.present)?;
    writeln!(stdout, "hallpass: compared: both stores have the same records")?;
    let next = if keys { WITH_KEYS } else { WITHOUT_KEYS };
    Ok(writeln!(stdout, "hallpass: {next}")?)
}
