//! Arguments of `hallpass keys`, and the key options of `hallpass serve`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};

use crate::commands::{
    store::StoreOption,
    value_parsers::{duration, duration_or_zero, key_name},
};

/// The key options of `hallpass serve`.
#[derive(Debug, Args)]
pub(crate) struct KeyOptions {
    /// The time in use after which a signing key is rotated. 0 disables this.
    #[arg(long, env = "HALLPASS_KEY_ROTATION", value_name = "DURATION", default_value = "30d",
          value_parser = duration_or_zero)]
    pub(crate) key_rotation: Duration,
    /// The time in use after which the key of refresh tokens is rotated. Sessions continue. 0 disables this.
    #[arg(long, env = "HALLPASS_REFRESH_KEY_ROTATION", value_name = "DURATION", default_value = "90d",
          value_parser = duration_or_zero)]
    pub(crate) refresh_key_rotation: Duration,
    /// The `max-age` of the key set, at most 5m. Verifiers trust a revoked key for that long.
    #[arg(long, env = "HALLPASS_KEY_SET_MAX_AGE", value_name = "DURATION", default_value = "5m",
          value_parser = duration)]
    pub(crate) key_set_max_age: Duration,
    /// The maximum age of the issuer's copy of the key ring, which it reads six times as often. For tests: all waits of
    /// issuers depend on it.
    #[arg(long, env = "HALLPASS_KEY_RING_LAG", value_name = "DURATION", default_value = "30s",
          value_parser = duration, hide = true)]
    pub(crate) key_ring_lag: Duration,
    #[command(flatten)]
    pub(crate) master_key: MasterKeyOption,
}

/// The option for the master key.
#[derive(Debug, Args)]
pub(crate) struct MasterKeyOption {
    /// A file with the master key, which encrypts the issuer's keys: 32 random bytes as base64url, such as from
    /// `openssl rand -base64 32 | tr +/ -_ | tr -d =`. The key can also be in `HALLPASS_MASTER_KEY`. Without both, an
    /// embedded store has the key in its folder.
    #[arg(long, env = "HALLPASS_MASTER_KEY_FILE", value_name = "FILE")]
    pub(crate) master_key_file: Option<PathBuf>,
}

/// Commands of `hallpass keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Print all keys with their purpose, their state and its start, and the next state.
    List(KeysList),
    /// Rotate the key in use: at once, or as soon as every verifier can have the next key.
    Rotate(KeysRotate),
    /// Revoke a key at once, because an attacker may have it.
    ///
    /// The issuers remove a signing key from the key set within seconds, and verifiers drop it within --key-set-max-age; the
    /// output has the time. From then on its tokens are refused, and clients refresh them. Revoking a key of refresh tokens
    /// ends every session with a refresh token of that key.
    Revoke(KeysRevoke),
    /// Encrypt all keys with another master key. Running issuers must be restarted with it.
    Reseal(KeysReseal),
    /// Remove all keys, after a loss of the master key. Every session ends, and every token becomes invalid.
    Reset(KeysReset),
}

/// Options of `hallpass keys list`.
#[derive(Debug, Args)]
pub(crate) struct KeysList {
    /// Print one line of JSON per key.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) master_key: MasterKeyOption,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass keys rotate`.
#[derive(Debug, Args)]
pub(crate) struct KeysRotate {
    /// Rotate the key of refresh tokens, not the signing key. Sessions continue.
    #[arg(long)]
    pub(crate) refresh_tokens: bool,
    #[command(flatten)]
    pub(crate) master_key: MasterKeyOption,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass keys revoke`.
#[derive(Debug, Args)]
pub(crate) struct KeysRevoke {
    /// The key's name in `hallpass keys list` (a signing key's `kid`), or an unambiguous prefix of it.
    #[arg(value_name = "KEY", allow_hyphen_values = true, value_parser = key_name)]
    pub(crate) key: String,
    #[command(flatten)]
    pub(crate) master_key: MasterKeyOption,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass keys reseal`.
#[derive(Debug, Args)]
pub(crate) struct KeysReseal {
    /// A file with the new master key.
    #[arg(long, value_name = "FILE")]
    pub(crate) new_master_key_file: PathBuf,
    #[command(flatten)]
    pub(crate) master_key: MasterKeyOption,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}

/// Options of `hallpass keys reset`.
#[derive(Debug, Args)]
pub(crate) struct KeysReset {
    /// Confirm the removal, which cannot be undone.
    #[arg(long, required = true)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) master_key: MasterKeyOption,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}
