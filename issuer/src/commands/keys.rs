//! `hallpass keys …`: manages the key ring of a store. Changes use the store's compare-and-swap, so issuers may run.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use hallpass_token::UnixSeconds;

use crate::{
    audit,
    clock::{Clock as _, SystemClock, date},
    commands::{
        open_store::{self, OpenStoreError},
        store::StoreOption,
    },
    entropy::{NoEntropy, random_bytes},
    key_ring::{
        Fresh, Home, InvalidRing, Kind, MasterKey, MasterKeyError, MasterKeySource, MasterKeyText, NoRevocation,
        NoRotation, Purpose, ResealError, Revoked, Ring, Rotated, Successor, audit_changes, decode, draw_fresh, encode,
        reseal, reset,
    },
    store::{KeyRingRecord, MAX_ATTEMPTS, Store, StoreError, Swapped},
};

mod args;
mod list;

pub(crate) use args::{KeyOptions, KeysCommand, MasterKeyOption};
use args::{KeysReseal, KeysReset, KeysRevoke, KeysRotate};

/// Why a command on keys failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("the store has no keys: start an issuer, which creates them (`hallpass serve`)")]
    NoRing,
    #[error("a running issuer changed the keys {MAX_ATTEMPTS} times in a row; try again")]
    Contended,
    #[error("cannot print the result: {0}")]
    Output(#[from] io::Error),
    #[error(transparent)]
    Rotation(#[from] NoRotation),
    #[error(transparent)]
    Revocation(#[from] NoRevocation),
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error(transparent)]
    Ring(#[from] InvalidRing),
    #[error(transparent)]
    Reseal(#[from] ResealError),
    #[error(transparent)]
    Open(#[from] OpenStoreError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

impl KeysError {
    /// Whether the options are invalid.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::MasterKey(error) if error.is_usage())
    }
}

pub(crate) async fn run(command: KeysCommand, master_key: Option<MasterKeyText>) -> Result<(), KeysError> {
    match command {
        KeysCommand::List(options) => {
            let (_, ring) = SealedRing::open(&options.store, &options.master_key, master_key).await?.read().await?;
            list::print(&ring, SystemClock.now(), options.json)
        }
        KeysCommand::Rotate(options) => rotate(options, master_key).await,
        KeysCommand::Revoke(options) => revoke(options, master_key).await,
        KeysCommand::Reseal(options) => reseal_keys(options, master_key).await,
        KeysCommand::Reset(options) => reset_keys(options, master_key).await,
    }
}

async fn rotate(options: KeysRotate, master_key: Option<MasterKeyText>) -> Result<(), KeysError> {
    let sealed = SealedRing::open(&options.store, &options.master_key, master_key).await?;
    let kind = if options.refresh_tokens { Kind::RefreshTokens } else { Kind::Signing };
    let (ring, rotated) = sealed.update(|ring, now, fresh| Ok(ring.rotate(kind, now, fresh)?)).await?;
    match rotated {
        Rotated::Now { key } => {
            say(&format!("the key {key} is in use: running issuers switch to it within {} s", ring.timing.lag))
        }
        Rotated::At { key, time } => say(&format!(
            "the key {key} will be in use by {}, when every verifier can have it; a running issuer switches to it",
            date(time)
        )),
    }
}

async fn revoke(options: KeysRevoke, master_key: Option<MasterKeyText>) -> Result<(), KeysError> {
    let sealed = SealedRing::open(&options.store, &options.master_key, master_key).await?;
    let (ring, revoked) = sealed.update(|ring, now, fresh| Ok(ring.revoke(&options.key, now, fresh)?)).await?;
    let Revoked { key, purpose, successor, gone_at } = revoked;
    let lag = ring.timing.lag;
    say(&format!("the key {key} is revoked: running issuers drop it within {lag} s"))?;
    match purpose {
        Purpose::Signing(_) => say(&format!("every verifier drops it by {}", date(gone_at)))?,
        Purpose::RefreshTokens => {
            say("sessions with a refresh token of this key have ended: their users must sign in again")?;
            say("issuers record the end of each session in the audit log, in the background (cause=key_revoked)")?;
        }
    }
    match successor {
        None => Ok(()),
        Some(Successor { key, unknown_until: None }) => say(&format!("its successor {key} is in use")),
        Some(Successor { key, unknown_until: Some(until) }) => say(&format!(
            "its successor {key} is in use, but was published only now: a verifier that does not fetch the key set for an \
             unknown `kid` refuses its tokens until {} at the latest",
            date(until)
        )),
    }
}

async fn reseal_keys(options: KeysReseal, master_key: Option<MasterKeyText>) -> Result<(), KeysError> {
    let new = MasterKeySource { text: None, file: Some(options.new_master_key_file.clone()) };
    let sealed = SealedRing::open(&options.store, &options.master_key, master_key).await?;
    let new = new.find(Home::Shared)?;
    let (record, ring) = sealed.read().await?;
    let resealed = encode(&reseal(&ring, &sealed.master, &new)?, &new, random_bytes()?);
    if sealed.store.swap_key_ring(Some(&record), &resealed).await? == Swapped::Conflict {
        return Err(KeysError::Contended);
    }
    audit::keys_changed("keys_resealed");
    say("the keys are encrypted under the new master key; restart the issuers with it")
}

async fn reset_keys(options: KeysReset, master_key: Option<MasterKeyText>) -> Result<(), KeysError> {
    let source = source(&options.master_key, master_key);
    let address = &options.store.store;
    let store = open_store::open_existing(address).await?;
    let record = store.key_ring().await?.ok_or(KeysError::NoRing)?;
    let master = source.find_or_make(address.home())?;
    let ring = encode(&reset(&record, &master, SystemClock.now())?, &master, random_bytes()?);
    if store.swap_key_ring(Some(&record), &ring).await? == Swapped::Conflict {
        return Err(KeysError::Contended);
    }
    audit::keys_changed("keys_reset");
    say("all keys are removed, and every session has ended; restart the issuers, which make new keys")
}

/// The key ring of a store, and the master key that it is sealed with.
struct SealedRing {
    store: Arc<dyn Store>,
    master: MasterKey,
}

impl SealedRing {
    async fn open(
        store: &StoreOption,
        option: &MasterKeyOption,
        text: Option<MasterKeyText>,
    ) -> Result<Self, KeysError> {
        let source = source(option, text);
        source.configured()?;
        let address = &store.store;
        let store = open_store::open_existing(address).await?;
        // Without a ring, the error is the missing ring, and not a missing master key.
        store.key_ring().await?.ok_or(KeysError::NoRing)?;
        Ok(Self { store, master: source.find(address.home())? })
    }

    /// The ring, and the record that it is in.
    async fn read(&self) -> Result<(KeyRingRecord, Ring), KeysError> {
        let record = self.store.key_ring().await?.ok_or(KeysError::NoRing)?;
        let ring = decode(&record, &self.master)?;
        Ok((record, ring))
    }

    /// Updates the ring, again if an issuer changed it meanwhile. The result is durable.
    async fn update<T>(
        &self,
        update: impl Fn(&Ring, UnixSeconds, &Fresh) -> Result<(Ring, T), KeysError>,
    ) -> Result<(Ring, T), KeysError> {
        for _ in 0..MAX_ATTEMPTS {
            let (record, ring) = self.read().await?;
            let fresh = draw_fresh(&ring, &self.master)?;
            let (updated, outcome) = update(&ring, SystemClock.now(), &fresh)?;
            let new = encode(&updated, &self.master, random_bytes()?);
            if self.store.swap_key_ring(Some(&record), &new).await? == Swapped::Yes {
                audit_changes(Some(&ring), &updated, audit::OPERATOR);
                return Ok((updated, outcome));
            }
        }
        Err(KeysError::Contended)
    }
}

fn source(option: &MasterKeyOption, text: Option<MasterKeyText>) -> MasterKeySource {
    MasterKeySource { text, file: option.master_key_file.clone() }
}

fn say(line: &str) -> Result<(), KeysError> {
    writeln!(io::stdout(), "hallpass: {line}").map_err(KeysError::Output)
}
