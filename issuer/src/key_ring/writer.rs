//! Changes the ring of a store for an issuer: it reads, takes the steps that are due and swaps, and retries after a
//! conflict.

use hallpass_token::UnixSeconds;

use super::{
    InvalidRing, LegacyKeys, MasterKey, MasterKeyError, Ring, SigningAlgorithm, Wanted, audit_changes, draw_fresh,
    legacy::LegacyError,
    material::seal_decoy,
    open::OpenError,
    record,
    settings::{KeySettings, Signing},
    watch::Watch,
};
use crate::{
    clock::Clock,
    entropy::{NoEntropy, random_bytes},
    store::{KeyRingRecord, MAX_ATTEMPTS, Store, StoreError, Swapped},
};

/// The maximum number of steps of one change. A new ring takes four.
const MAX_STEPS: usize = 16;

/// The actor of a step in the audit log.
const BY: &str = "issuer";

/// Changes the ring of a store for an issuer.
pub(super) struct RingWriter<'h> {
    pub(super) store: &'h dyn Store,
    pub(super) clock: &'h dyn Clock,
    pub(super) master: &'h MasterKey,
    pub(super) settings: &'h KeySettings,
}

impl RingWriter<'_> {
    /// Reads the ring, takes all steps that are due, and writes it if it changed. A conflict repeats this. Returns the
    /// ring in the store.
    pub(super) async fn settle(
        &self,
        watch: &mut Watch,
        begun: impl Fn(Option<&Ring>) -> Result<Ring, KeyRingError>,
    ) -> Result<(KeyRingRecord, Ring), KeyRingError> {
        for _ in 0..MAX_ATTEMPTS {
            let found = self.store.key_ring().await?;
            let old = found.as_ref().map(|record| record::decode(record, self.master)).transpose()?;
            let begun = begun(old.as_ref())?;
            let now = self.clock.now();
            let moment = self.clock.moment();
            watch.look(&begun, now, moment);
            let ring = self.stepped(begun, watch, now)?;
            if let Some(record) = found.as_ref().filter(|_| old.as_ref() == Some(&ring)) {
                return Ok((record.clone(), ring));
            }
            let record = record::encode(&ring, self.master, random_bytes()?);
            if self.store.swap_key_ring(found.as_ref(), &record).await? == Swapped::Yes {
                audit_changes(old.as_ref(), &ring, BY);
                watch.look(&ring, self.clock.now(), self.clock.moment());
                return Ok((record, ring));
            }
        }
        Err(KeyRingError::Contended)
    }

    fn stepped(&self, mut ring: Ring, watch: &Watch, now: UnixSeconds) -> Result<Ring, NoEntropy> {
        for _ in 0..MAX_STEPS {
            let fresh = draw_fresh(&ring, self.master)?;
            match ring.next(&self.settings.wishes, watch, now, &fresh) {
                Some(next) => ring = next,
                None => break,
            }
        }
        Ok(ring)
    }

    /// The ring at the start of an issuer, with this issuer's settings.
    pub(super) fn begun(&self, found: Option<&Ring>, legacy: Option<&LegacyKeys>) -> Result<Ring, KeyRingError> {
        let KeySettings { signing, signing_period, refresh_period, wishes, .. } = self.settings;
        let algorithm = match signing {
            Signing::Ring(algorithm) => Some(*algorithm),
            Signing::Shared(_) => None,
        };
        let wanted = Wanted {
            algorithm: algorithm.unwrap_or(SigningAlgorithm::EdDsa),
            signing_period: *signing_period,
            refresh_period: *refresh_period,
        };
        let Some(ring) = found else {
            let now = self.clock.now();
            return Ok(match legacy {
                Some(legacy) => legacy.to_ring(wanted, wishes.timing, wishes.lives, self.master, now)?,
                None => Ring::empty(wanted, wishes.timing, seal_decoy(self.master, &random_bytes()?, random_bytes()?)),
            });
        };
        // An issuer with a shared secret does not change the settings of signing keys.
        let wanted =
            if algorithm.is_some() { wanted } else { Wanted { refresh_period: *refresh_period, ..ring.wanted } };
        Ok(Ring { wanted, ..ring.clone() })
    }
}

/// Why the keys are not available.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyRingError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] InvalidRing),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error(transparent)]
    Legacy(#[from] LegacyError),
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    #[error("other issuers changed the key ring {MAX_ATTEMPTS} times in a row; try again")]
    Contended,
    #[error("the store's key ring was removed")]
    Lost,
    /// The error of a shared read.
    #[error("{}", .0.reason)]
    Shared(SharedFault),
}

/// The error of a read, for each caller that waited for it.
#[derive(Clone, Debug)]
pub(crate) struct SharedFault {
    reason: String,
    is_of_store_away: bool,
}

impl KeyRingError {
    /// Whether the only fault is that the store is temporarily unavailable.
    pub(crate) fn is_of_store_away(&self) -> bool {
        match self {
            Self::Store(StoreError::Away(_)) => true,
            Self::Shared(fault) => fault.is_of_store_away,
            _ => false,
        }
    }

    pub(super) fn to_shared(&self) -> SharedFault {
        SharedFault { reason: self.to_string(), is_of_store_away: self.is_of_store_away() }
    }
}
