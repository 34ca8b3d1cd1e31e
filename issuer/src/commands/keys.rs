//! `hallpass keys …`: the key ring of a store, for the person who runs the issuer. It changes by the store's
//! compare-and-swap, so that it can be done while issuers run.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use hallpass_token::UnixSeconds;

use crate::{
    audit,
    clock::{Clock as _, SystemClock, date},
    commands::{
        data::{self, DataError},
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
    #[error("the store has no keys yet: an issuer makes them when it starts (`hallpass serve`)")]
    NoRing,
    #[error("a running issuer changed the keys {MAX_ATTEMPTS} times in a row; try again")]
    Contended,
    #[error("the answer cannot be printed: {0}")]
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
    Data(#[from] DataError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

impl KeysError {
    /// Whether the options themselves were wrong.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::MasterKey(error) if error.is_usage())
    }
}

pub(crate) async fn run(command: KeysCommand, master_key: Option<MasterKeyText>) -> Result<(), KeysError> {
    match command {
        KeysCommand::List(options) => {
            let shelf = Shelf::open(&options.store, &options.master_key, master_key).await?;
            let (_, ring) = shelf.ring().await?;
            list::print(&ring, SystemClock.now(), options.json)
        }
        KeysCommand::Rotate(options) => rotate(options, master_key).await,
        KeysCommand::Revoke(options) => revoke(options, master_key).await,
        KeysCommand::Reseal(options) => reseal_all(options, master_key).await,
        KeysCommand::Reset(options) => make_new(options, master_key).await,
    }
}

async fn rotate(options: KeysRotate, master_key: Option<MasterKeyText>) -> Result<(), KeysError> {
    let shelf = Shelf::open(&options.store, &options.master_key, master_key).await?;
    let kind = if options.refresh_tokens { Kind::RefreshTokens } else { Kind::Signing };
    let (ring, rotated) = shelf.change(|ring, now, fresh| Ok(ring.rotate(kind, now, fresh)?)).await?;
    match rotated {
        Rotated::Now { key } => {
            say(&format!("the key {key} is in use: running issuers go over to it within {} s", ring.timing.lag))
        }
        Rotated::At { key, time } => say(&format!(
            "the key {key} goes into use by {}, once every verifier can have it: an issuer that runs does that",
            date(time)
        )),
    }
}

async fn revoke(options: KeysRevoke, master_key: Option<MasterKeyText>) -> Result<(), KeysError> {
    let shelf = Shelf::open(&options.store, &options.master_key, master_key).await?;
    let (ring, revoked) = shelf.change(|ring, now, fresh| Ok(ring.revoke(&options.key, now, fresh)?)).await?;
    let Revoked { key, purpose, successor, gone_at } = revoked;
    let lag = ring.timing.lag;
    say(&format!("the key {key} is revoked: running issuers drop it within {lag} s"))?;
    match purpose {
        Purpose::Signing(_) => say(&format!("the last verifier has dropped it by {}", date(gone_at)))?,
        Purpose::RefreshTokens => {
            say("sessions whose current refresh token was made with it are over: their users sign in again")?;
            say("issuers end these sessions in the background, with a line each in the audit log (cause=key_revoked)")?;
        }
    }
    match successor {
        None => Ok(()),
        Some(Successor { key, unknown_until: None }) => say(&format!("the key {key} is in use in its place")),
        Some(Successor { key, unknown_until: Some(until) }) => say(&format!(
            "the key {key} is in use in its place, and was published only now: a verifier that fetches no key set for a \
             `kid` that it does not know refuses its tokens, until {} at the latest",
            date(until)
        )),
    }
}

async fn reseal_all(options: KeysReseal, master_key: Option<MasterKeyText>) -> Result<(), KeysError> {
    let new = MasterKeySource { text: None, file: Some(options.new_master_key_file.clone()) };
    let shelf = Shelf::open(&options.store, &options.master_key, master_key).await?;
    let new = new.find(Home::Shared)?;
    let (record, ring) = shelf.ring().await?;
    let resealed = encode(&reseal(&ring, &shelf.master, &new)?, &new, random_bytes()?);
    if shelf.store.swap_key_ring(Some(&record), &resealed).await? == Swapped::Conflict {
        return Err(KeysError::Contended);
    }
    audit::keys_changed("keys_resealed");
    say("the keys are encrypted under the new master key; restart the issuers with it")
}

async fn make_new(options: KeysReset, master_key: Option<MasterKeyText>) -> Result<(), KeysError> {
    let source = source(&options.master_key, master_key);
    let address = &options.store.store;
    let store = data::open_existing(address).await?;
    let record = store.key_ring().await?.ok_or(KeysError::NoRing)?;
    let master = source.find_or_make(address.home())?;
    let ring = encode(&reset(&record, &master, SystemClock.now())?, &master, random_bytes()?);
    if store.swap_key_ring(Some(&record), &ring).await? == Swapped::Conflict {
        return Err(KeysError::Contended);
    }
    audit::keys_changed("keys_reset");
    say("all keys are removed, and every session has ended; restart the issuers, which make new keys")
}

/// A store and the master key that its ring is sealed under.
struct Shelf {
    store: Arc<dyn Store>,
    master: MasterKey,
}

impl Shelf {
    async fn open(
        store: &StoreOption,
        option: &MasterKeyOption,
        text: Option<MasterKeyText>,
    ) -> Result<Self, KeysError> {
        let source = source(option, text);
        source.configured()?;
        let address = &store.store;
        let store = data::open_existing(address).await?;
        // A master key that nothing is sealed under is not missing.
        store.key_ring().await?.ok_or(KeysError::NoRing)?;
        Ok(Self { store, master: source.find(address.home())? })
    }

    async fn ring(&self) -> Result<(KeyRingRecord, Ring), KeysError> {
        let record = self.store.key_ring().await?.ok_or(KeysError::NoRing)?;
        let ring = decode(&record, &self.master)?;
        Ok((record, ring))
    }

    /// Changes the ring, again where an issuer changed it meanwhile. What came of it is durable.
    async fn change<T>(
        &self,
        change: impl Fn(&Ring, UnixSeconds, &Fresh) -> Result<(Ring, T), KeysError>,
    ) -> Result<(Ring, T), KeysError> {
        for _ in 0..MAX_ATTEMPTS {
            let (record, ring) = self.ring().await?;
            let fresh = draw_fresh(&ring, &self.master)?;
            let (changed, outcome) = change(&ring, SystemClock.now(), &fresh)?;
            let new = encode(&changed, &self.master, random_bytes()?);
            if self.store.swap_key_ring(Some(&record), &new).await? == Swapped::Yes {
                audit_changes(Some(&ring), &changed, audit::OPERATOR);
                return Ok((changed, outcome));
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
