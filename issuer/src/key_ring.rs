//! The key ring: the keys of all issuers of a store, and where each stands in its life.
//!
//! There is one record of it, and every change is a pure function from the old ring to the new one, which the store swaps:
//! so issuers agree on one key to sign with, whatever their order of start. A key is published, then in use, then retired,
//! then gone; beside each key in use there is always one that is published, so that it can be replaced at once.

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

/// The most keys of one purpose, so that the record fits into every store: one in use, one published, and those that are
/// retired. Where they are all there, a rotation waits until one has gone.
pub(crate) const MAX_KEYS: usize = 12;

/// The most revocations that are remembered; the oldest make room.
pub(crate) const MAX_REVOCATIONS: usize = 8;

/// The keys of all issuers of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ring {
    pub(crate) wanted: Wanted,
    pub(crate) timing: Timing,
    /// What decoys are chosen with. It is never rotated: an unknown name must always have the same decoy.
    pub(crate) decoy: Sealed,
    /// In the order in which they were published.
    pub(crate) keys: Vec<Key>,
    /// The last ones, in their order. A session whose record does not name its key is judged by them.
    pub(crate) revocations: Vec<Revocation>,
}

/// What the issuer that started last asked for. It is the ring's and not each issuer's, so that issuers that differ for the
/// length of a deployment do not undo each other's steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) algorithm: SigningAlgorithm,
    /// After how many seconds in use a signing key is replaced; `None` is never.
    pub(crate) signing_period: Option<u64>,
    /// The same for the keys of refresh tokens.
    pub(crate) refresh_period: Option<u64>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) purpose: Purpose,
    pub(crate) name: KeyName,
    pub(crate) published_at: UnixSeconds,
    pub(crate) stage: Stage,
    /// How long the longest-lived of what is made with it can live, in seconds: the most that any issuer has asked for.
    pub(crate) longest_life: u64,
    pub(crate) secret: Sealed,
}

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Every verifier and every issuer can have it, and nothing is made with it yet. One that is `hurried` goes into use as
    /// soon as it may.
    Published {
        hurried: bool,
    },
    InUse {
        since: UnixSeconds,
    },
    /// Nothing is made with it any more, and what was is still good.
    Retired {
        since: UnixSeconds,
    },
}

/// What a key is for. The two never stand in for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It signs access tokens.
    Signing(SigningAlgorithm),
    /// It tags and derives refresh tokens, and tags device tokens.
    RefreshTokens,
}

/// What the keys of a ring sign with, by their names in RFC 8037 and RFC 7518.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SigningAlgorithm {
    EdDsa,
    Es256,
}

/// What tokens call a key: a signing key's thumbprint (RFC 7638), or four bytes of one for refresh tokens, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyName(pub(crate) String);

/// A key that was withdrawn at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revocation {
    pub(crate) purpose: Purpose,
    pub(crate) name: KeyName,
    pub(crate) at: UnixSeconds,
}

impl Ring {
    /// A ring without a key yet: the next step publishes one.
    pub(crate) fn empty(wanted: Wanted, timing: Timing, decoy: Sealed) -> Self {
        Self { wanted, timing, decoy, keys: Vec::new(), revocations: Vec::new() }
    }

    /// The key in use of that kind.
    pub(crate) fn in_use(&self, kind: Kind) -> Option<&Key> {
        self.of(kind).find(|key| matches!(key.stage, Stage::InUse { .. }))
    }

    /// The keys of one kind.
    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.purpose.kind() == kind)
    }

    /// The key that is next in use: of those that are published and of what is wanted now, the one published first.
    pub(crate) fn standby(&self, kind: Kind) -> Option<&Key> {
        let purpose = self.wanted.purpose(kind);
        self.of(kind).find(|key| key.purpose == purpose && matches!(key.stage, Stage::Published { .. }))
    }

    /// The keys of refresh tokens, without their secrets.
    fn live_keys(&self) -> LiveKeys {
        let ids = self.of(Kind::RefreshTokens).filter_map(|key| material::id_of(&key.name)).collect();
        LiveKeys::new(ids, self.refresh_keys_revoked_until())
    }

    /// Until when an issuer may have used a key of refresh tokens that was revoked: its view may be as old as the lag.
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
    /// What a key of that kind is for, if it is made now.
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

/// The two kinds of keys, each with a life of its own.
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

/// A stable word, for lists and the audit log.
impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signing(SigningAlgorithm::EdDsa) => "EdDSA",
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
