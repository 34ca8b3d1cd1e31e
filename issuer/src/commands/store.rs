//! `hallpass store …`: a store as a whole, for the person who runs the issuer.

use std::io::{self, Write as _};

use crate::{
    commands::data::{self, DataError, StoreAddress},
    store::postgres::{self, COMMAND_CONNECTIONS, COMMAND_PATIENCE, Migrated, PostgresStore},
};

mod args;
mod copy;

use args::StoreCopy;
pub(crate) use args::{ServedStoreOption, StoreCommand, StoreOption};
use copy::{Copied, CopyError};

/// What is to be done after a copy.
const WITH_KEYS: &str = "the keys are copied as they were sealed: start issuers on the new store with the same master key, \
                         which an embedded store has in its folder's file master.key, and none on the old one";
const WITHOUT_KEYS: &str = "the store has no key ring: new keys will be made, and every user has to sign in again";

/// Why a command on a store failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoresError {
    #[error("--from and --to are the same store")]
    Same,
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
    #[error("it is done, but that cannot be printed: {0}")]
    Output(#[from] io::Error),
}

pub(crate) async fn run(command: StoreCommand) -> Result<(), StoresError> {
    match command {
        StoreCommand::Migrate(options) => migrate(options).await,
        StoreCommand::Copy(options) => copy(options).await,
    }
}

async fn migrate(options: StoreOption) -> Result<(), StoresError> {
    let StoreAddress::Postgres(address) = options.store else {
        return Ok(writeln!(io::stdout(), "hallpass: the embedded store has no schema: there is nothing to migrate")?);
    };
    let store = PostgresStore::connect(&address, COMMAND_CONNECTIONS, COMMAND_PATIENCE).await?;
    let mut stdout = io::stdout();
    match store.migrate(&address).await? {
        Migrated { from, to } if from == to => writeln!(stdout, "hallpass: the schema has version {to} already")?,
        Migrated { from, to } => writeln!(stdout, "hallpass: the schema went from version {from} to {to}")?,
    }
    Ok(())
}

/// Copies a store. What it needs to be right is that nobody writes meanwhile: the embedded store is held, and that no
/// issuer works on a database is for whoever runs them to see to. Where one does, the comparison at the end tells.
async fn copy(options: StoreCopy) -> Result<(), StoresError> {
    let StoreCopy { from, to } = options;
    if from == to {
        return Err(StoresError::Same);
    }
    let (source, target) = (data::hold_existing(&from).await?, data::hold(&to).await?);
    let Copied { users, sessions, keys } = copy::run(&*source, &*target).await?;
    let mut stdout = io::stdout();
    writeln!(stdout, "hallpass: users copied: {}; there already: {}", users.added, users.present)?;
    writeln!(stdout, "hallpass: sessions copied: {}; there already: {}", sessions.added, sessions.present)?;
    writeln!(stdout, "hallpass: compared: both stores hold the same")?;
    let next = if keys { WITH_KEYS } else { WITHOUT_KEYS };
    Ok(writeln!(stdout, "hallpass: {next}")?)
}
