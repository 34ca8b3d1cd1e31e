//! The address of a store: the folder of an embedded store, or a PostgreSQL database.

use std::{path::PathBuf, str::FromStr};

use crate::{
    key_ring::Home,
    store::postgres::{InvalidAddress, PostgresAddress},
};

/// The address of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreAddress {
    /// The folder of an embedded store.
    Folder(PathBuf),
    Postgres(Box<PostgresAddress>),
}

/// A text that is not a store address. The messages do not quote it: it can contain a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidStoreAddress {
    #[error("a store is sled:PATH, such as sled:./hallpass-data, or postgres://USER@HOST/DATABASE")]
    Shape,
    #[error(
        "a store is sled:PATH or postgres://USER@HOST/DATABASE, without control characters, such as a final line break"
    )]
    Control,
    #[error(transparent)]
    Postgres(#[from] InvalidAddress),
}

impl FromStr for StoreAddress {
    type Err = InvalidStoreAddress;

    fn from_str(text: &str) -> Result<Self, InvalidStoreAddress> {
        // A value read from a file can end in a line break, which would select another folder.
        if text.contains(char::is_control) {
            return Err(InvalidStoreAddress::Control);
        }
        if PostgresAddress::is_meant_by(text) {
            return Ok(Self::Postgres(Box::new(text.parse()?)));
        }
        match text.strip_prefix("sled:") {
            Some(folder) if !folder.is_empty() => Ok(Self::Folder(folder.into())),
            _ => Err(InvalidStoreAddress::Shape),
        }
    }
}

impl StoreAddress {
    /// Whether the address contains a password.
    pub(crate) fn has_password(&self) -> bool {
        matches!(self, Self::Postgres(address) if address.has_password())
    }

    /// Where the master key of the store can be.
    pub(crate) fn home(&self) -> Home<'_> {
        match self {
            Self::Folder(folder) => Home::Folder(folder),
            Self::Postgres(_) => Home::Shared,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_folder_after_sled_or_a_database() {
        assert_eq!("sled:./data".parse(), Ok(StoreAddress::Folder("./data".into())));
        assert!(matches!("postgres://hallpass@db/hallpass".parse(), Ok(StoreAddress::Postgres(_))));
        for text in
            ["", "./data", "sled:", "mysql://x", "postgres://", "sled:./data\n", "postgres://hallpass@db/hallpass\n"]
        {
            assert!(text.parse::<StoreAddress>().is_err(), "{text}");
        }
    }
}
