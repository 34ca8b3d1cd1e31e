//! The actions of issuers, verifiers and operators.

use hallpass_token::UnixSeconds;

use super::{Broken, Issuer, KeptSet, PAUSE, REFRESH_LIFE, RevokedAt, TIMING, Token, View, World};
use crate::key_ring::{Key, KeyName, Kind, Revoked, Rotated, SigningAlgorithm, Stage, watch::Watch};

impl World {
    /// The view of an issuer, unless it is too old.
    pub(super) fn view(&self, issuer: usize) -> Option<View> {
        let is_fresh =
            |view: &&View| self.broken == Some(Broken::NoBoundOnViews) || self.at - view.read_at <= TIMING.lag;
        self.issuers[issuer].view.as_ref().filter(is_fresh).cloned()
    }

    pub(super) fn sign(&mut self, issuer: usize) {
        let Some(view) = self.view(issuer) else { return };
        let Issuer { life, .. } = self.issuers[issuer];
        // An issuer's clock may be ahead by the lag, and a verifier's behind by as much.
        let until = self.at + life + TIMING.lag;
        if let Some(key) = view.ring.in_use(Kind::Signing) {
            note(&mut self.tokens, &key.name, until);
            self.coverage.tokens += 1;
        }
        if let Some(key) = view.ring.in_use(Kind::RefreshTokens) {
            note(&mut self.refresh_tokens, &key.name, self.at + REFRESH_LIFE);
        }
        let at = self.at;
        self.tokens.retain(|token| token.until >= at);
        self.refresh_tokens.retain(|token| token.until >= at);
    }

    pub(super) fn fetch(&mut self, issuer: usize) {
        let Some(view) = self.view(issuer) else { return };
        let age = if self.broken == Some(Broken::MaxAgeIsNotReduced) { 0 } else { self.at - view.read_at };
        let is_published = |key: &&Key| {
            self.broken != Some(Broken::OnlyTheUsedIsPublished) || matches!(key.stage, Stage::InUse { .. })
        };
        let names: Vec<_> = view.ring.of(Kind::Signing).filter(is_published).map(|key| key.name.clone()).collect();
        let at = self.at;
        let until = self.at + TIMING.max_age.saturating_sub(age);
        match self.sets.iter_mut().find(|set| set.names == names) {
            Some(set) => set.until = set.until.max(until),
            None => self.sets.push(KeptSet { names, until }),
        }
        self.sets.retain(|set| set.until >= at);
    }

    pub(super) fn restart(&mut self, issuer: usize, is_es256: bool, life: u64) {
        let algorithm = if is_es256 { SigningAlgorithm::Es256 } else { SigningAlgorithm::EdDsa };
        self.ring.wanted.algorithm = algorithm;
        self.issuers[issuer] = Issuer { watch: Watch::default(), life, view: None, ..self.issuers[issuer] };
        self.read(issuer);
        self.coverage.restarts += 1;
    }

    pub(super) fn rotate(&mut self, kind: Kind, ahead: u64) {
        let fresh = self.fresh(&self.ring.clone());
        let mut ring = self.ring.clone();
        ring.timing = Broken::order_timing(self.broken);
        match ring.rotate(kind, self.time(ahead.cast_signed()), &fresh) {
            Ok((mut rotated, outcome)) => {
                rotated.timing = self.ring.timing;
                self.coverage.rotations += u64::from(matches!(outcome, Rotated::Now { .. }));
                self.write(rotated);
            }
            Err(_) => self.coverage.refused_rotations += 1,
        }
    }

    pub(super) fn revoke(&mut self, kind: Kind, key: usize, ahead: u64) {
        let names: Vec<_> = self.ring.of(kind).map(|key| key.name.clone()).collect();
        // An index beyond the list selects the key in use.
        let used = self.ring.in_use(kind).map(|key| key.name.clone());
        let name = names.get(key).cloned().or(used).unwrap();
        let fresh = self.fresh(&self.ring.clone());
        let now = self.time(ahead.cast_signed());
        let (mut ring, Revoked { successor, gone_at, .. }) = self.ring.revoke(&name.0, now, &fresh).unwrap();
        if self.broken == Some(Broken::RevokedIsRetired) {
            ring = Broken::retire_revoked(&self.ring, ring);
        }
        let real = |time: UnixSeconds| self.at + time.seconds_since(now);
        let revoked = RevokedAt { key: name, at: self.at, gone_at: real(gone_at) };
        let hasty = successor.and_then(|successor| Some((successor.key, real(successor.unknown_until?))));
        self.revoked.push(revoked);
        self.hasty.extend(hasty);
        self.write(ring);
        self.coverage.revocations += 1;
    }

    pub(super) fn jump(&mut self, issuer: usize, days: i64, reads: u64) -> Result<(), String> {
        let right = self.issuers[issuer].ahead;
        self.issuers[issuer].ahead = right + days * 24 * 60 * 60;
        for _ in 0..reads {
            self.elapse(PAUSE);
            self.read(issuer);
            self.check()?;
        }
        self.issuers[issuer].ahead = right;
        self.coverage.jumps += 1;
        Ok(())
    }
}

/// Records a token of a key, which must be valid until then.
fn note(tokens: &mut Vec<Token>, key: &KeyName, until: u64) {
    match tokens.iter_mut().find(|token| token.key == *key) {
        Some(token) => token.until = token.until.max(until),
        None => tokens.push(Token { key: key.clone(), until }),
    }
}
