//! What the person who runs the issuer orders: a rotation, or the revocation of a key. Pure functions, as all changes are.

use hallpass_token::UnixSeconds;

use super::{Fresh, Key, KeyName, Kind, MAX_KEYS, MAX_REVOCATIONS, Purpose, Revocation, Ring, Stage};
use crate::clock::date;

/// The fewest characters of a key's name that can stand for it.
const MIN_CHARACTERS: usize = 4;

/// What came of an order to rotate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rotated {
    /// The key is in use.
    Now { key: KeyName },
    /// The key goes into use at that time: not everybody can have it before.
    At { key: KeyName, time: UnixSeconds },
}

/// Why nothing is rotated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRotation {
    #[error("no key of this kind is in use: an issuer publishes one when it starts")]
    NothingInUse,
    #[error(
        "the ring holds {MAX_KEYS} keys of this kind, the most that it can: the oldest goes {}; \
         or revoke one that is retired", date(*.until)
    )]
    Full { until: UnixSeconds },
}

/// What came of a revocation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Revoked {
    pub(crate) key: KeyName,
    pub(crate) purpose: Purpose,
    /// What is in use in its place, where it was in use.
    pub(crate) successor: Option<Successor>,
    /// When the last verifier that keeps to the `Cache-Control` of the key set has dropped it.
    pub(crate) gone_at: UnixSeconds,
}

/// The key that is in use in the place of one that was revoked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Successor {
    pub(crate) key: KeyName,
    /// Until when some verifiers may hold a key set without it; `None` where all have it.
    pub(crate) unknown_until: Option<UnixSeconds>,
}

/// Why nothing is revoked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRevocation {
    #[error("there is no key {0}: `hallpass keys list` shows all")]
    NoSuchKey(String),
    #[error("several keys begin with {0}: give more of its name")]
    Ambiguous(String),
    #[error("the key {name} was revoked already, {}", date(*.at))]
    Already { name: KeyName, at: UnixSeconds },
    #[error("the key was drawn twice: try again")]
    NoFreshKey,
}

impl Ring {
    /// Puts the standby into use, now where everybody can have it, else as soon as that is so.
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

    /// Takes a key out of the ring at once. One that was in use is followed by the standby, whether everybody can have it
    /// or not: what the revoked key makes can be anybody's.
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
            // What was ordered holds for the key in its place.
            ring = ring.standby(kind).map(|standby| ring.hurried(&standby.name)).unwrap_or(ring);
        }
        let gone_at = now.saturating_add(self.verifiers_hold(key.purpose));
        Ok((ring, Revoked { key: key.name.clone(), purpose: key.purpose, successor, gone_at }))
    }

    /// When nobody holds a revoked key any more.
    pub(crate) fn forgotten_at(&self, revoked: &Revocation) -> UnixSeconds {
        revoked.at.saturating_add(self.verifiers_hold(revoked.purpose))
    }

    /// For how long after a change somebody may go on with the keys from before: a verifier with what it fetched, or, where
    /// only issuers read what is made with the key, an issuer with its view.
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

    /// When the first of the retired keys goes.
    fn next_gone_at(&self, kind: Kind) -> Option<UnixSeconds> {
        self.of(kind).filter_map(|key| self.gone_at(key)).min()
    }

    /// When a retired key goes, as things are.
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

    /// The key of that name, or whose name alone begins so.
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
