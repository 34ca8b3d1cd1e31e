//! The key ring: the keys of all issuers of a store, and the stage of each key.
//!
//! It is one record. Every change is a pure function from the old ring to the new one, which the store swaps. So
//! issuers agree on one signing key, whatever their order of start. A key is published, then in use, then retired, then
//! removed. Besides each key in use, one is always published, so that the key in use can be replaced immediately.

use std::fmt;

use hallpass_token::UnixSeconds;

use crate::refresh_token::LiveKeys;

mod changes;
#[cfg(test)]
mod history;
mod keeper;
mod legacy;
mod master_key;
mod material;
#[cfg(test)]
mod model;
mod open;
mod orders;
mod plan;
mod record;
mod seal;
mod settings;
mod shared_secret;
#[cfg(test)]
mod tests;
mod timing;
mod watch;
mod writer;

pub(crate) use changes::audit_changes;
pub(crate) use keeper::Keeper;
pub(crate) use legacy::LegacyKeys;
pub(crate) use master_key::{Home, MasterKeyError, MasterKeySource, MasterKeyText};
pub(crate) use material::{Fresh, ResealError, draw_fresh, reseal, reset};
pub(crate) use open::OpenKeys;
pub(crate) use orders::{NoRevocation, NoRotation, Revoked, Rotated, Successor};
pub(crate) use plan::{Lives, Wishes};
pub(crate) use record::{InvalidRing, decode, encode, live_keys};
pub(crate) use seal::{MasterKey, Sealed};
pub(crate) use settings::{KeySettings, Signing};
pub(crate) use shared_secret::Hs256Secret;
pub(crate) use timing::Timing;
pub(crate) use writer::KeyRingError;

/// The maximum number of keys of one kind, so that the record fits into every store: one in use, one published, and the
/// retired ones. At the maximum, a rotation waits until a key is removed.
pub(crate) const MAX_KEYS: usize = 12;

/// The maximum number of remembered revocations. A new one replaces the oldest.
pub(crate) const MAX_REVOCATIONS: usize = 8;

/// The keys of all issuers of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ring {
    pub(crate) wanted: Wanted,
    pub(crate) timing: Timing,
    /// The key that selects decoys. It is never rotated: an unknown name must always have the same decoy.
    pub(crate) decoy: Sealed,
    /// The keys in the order of their publication.
    pub(crate) keys: Vec<Key>,
    /// The last revocations, in order. They decide about a session whose record does not name its key.
    pub(crate) revocations: Vec<Revocation>,
}

/// The settings of the issuer that started last. They are in the ring, so that issuers that differ during a deployment
/// do not undo each other's steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) algorithm: SigningAlgorithm,
    /// The seconds in use after which a signing key is replaced; `None` means never.
    pub(crate) signing_period: Option<u64>,
    /// The same for the refresh token keys.
    pub(crate) refresh_period: Option<u64>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) purpose: Purpose,
    pub(crate) name: KeyName,
    pub(crate) published_at: UnixSeconds,
    pub(crate) stage: Stage,
    /// The maximum life of a token by this key, in seconds: the maximum of all issuers' settings.
    pub(crate) longest_life: u64,
    pub(crate) secret: Sealed,
}

/// The stage of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Verifiers and issuers can fetch it, and no token uses it yet. A `hurried` key goes into use as soon as possible.
    Published {
        hurried: bool,
    },
    InUse {
        since: UnixSeconds,
    },
    /// No new token uses it, and its earlier tokens are valid.
    Retired {
        since: UnixSeconds,
    },
}

/// The purpose of a key. No key serves two purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It signs access tokens.
    Signing(SigningAlgorithm),
    /// It tags and derives refresh tokens, and tags device tokens.
    RefreshTokens,
}

/// The signing algorithms of a ring, by their names in RFC 8037, RFC 9864 and RFC 7518. `EdDSA` and `Ed25519` are two names
/// of one algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SigningAlgorithm {
    EdDsa,
    Ed25519,
    Es256,
}

/// The name of a key in tokens, as text: a signing key's thumbprint (RFC 7638), or a refresh token key's id of four
/// bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyName(pub(crate) String);

/// A revoked key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revocation {
    pub(crate) purpose: Purpose,
    pub(crate) name: KeyName,
    pub(crate) at: UnixSeconds,
}

impl Ring {
    /// A ring without keys. The next step publishes one.
    pub(crate) fn empty(wanted: Wanted, timing: Timing, decoy: Sealed) -> Self {
        Self { wanted, timing, decoy, keys: Vec::new(), revocations: Vec::new() }
    }

    /// The key in use of a kind.
    pub(crate) fn in_use(&self, kind: Kind) -> Option<&Key> {
        self.of(kind).find(|key| matches!(key.stage, Stage::InUse { .. }))
    }

    /// The keys of one kind.
    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.purpose.kind() == kind)
    }

    /// The key that goes into use next: the first published key of the wanted purpose.
    pub(crate) fn standby(&self, kind: Kind) -> Option<&Key> {
        let purpose = self.wanted.purpose(kind);
        self.of(kind).find(|key| key.purpose == purpose && matches!(key.stage, Stage::Published { .. }))
    }

    /// The ids of the refresh token keys.
    fn live_keys(&self) -> LiveKeys {
        let ids = self.of(Kind::RefreshTokens).filter_map(|key| material::id_of(&key.name)).collect();
        LiveKeys::new(ids, self.refresh_keys_revoked_until())
    }

    /// The last time at which an issuer may have used a revoked refresh token key: its view may be as old as the lag.
    fn refresh_keys_revoked_until(&self) -> Option<UnixSeconds> {
        let revoked = self.revocations.iter().filter(|revoked| revoked.purpose == Purpose::RefreshTokens);
        revoked.map(|revoked| revoked.at.saturating_add(self.timing.lag)).max()
    }

    fn has_room(&self, kind: Kind) -> bool {
        self.of(kind).count() < MAX_KEYS
    }

    fn knows(&self, name: &KeyName) -> bool {
        self.keys.iter().any(|key| key.name == *name) || self.revocations.iter().any(|gone| gone.name == *name)
    }
}

impl Wanted {
    /// The purpose of a new key of a kind.
    pub(crate) fn purpose(&self, kind: Kind) -> Purpose {
        match kind {
            Kind::Signing => Purpose::Signing(self.algorithm),
            Kind::RefreshTokens => Purpose::RefreshTokens,
        }
    }

    pub(crate) fn period(&self, kind: Kind) -> Option<u64> {
        match kind {
            Kind::Signing => self.signing_period,
            Kind::RefreshTokens => self.refresh_period,
        }
    }
}

/// The two kinds of keys. Each has its own rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Signing,
    RefreshTokens,
}

impl Purpose {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Signing(_) => Kind::Signing,
            Self::RefreshTokens => Kind::RefreshTokens,
        }
    }
}

/// A stable name for lists and the audit log.
impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signing(SigningAlgorithm::EdDsa) => "EdDSA",
            Self::Signing(SigningAlgorithm::Ed25519) => "Ed25519",
            Self::Signing(SigningAlgorithm::Es256) => "ES256",
            Self::RefreshTokens => "refresh-tokens",
        })
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
