//! The material of a key: random bytes, a name, and a seal that is bound to the purpose.

use hallpass_token::{Signer, UnixSeconds};
use zeroize::Zeroizing;

use super::{
    KeyName, Kind, Purpose, Revocation, Ring, Sealed, SigningAlgorithm, Timing, Wanted, record,
    seal::{MasterKey, NotOpened},
};
use crate::{
    entropy::{NoEntropy, random_bytes},
    refresh_token::{KeyId, RefreshTokenKey},
    store::KeyRingRecord,
};

/// Two new keys, one of each kind, drawn for one step of a ring.
#[derive(Clone, Debug)]
pub(crate) struct Fresh {
    pub(super) signing: NewKey,
    pub(super) refresh_tokens: NewKey,
}

/// A key that is not in a ring yet.
#[derive(Clone, Debug)]
pub(super) struct NewKey {
    pub(super) purpose: Purpose,
    pub(super) name: KeyName,
    pub(super) secret: Sealed,
}

impl Fresh {
    pub(super) fn of(&self, kind: Kind) -> &NewKey {
        match kind {
            Kind::Signing => &self.signing,
            Kind::RefreshTokens => &self.refresh_tokens,
        }
    }
}

/// Draws a key of each kind for the wanted purposes of a ring.
pub(crate) fn draw_fresh(ring: &Ring, master: &MasterKey) -> Result<Fresh, NoEntropy> {
    let draw = |kind| loop {
        let secret = Zeroizing::new(random_bytes()?);
        // One in 2^32 numbers below 2^256 is not a private key of P-256.
        if let Some(key) = NewKey::of(ring.wanted.purpose(kind), &secret, master, random_bytes()?) {
            return Ok(key);
        }
    };
    Ok(Fresh { signing: draw(Kind::Signing)?, refresh_tokens: draw(Kind::RefreshTokens)? })
}

impl NewKey {
    /// The key from these bytes; `None` if they are not a valid key for that purpose.
    pub(super) fn of(purpose: Purpose, secret: &[u8; 32], master: &MasterKey, nonce: [u8; 12]) -> Option<Self> {
        let name = match purpose {
            Purpose::Signing(algorithm) => KeyName(signer(algorithm, secret)?.key_id()?.to_owned()),
            Purpose::RefreshTokens => name_of(&RefreshTokenKey::from_root(secret)),
        };
        let secret = master.seal(&label(purpose, &name), secret, nonce);
        Some(Self { purpose, name, secret })
    }
}

/// The secret of a ring's key.
pub(super) fn open(
    master: &MasterKey,
    purpose: Purpose,
    name: &KeyName,
    sealed: &Sealed,
) -> Result<Zeroizing<[u8; 32]>, NotOpened> {
    master.open(&label(purpose, name), sealed)
}

/// Seals the decoy key.
pub(super) fn seal_decoy(master: &MasterKey, secret: &[u8; 32], nonce: [u8; 12]) -> Sealed {
    master.seal(DECOY, secret, nonce)
}

pub(super) fn open_decoy(master: &MasterKey, sealed: &Sealed) -> Result<Zeroizing<[u8; 32]>, NotOpened> {
    master.open(DECOY, sealed)
}

/// Seals a ring's secrets with another master key.
pub(crate) fn reseal(ring: &Ring, master: &MasterKey, new: &MasterKey) -> Result<Ring, ResealError> {
    let mut resealed = ring.clone();
    resealed.decoy = seal_decoy(new, &*open_decoy(master, &ring.decoy)?, random_bytes()?);
    for key in &mut resealed.keys {
        let secret = open(master, key.purpose, &key.name, &key.secret)?;
        key.secret = new.seal(&label(key.purpose, &key.name), &secret, random_bytes()?);
    }
    Ok(resealed)
}

/// A ring without keys that replaces `old`, whose keys are lost. The refresh token keys of `old` count as revoked. The
/// next issuer that starts sets what the ring wants.
pub(crate) fn reset(old: &KeyRingRecord, master: &MasterKey, now: UnixSeconds) -> Result<Ring, NoEntropy> {
    let wanted = Wanted { algorithm: SigningAlgorithm::EdDsa, signing_period: None, refresh_period: None };
    let timing = Timing { max_age: 0, lag: 0 };
    let mut ring = Ring::empty(wanted, timing, seal_decoy(master, &random_bytes()?, random_bytes()?));
    // An invalid record names no keys. A reset must work for it too.
    for key in record::decode_unmarked(old).iter().flat_map(|old| old.of(Kind::RefreshTokens)) {
        ring.remember(Revocation { purpose: key.purpose, name: key.name.clone(), at: now });
    }
    Ok(ring)
}

/// Why a ring could not be sealed again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResealError {
    #[error(transparent)]
    NotOpened(#[from] NotOpened),
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

pub(super) fn signer(algorithm: SigningAlgorithm, secret: &[u8; 32]) -> Option<Signer> {
    match algorithm {
        SigningAlgorithm::EdDsa => Some(Signer::ed25519(secret)),
        SigningAlgorithm::Ed25519 => Some(Signer::ed25519_fully_specified(secret)),
        SigningAlgorithm::Es256 => Signer::es256(secret).ok(),
    }
}

/// The name of a refresh token key: its id of four bytes.
pub(super) fn name_of(key: &RefreshTokenKey) -> KeyName {
    KeyName(format!("{:08x}", u32::from_be_bytes(key.id().0)))
}

/// The id of a refresh token key, from its name.
pub(super) fn id_of(name: &KeyName) -> Option<KeyId> {
    u32::from_str_radix(&name.0, 16).ok().map(|id| KeyId(id.to_be_bytes()))
}

/// The label of the decoy key, which has no name.
const DECOY: &[u8] = b"hallpass key ring 1 decoy";

/// The label of a sealed key: the version, the purpose with its algorithm, and the name.
fn label(purpose: Purpose, name: &KeyName) -> Vec<u8> {
    format!("hallpass key ring 1 key {purpose} {name}").into_bytes()
}
