//! The properties that hold at every moment.

use super::{Token, World};
use crate::key_ring::{Key, KeyName, Kind, Stage};

/// The longest record that every store takes, less its key.
const MAX_RECORD_BYTES: usize = 4092;

impl World {
    pub(super) fn check(&mut self) -> Result<(), String> {
        self.check_ring()?;
        self.check_tokens()?;
        self.check_refresh_tokens()?;
        self.check_revoked()
    }

    /// One key of each kind is in use, one is published, and the record fits into a store.
    fn check_ring(&self) -> Result<(), String> {
        for kind in [Kind::Signing, Kind::RefreshTokens] {
            let count = |is: fn(&Key) -> bool| self.ring.of(kind).filter(|key| is(key)).count();
            if count(|key| matches!(key.stage, Stage::InUse { .. })) != 1 {
                return Err(format!("not exactly one key of {kind:?} is in use"));
            }
            if count(|key| matches!(key.stage, Stage::Published { .. })) == 0 {
                return Err(format!("no key of {kind:?} is published"));
            }
        }
        let bytes = self.longest_record;
        if bytes > MAX_RECORD_BYTES { Err(format!("the record has {bytes} bytes")) } else { Ok(()) }
    }

    /// Every token of an unrevoked key is valid with each set that a verifier may hold, and with each issuer's view.
    fn check_tokens(&self) -> Result<(), String> {
        for token in self.tokens.iter().filter(|token| self.is_alive(token)) {
            let key = &token.key;
            let is_hasty = self.hasty.iter().any(|(hasty, until)| hasty == key && self.at <= *until);
            let is_missing = |set: &super::KeptSet| self.at <= set.until && !set.names.contains(key);
            if !is_hasty && self.sets.iter().any(is_missing) {
                return Err(format!("at {} a verifier lacks the key {key} of a valid token", self.at));
            }
            if self.ring.keys.iter().all(|each| each.name != *key) {
                return Err(format!("at {} the ring lacks the key {key} of a valid token", self.at));
            }
        }
        Ok(())
    }

    /// Every refresh token of an unrevoked key can be parsed with the ring.
    fn check_refresh_tokens(&self) -> Result<(), String> {
        let mut alive = self.refresh_tokens.iter().filter(|token| self.is_alive(token));
        match alive.find(|token| self.ring.keys.iter().all(|each| each.name != token.key)) {
            Some(token) => Err(format!("at {} the ring lacks the key {} of a valid refresh token", self.at, token.key)),
            None => Ok(()),
        }
    }

    fn is_alive(&self, token: &Token) -> bool {
        self.at <= token.until && self.revoked.iter().all(|revoked| revoked.key != token.key)
    }

    /// No issuer uses or serves a revoked key after the lag, and no verifier holds it after the promised time.
    fn check_revoked(&self) -> Result<(), String> {
        for revoked in &self.revoked {
            let has = |names: &[KeyName]| names.contains(&revoked.key);
            let views = (0..self.issuers.len()).filter_map(|issuer| self.view(issuer));
            let mut serving = views.filter(|view| view.ring.keys.iter().any(|key| key.name == revoked.key));
            if self.at > revoked.at + super::TIMING.lag && serving.next().is_some() {
                return Err(format!("at {} an issuer uses the revoked key {}", self.at, revoked.key));
            }
            if self.at > revoked.gone_at && self.sets.iter().any(|set| self.at <= set.until && has(&set.names)) {
                return Err(format!("at {} a verifier holds the revoked key {}", self.at, revoked.key));
            }
        }
        Ok(())
    }

    /// After enough time, every order has been carried out.
    pub(super) fn check_settled(&self) -> Result<(), String> {
        let used = self.ring.in_use(Kind::Signing).ok_or("no key signs")?;
        let is_full = self.ring.of(Kind::Signing).count() >= crate::key_ring::MAX_KEYS;
        if used.purpose != self.ring.wanted.purpose(Kind::Signing) && !is_full {
            return Err("the algorithm that is wanted does not sign".to_owned());
        }
        if self.ring.keys.iter().any(|key| key.stage == Stage::Published { hurried: true }) && !is_full {
            return Err("an ordered rotation did not happen".to_owned());
        }
        Ok(())
    }
}
