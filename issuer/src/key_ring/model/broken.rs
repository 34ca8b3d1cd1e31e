//! Rules broken on purpose, to prove that the checker detects each.

use hallpass_token::UnixSeconds;

use super::world::TIMING;
use crate::key_ring::{Fresh, Key, Lives, Ring, Stage, Timing, Wishes, watch::Watch};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::key_ring) enum Broken {
    /// A key signs as soon as it is published.
    NoLead,
    /// A retired key is removed regardless of its tokens.
    NoRetention,
    /// A retired key stays for a token's life, without a margin.
    NoMargin,
    /// An issuer does not raise the longest life when its setting is longer.
    LifeIsNotRaised,
    /// Every answer has the whole `max-age`, however old the view is.
    MaxAgeIsNotReduced,
    /// An issuer uses a view of any age.
    NoBoundOnViews,
    /// A revoked key retires like any other.
    RevokedIsRetired,
    /// The set has only the key in use.
    OnlyTheUsedIsPublished,
    /// A swap overwrites concurrent changes.
    SwapsBlindly,
    /// An order uses the times of the ring, as if clocks did not differ and swaps took no time.
    NoSkew,
}

impl Broken {
    pub(in crate::key_ring) const ALL: [Self; 10] = [
        Self::NoLead,
        Self::NoRetention,
        Self::NoMargin,
        Self::LifeIsNotRaised,
        Self::MaxAgeIsNotReduced,
        Self::NoBoundOnViews,
        Self::RevokedIsRetired,
        Self::OnlyTheUsedIsPublished,
        Self::SwapsBlindly,
        Self::NoSkew,
    ];

    /// The ring after the next step, with this rule broken.
    pub(in crate::key_ring) fn next(
        self,
        ring: &Ring,
        wishes: &Wishes,
        watch: &Watch,
        now: UnixSeconds,
        fresh: &Fresh,
    ) -> Option<Ring> {
        let bent = self.bend(ring);
        let mut wishes = *wishes;
        wishes.timing = bent.timing;
        if matches!(self, Self::LifeIsNotRaised | Self::NoRetention) {
            wishes.lives = Lives { access_tokens: 0, refresh_tokens: 0 };
        }
        let next = bent.next(&wishes, watch, now, fresh).map(|next| self.unbend(ring, next));
        next.filter(|next| next != ring)
    }

    /// The ring as the broken rule reads it.
    fn bend(self, ring: &Ring) -> Ring {
        let mut bent = ring.clone();
        match self {
            Self::NoLead => bent.timing.max_age = 0,
            Self::NoRetention => bent.keys.iter_mut().for_each(|key| key.longest_life = 0),
            Self::NoMargin => bent.timing.lag = 0,
            _ => {}
        }
        bent
    }

    /// Restores the changed fields of a bent ring.
    fn unbend(self, ring: &Ring, mut bent: Ring) -> Ring {
        let life = |key: &Key| ring.keys.iter().find(|each| each.name == key.name).map(|each| each.longest_life);
        match self {
            Self::NoLead | Self::NoMargin => bent.timing = ring.timing,
            Self::NoRetention => {
                for key in &mut bent.keys {
                    key.longest_life = life(key).unwrap_or(key.longest_life);
                }
            }
            _ => {}
        }
        bent
    }

    /// The ring after a revocation that only retires the key.
    pub(in crate::key_ring) fn retire_revoked(ring: &Ring, mut revoked: Ring) -> Ring {
        let gone = ring.keys.iter().find(|key| revoked.keys.iter().all(|each| each.name != key.name)).cloned();
        let since = revoked.revocations.last().map(|revocation| revocation.at);
        if let (Some(gone), Some(since)) = (gone, since) {
            revoked.keys.push(Key { stage: Stage::Retired { since }, ..gone });
        }
        revoked
    }

    /// The timing of an order.
    pub(super) fn order_timing(broken: Option<Self>) -> Timing {
        if broken == Some(Self::NoSkew) { Timing { max_age: TIMING.max_age, lag: 0 } } else { TIMING }
    }
}
