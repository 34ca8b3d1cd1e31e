//! The operator's orders: a rotation, or the revocation of a key. They are pure functions, as all changes are.

use hallpass_token::UnixSeconds;

use super::{Fresh, Key, KeyName, Kind, MAX_KEYS, MAX_REVOCATIONS, Purpose, Revocation, Ring, Stage};
use crate::clock::date;

/// The minimum length of a prefix of a key's name.
const MIN_CHARACTERS: usize = 4;

/// The outcome of an order to rotate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rotated {
    /// The key is in use.
    Now { key: KeyName },
    /// The key goes into use at that time, since some verifiers cannot have it before.
    At { key: KeyName, time: UnixSeconds },
}

/// Why a rotation is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRotation {
    #[error("no key of this kind is in use: an issuer publishes one when it starts")]
    NothingInUse,
    #[error(
        "the ring has {MAX_KEYS} keys of this kind, the maximum: wait until the oldest is removed {}, \
         or revoke a retired key", date(*.until)
    )]
    Full { until: UnixSeconds },
}

/// The outcome of a revocation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Revoked {
    pub(crate) key: KeyName,
    pub(crate) purpose: Purpose,
    /// The key that replaces it, if it was in use.
    pub(crate) successor: Option<Successor>,
    /// When the last verifier that respects the key set's `Cache-Control` has dropped it.
    pub(crate) gone_at: UnixSeconds,
}

/// The key that replaces a revoked key in use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Successor {
    pub(crate) key: KeyName,
    /// Until when some verifiers may hold a key set without it; `None` if all have it.
    pub(crate) unknown_until: Option<UnixSeconds>,
}

/// Why a revocation is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRevocation {
    #[error("there is no key {0}: `hallpass keys list` shows all keys")]
    NoSuchKey(String),
    #[error("several keys begin with {0}: use a longer prefix")]
    Ambiguous(String),
    #[error("the key {name} was already revoked {}", date(*.at))]
    Already { name: KeyName, at: UnixSeconds },
    #[error("the new random key equals an existing one: try again")]
    NoFreshKey,
}

impl Ring {
    /// Puts the standby key into use: now if every verifier can have it, otherwise as soon as that is so.
    pub(crate) fn rotate(&self, kind: Kind, now: UnixSeconds, fresh: &Fresh) -> Result<(Self, Rotated), NoRotation> {
        let life = self.in_use(kind).ok_or(NoRotation::NothingInUse)?.longest_life;
        let with_standby = match self.standby(kind) {
            Some(_) => Some(self.clone()),
            None => self.published(kind, fresh, life, now),
        };
        let full = || NoRotation::Full { until: self.next_gone_at(kind).unwrap_or(now) };
        let ring = with_standby.filter(|ring| ring.has_room(kind)).ok_or_else(full)?;
        let standby = ring.standby(kind).ok_or_else(full)?;
        let key = standby.name.clone();
        if ring.is_ripe(standby, now) {
            let rotated = ring.put_into_use(kind, now).ok_or_else(full)?;
            let rotated = rotated.published(kind, fresh, life, now).unwrap_or(rotated);
            Ok((rotated, Rotated::Now { key }))
        } else {
            let time = ring.ripe_at(standby);
            Ok((ring.hurried(&key), Rotated::At { key, time }))
        }
    }

    /// Removes a key from the ring immediately. The standby replaces a key in use, even if some verifiers cannot have
    /// it yet: a token of the revoked key may be an attacker's.
    pub(crate) fn revoke(&self, text: &str, now: UnixSeconds, fresh: &Fresh) -> Result<(Self, Revoked), NoRevocation> {
        let key = self.named(text)?;
        let kind = key.purpose.kind();
        let life = key.longest_life;
        let mut ring = self.clone();
        ring.keys.retain(|each| each.name != key.name);
        ring.remember(Revocation { purpose: key.purpose, name: key.name.clone(), at: now });
        let mut successor = None;
        if matches!(key.stage, Stage::InUse { .. }) {
            if ring.standby(kind).is_none() {
                ring = ring.published(kind, fresh, life, now).ok_or(NoRevocation::NoFreshKey)?;
            }
            successor = ring.standby(kind).map(|standby| ring.as_successor(standby, now));
            ring = ring.put_into_use(kind, now).ok_or(NoRevocation::NoFreshKey)?;
        }
        if ring.standby(kind).is_none() {
            ring = ring.published(kind, fresh, life, now).unwrap_or(ring);
        }
        if key.stage == (Stage::Published { hurried: true }) {
            // The order to rotate applies to the new standby.
            ring = ring.standby(kind).map(|standby| ring.hurried(&standby.name)).unwrap_or(ring);
        }
        let gone_at = now.saturating_add(self.verifiers_hold(key.purpose));
        Ok((ring, Revoked { key: key.name.clone(), purpose: key.purpose, successor, gone_at }))
    }

    /// When no verifier and no issuer holds a revoked key.
    pub(crate) fn forgotten_at(&self, revoked: &Revocation) -> UnixSeconds {
        revoked.at.saturating_add(self.verifiers_hold(revoked.purpose))
    }

    /// How long after a change the old keys may be used, in seconds: by a verifier with its key set, or, for a refresh
    /// token key, by an issuer with its view.
    fn verifiers_hold(&self, purpose: Purpose) -> u64 {
        match purpose {
            Purpose::Signing(_) => self.timing.max_age.max(self.timing.lag),
            Purpose::RefreshTokens => self.timing.lag,
        }
    }

    fn as_successor(&self, standby: &Key, now: UnixSeconds) -> Successor {
        let is_known = self.is_ripe(standby, now) || standby.purpose.kind() != Kind::Signing;
        let unknown_until = (!is_known).then(|| self.ripe_at(standby));
        Successor { key: standby.name.clone(), unknown_until }
    }

    fn hurried(&self, name: &KeyName) -> Self {
        let stage = |key: &Key| if key.name == *name { Stage::Published { hurried: true } } else { key.stage };
        let keys = self.keys.iter().map(|key| Key { stage: stage(key), ..key.clone() }).collect();
        Self { keys, ..self.clone() }
    }

    /// When the first retired key is removed.
    fn next_gone_at(&self, kind: Kind) -> Option<UnixSeconds> {
        self.of(kind).filter_map(|key| self.gone_at(key)).min()
    }

    /// When a retired key is removed, by the current settings.
    pub(crate) fn gone_at(&self, key: &Key) -> Option<UnixSeconds> {
        match key.stage {
            Stage::Retired { since } => Some(since.saturating_add(self.timing.retention(key))),
            Stage::Published { .. } | Stage::InUse { .. } => None,
        }
    }

    pub(super) fn remember(&mut self, revocation: Revocation) {
        self.revocations.push(revocation);
        let surplus = self.revocations.len().saturating_sub(MAX_REVOCATIONS);
        self.revocations.drain(..surplus);
    }

    /// The key with that name, or with that unambiguous prefix.
    fn named(&self, text: &str) -> Result<&Key, NoRevocation> {
        let begins = |name: &KeyName| name.0 == text || (text.len() >= MIN_CHARACTERS && name.0.starts_with(text));
        let mut found = self.keys.iter().filter(|key| begins(&key.name));
        match (found.next(), found.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(NoRevocation::Ambiguous(text.to_owned())),
            (None, _) => Err(match self.revocations.iter().find(|revoked| begins(&revoked.name)) {
                Some(revoked) => NoRevocation::Already { name: revoked.name.clone(), at: revoked.at },
                None => NoRevocation::NoSuchKey(text.to_owned()),
            }),
        }
    }
}
