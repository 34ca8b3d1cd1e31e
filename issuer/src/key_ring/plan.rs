//! The steps that an issuer takes on its own, one at a time, as a pure function.

use hallpass_token::UnixSeconds;

use super::{Fresh, Key, Kind, Purpose, Ring, Stage, material::NewKey, timing::Timing, watch::Watch};

/// The maximum time for which a process must observe a retired key before its removal, in seconds. Beyond it the time
/// of day decides, since tokens can live longer than a process runs.
const MAX_WATCH: u64 = 60 * 60;

/// The minimum time for which a revocation is remembered, in seconds. The revocation of a refresh token key is
/// remembered for as long as its sessions can live.
const REMEMBERED: u64 = 24 * 60 * 60;

/// How far in the future a key's time may be, in seconds. A later time comes from a wrong clock, and the key's period
/// would not begin before it.
const AHEAD: u64 = 24 * 60 * 60;

/// The requirements of one issuer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wishes {
    pub(crate) timing: Timing,
    pub(crate) lives: Lives,
    /// Whether this issuer signs with the ring's keys, and not with a shared secret.
    pub(crate) signs: bool,
}

/// The maximum life of this issuer's tokens, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lives {
    pub(crate) access_tokens: u64,
    /// The longer life of refresh tokens and device tokens.
    pub(crate) refresh_tokens: u64,
}

impl Lives {
    fn of(self, kind: Kind) -> u64 {
        match kind {
            Kind::Signing => self.access_tokens,
            Kind::RefreshTokens => self.refresh_tokens,
        }
    }
}

impl Ring {
    /// The ring after the next step that is due; `None` if none is due. The caller repeats it until then, since a step
    /// may make another one due.
    pub(crate) fn next(&self, wishes: &Wishes, watch: &Watch, now: UnixSeconds, fresh: &Fresh) -> Option<Self> {
        let kinds = [Kind::Signing, Kind::RefreshTokens];
        let mut kept = kinds.into_iter().filter(|kind| wishes.signs || *kind != Kind::Signing);
        self.raised(wishes)
            .or_else(|| self.without_the_gone(wishes.lives, watch, now))
            .or_else(|| kept.find_map(|kind| self.step(kind, wishes, watch, now, fresh)))
    }

    /// The ring with the bounds that this issuer needs. They are stored before the issuer serves or signs.
    ///
    /// An access token has its expiry in it. A session's expiry is computed from its record, so that a longer lifetime
    /// applies to the sessions of a retired key too.
    fn raised(&self, wishes: &Wishes) -> Option<Self> {
        let life = |key: &Key| match (key.purpose, key.stage) {
            (Purpose::Signing(_), Stage::Retired { .. }) => key.longest_life,
            _ => wishes.lives.of(key.purpose.kind()).max(key.longest_life),
        };
        let keys = self.keys.iter().map(|key| Key { longest_life: life(key), ..key.clone() }).collect();
        let raised = Self { timing: self.timing.join(wishes.timing), keys, ..self.clone() };
        (raised != *self).then_some(raised)
    }

    /// The ring without unneeded retired keys, without keys published for an unwanted algorithm, and without old
    /// revocations.
    fn without_the_gone(&self, lives: Lives, watch: &Watch, now: UnixSeconds) -> Option<Self> {
        let mut left = self.clone();
        left.keys.retain(|key| match key.stage {
            Stage::Published { .. } => key.purpose == self.wanted.purpose(key.purpose.kind()),
            Stage::InUse { .. } => true,
            Stage::Retired { since } => {
                let retention = self.timing.retention(key);
                now.seconds_since(since) < retention || watch.observed_for(key) < retention.min(MAX_WATCH)
            }
        });
        left.revocations.retain(|revoked| {
            let remembered = REMEMBERED.max(lives.of(revoked.purpose.kind()));
            now.seconds_since(revoked.at) < remembered
        });
        (left != *self).then_some(left)
    }

    fn step(&self, kind: Kind, wishes: &Wishes, watch: &Watch, now: UnixSeconds, fresh: &Fresh) -> Option<Self> {
        let life = wishes.lives.of(kind);
        let Some(used) = self.in_use(kind) else {
            return self
                .put_into_use(kind, now)
                .or_else(|| self.published(kind, fresh, life, now)?.put_into_use(kind, now));
        };
        match self.standby(kind) {
            None => self.published(kind, fresh, life, now),
            Some(standby) => {
                let is_known = watch.observed_for(standby) >= self.timing.lead(standby.purpose);
                let is_due = self.is_due(used, standby, now);
                (is_due && is_known && self.has_room(kind)).then(|| self.put_into_use(kind, now)).flatten()
            }
        }
    }

    /// Whether the key in use must be replaced.
    fn is_due(&self, used: &Key, standby: &Key, now: UnixSeconds) -> bool {
        let Stage::InUse { since } = used.stage else { return false };
        let has_served = |period| now.seconds_since(since) >= period || since.seconds_since(now) > AHEAD;
        used.purpose != standby.purpose
            || standby.stage == Stage::Published { hurried: true }
            || self.wanted.period(used.purpose.kind()).is_some_and(has_served)
    }

    /// The ring with a new published key, if it has room.
    pub(super) fn published(&self, kind: Kind, fresh: &Fresh, life: u64, now: UnixSeconds) -> Option<Self> {
        let NewKey { purpose, name, secret } = fresh.of(kind);
        if !self.has_room(kind) || *purpose != self.wanted.purpose(kind) || self.knows(name) {
            return None;
        }
        let stage = Stage::Published { hurried: false };
        let purpose = *purpose;
        let name = name.clone();
        let secret = *secret;
        let key = Key { purpose, name, published_at: now, stage, longest_life: life, secret };
        let mut ring = self.clone();
        ring.keys.push(key);
        Some(ring)
    }

    /// The ring with the standby in use, and the previous key in use retired.
    pub(super) fn put_into_use(&self, kind: Kind, now: UnixSeconds) -> Option<Self> {
        let standby = self.standby(kind)?.name.clone();
        let stage = |key: &Key| match key.stage {
            _ if key.name == standby => Stage::InUse { since: now },
            Stage::InUse { .. } if key.purpose.kind() == kind => Stage::Retired { since: now },
            stage => stage,
        };
        let keys = self.keys.iter().map(|key| Key { stage: stage(key), ..key.clone() }).collect();
        Some(Self { keys, ..self.clone() })
    }

    /// Whether a key can be in use, by the times in the ring.
    pub(super) fn is_ripe(&self, key: &Key, now: UnixSeconds) -> bool {
        now >= self.ripe_at(key)
    }

    /// When a key can be in use, by the times in the ring.
    pub(crate) fn ripe_at(&self, key: &Key) -> UnixSeconds {
        key.published_at.saturating_add(self.timing.lead_by_clock(key.purpose))
    }
}
