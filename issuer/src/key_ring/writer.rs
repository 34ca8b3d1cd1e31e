//! What changes the ring of a store for an issuer: read, take the steps that are due, swap; again where others were quicker.

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

/// The most steps that are due at once: a fresh ring takes four.
const MAX_STEPS: usize = 16;

/// Who takes a step, for the audit log.
const BY: &str = "issuer";

/// What changes the ring of a store for an issuer.
pub(super) struct RingWriter<'h> {
    pub(super) store: &'h dyn Store,
    pub(super) clock: &'h dyn Clock,
    pub(super) master: &'h MasterKey,
    pub(super) settings: &'h KeySettings,
}

impl RingWriter<'_> {
    /// Reads the ring, takes all steps that are due, and writes it where any was; until nobody else writes meanwhile. What
    /// is returned is what the store holds.
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

    /// The ring as an issuer begins with it: with what this issuer wants.
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
        // One that signs with a shared secret has no say in the signing keys of others.
        let wanted =
            if algorithm.is_some() { wanted } else { Wanted { refresh_period: *refresh_period, ..ring.wanted } };
        Ok(Ring { wanted, ..ring.clone() })
    }
}

/// Why the keys cannot be had.
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
    #[error("the store has no key ring any more")]
    Lost,
    /// A read that others waited for, too.
    #[error("{}", .0.reason)]
    Shared(SharedFault),
}

/// Why a read failed, for each of those who waited for it.
#[derive(Clone, Debug)]
pub(crate) struct SharedFault {
    reason: String,
    is_of_store_away: bool,
}

impl KeyRingError {
    /// Whether the store is away for now, and nothing else is wrong.
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
