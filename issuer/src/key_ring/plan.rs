//! What an issuer does with the ring on its own: one step at a time, a pure function.

use hallpass_token::UnixSeconds;

use super::{Fresh, Key, Kind, Purpose, Ring, Stage, material::NewKey, timing::Timing, watch::Watch};

/// How long a retired key is watched at most, in seconds, before the time of day alone is trusted that it may go. What is
/// made with a key can live longer than any process runs.
const MAX_WATCH: u64 = 60 * 60;

/// How long a revocation is remembered at least, in seconds; that of a key of refresh tokens is remembered for as long as
/// a session lives that was made with it.
const REMEMBERED: u64 = 24 * 60 * 60;

/// How far ahead of the time of day a key's time may lie, in seconds, before it was written by a clock that was wrong: its
/// period would not begin before that time has come.
const AHEAD: u64 = 24 * 60 * 60;

/// What one issuer needs of the ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wishes {
    pub(crate) timing: Timing,
    pub(crate) lives: Lives,
    /// Whether this issuer signs with the ring's keys, and not with a shared secret.
    pub(crate) signs: bool,
}

/// How long what this issuer makes can live, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lives {
    pub(crate) access_tokens: u64,
    /// Of refresh tokens and device tokens, the longer.
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
    /// The ring after the next step that this issuer has to take; `None` where there is none. It is asked again until
    /// there is none left: each step may open the way for the next.
    pub(crate) fn next(&self, wishes: &Wishes, watch: &Watch, now: UnixSeconds, fresh: &Fresh) -> Option<Self> {
        let kinds = [Kind::Signing, Kind::RefreshTokens];
        let mut kept = kinds.into_iter().filter(|kind| wishes.signs || *kind != Kind::Signing);
        self.raised(wishes)
            .or_else(|| self.without_the_gone(wishes.lives, watch, now))
            .or_else(|| kept.find_map(|kind| self.step(kind, wishes, watch, now, fresh)))
    }

    /// The ring with the bounds that this issuer needs. They are in the ring before it serves or makes anything.
    ///
    /// When an access token runs out is written in it. When a session does is reckoned from its record, so that a longer
    /// lifetime holds for those of a retired key, too.
    fn raised(&self, wishes: &Wishes) -> Option<Self> {
        let life = |key: &Key| match (key.purpose, key.stage) {
            (Purpose::Signing(_), Stage::Retired { .. }) => key.longest_life,
            _ => wishes.lives.of(key.purpose.kind()).max(key.longest_life),
        };
        let keys = self.keys.iter().map(|key| Key { longest_life: life(key), ..key.clone() }).collect();
        let raised = Self { timing: self.timing.join(wishes.timing), keys, ..self.clone() };
        (raised != *self).then_some(raised)
    }

    /// The ring without retired keys that nobody needs any more, without keys that were published for an algorithm that is
    /// not wanted, and without old revocations.
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

    /// Whether the key in use has to be replaced.
    fn is_due(&self, used: &Key, standby: &Key, now: UnixSeconds) -> bool {
        let Stage::InUse { since } = used.stage else { return false };
        let has_served = |period| now.seconds_since(since) >= period || since.seconds_since(now) > AHEAD;
        used.purpose != standby.purpose
            || standby.stage == Stage::Published { hurried: true }
            || self.wanted.period(used.purpose.kind()).is_some_and(has_served)
    }

    /// The ring with a fresh key published, where there is room for one.
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

    /// The ring with the standby in use, and the key that was in use before retired.
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

    /// Whether a key has been published for so long, by the times in the ring, that it can be in use.
    pub(super) fn is_ripe(&self, key: &Key, now: UnixSeconds) -> bool {
        now >= self.ripe_at(key)
    }

    /// When a key can be in use, by the times in the ring.
    pub(crate) fn ripe_at(&self, key: &Key) -> UnixSeconds {
        key.published_at.saturating_add(self.timing.lead_by_clock(key.purpose))
    }
}
