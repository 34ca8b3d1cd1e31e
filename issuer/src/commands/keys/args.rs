//! The options that say how keys are kept, and the command `hallpass keys`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};

use crate::commands::{
    store::StoreOption,
    values::{duration, duration_or_none, key_name},
};

/// Options of `hallpass serve` that say how keys are kept.
#[derive(Debug, Args)]
pub(crate) struct KeyOptions {
    /// How long a signing key is in use before the next replaces it. 0 disables rotation.
    #[arg(long, env = "HALLPASS_KEY_ROTATION", value_name = "DURATION", default_value = "30d",
          value_parser = duration_or_none)]
    pub(crate) key_rotation: Duration,
    /// The same for the keys of refresh tokens. Sessions continue. 0 disables rotation.
    #[arg(long, env = "HALLPASS_REFRESH_KEY_ROTATION", value_name = "DURATION", default_value = "90d",
          value_parser = duration_or_none)]
    pub(crate) refresh_key_rotation: Duration,
    /// How long verifiers may cache the key set (`Cache-Control`), at most 5m. A revoked key is trusted for as long.
    #[arg(long, env = "HALLPASS_KEY_SET_MAX_AGE", value_name = "DURATION", default_value = "5m",
          value_parser = duration)]
    pub(crate) key_set_max_age: Duration,
    /// How old what this issuer knows of the keys may be; it reads them six times as often. For tests: everything that
    /// issuers wait for is reckoned from it.
    #[arg(long, env = "HALLPASS_KEY_RING_LAG", value_name = "DURATION", default_value = "30s",
          value_parser = duration, hide = true)]
    pub(crate) key_ring_lag: Duration,
    #[command(flatten)]
    pub(crate) master_key: MasterKeyOption,
}

/// The option that says under which key the issuer's keys are encrypted.
#[derive(Debug, Args)]
pub(crate) struct MasterKeyOption {
    /// A file with the master key, under which the issuer's keys are encrypted: 32 random bytes as base64url, such as
    /// `openssl rand -base64 32 | tr +/ -_ | tr -d =` writes. It can also be in `HALLPASS_MASTER_KEY` itself. Without
    /// either, an embedded store keeps one in its folder.
    #[arg(long, env = "HALLPASS_MASTER_KEY_FILE", value_name = "FILE")]
    pub(crate) master_key_file: Option<PathBuf>,
}

/// Commands of `hallpass keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Print all keys: purpose, state, since when, and the next step.
    List(KeysList),
    /// Replace the key in use by the next, as soon as every verifier can have it.
    Rotate(KeysRotate),
    /// Revoke a key at once, because it may be stolen.
    ///
    /// A signing key is out of the key set when the issuers next read the ring, within seconds, and out of every verifier
    /// within --key-set-max-age: the answer says when. Tokens that it signed are refused from then on; clients renew them.
    /// With a key of refresh tokens, every session whose refresh token was made with it ends.
    Revoke(KeysRevoke),
    /// Encrypt all keys under another master key. Restart running issuers with it.
    Reseal(KeysReseal),
    /// Remove all keys and make new ones, where the master key is lost. Every session ends, and every token becomes invalid.
    Reset(KeysReset),
}

/// Options of `hallpass keys list`.
#[derive(Debug, Args)]
pub(crate) struct KeysList {
    /// Print one line of JSON for each key.
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
    /// Replace the key of refresh tokens, not the signing key. Sessions continue.
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
    /// The key's name in `hallpass keys list` (the `kid` of a signing key), or an unambiguous prefix.
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
    /// Confirm: the keys cannot be restored.
    #[arg(long, required = true)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) master_key: MasterKeyOption,
    #[command(flatten)]
    pub(crate) store: StoreOption,
}
