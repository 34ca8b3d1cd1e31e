//! The three properties, checked by the family tree of tokens and by the acknowledged versions.

use hallpass_token::UnixSeconds;

use super::{HeldToken, Violation, World};
use crate::{
    refresh_token::Salt,
    session::{Outcome, Refusal, RotationContext, State},
    user::CredentialEpoch,
};

impl World {
    /// A version that an answer depends on is never undone.
    pub(super) fn check_durable(&self) -> Result<(), Violation> {
        let is_there = self.acknowledged <= self.disk.latest();
        is_there.then_some(()).ok_or(Violation { property: 3, what: "a crash undid what was acknowledged" })
    }

    /// Of all issued tokens, only the current one and its parent are accepted.
    pub(super) fn check_chain(&mut self) -> Result<(), Violation> {
        let latest = self.disk.latest();
        let settled_after = 2 * self.setup.rules.grace + 1;
        for index in 0..self.issued.len() {
            let held = self.issued[index].clone();
            if self.is_in_chain(latest, held.index) {
                continue;
            }
            for now in [self.clock(), self.clock().saturating_add(settled_after)] {
                if self.would_be_accepted(latest, &held, now) {
                    return Err(Violation { property: 3, what: "two chains of tokens are valid" });
                }
            }
        }
        Ok(())
    }

    /// Whether a token is a version's current one, or its parent.
    pub(super) fn is_in_chain(&self, version: usize, index: usize) -> bool {
        let current = self.disk.version(version).current;
        index == current || self.parents[current] == Some(index)
    }

    /// Whether the honest client must still be signed in.
    pub(super) fn must_be_signed_in(&self) -> bool {
        let session = &self.disk.version(self.disk.latest()).session;
        let is_expired = self.clock() >= session.expires_at(self.setup.rules.lifetimes);
        !(self.thief_has_acted || self.user_has_left || self.has_jumped_amid || is_expired)
            && session.state == State::Living
    }

    /// Checks that a refusal of the honest client is justified.
    pub(super) fn check_refusal(&self, refusal: Refusal, rotated_at: u64, at: u64) -> Result<(), Violation> {
        let is_excused = self.thief_has_acted || self.user_has_left || self.has_jumped_amid;
        let true_age = at.saturating_sub(rotated_at);
        let rules = self.setup.rules;
        let has_jumped = self.coverage.jumps > 0;
        let is_due = match refusal {
            Refusal::TooLate => has_jumped || true_age > rules.late_window * 1000,
            Refusal::Expired => {
                let is_old = at > (rules.lifetimes.absolute - 1) * 1000;
                has_jumped || is_old || true_age > (rules.lifetimes.idle - 1) * 1000
            }
            _ => false,
        };
        let is_right = is_excused || is_due;
        is_right.then_some(()).ok_or(Violation { property: 1, what: "an honest client was signed out" })
    }

    /// Checks that a superseded token, and no other, ends the session.
    pub(super) fn check_theft(&self, held: &HeldToken, version: usize, outcome: &Outcome) -> Result<(), Violation> {
        let is_good = self.is_in_chain(version, held.index);
        let what = match outcome {
            Outcome::Stolen { .. } if is_good => "a valid token ended the session as stolen",
            Outcome::Stolen { .. } | Outcome::Refused(Refusal::Ended(_) | Refusal::Expired) => return Ok(()),
            _ if is_good => return Ok(()),
            _ => "a superseded token did not end the session",
        };
        Err(Violation { property: 2, what })
    }

    /// Whether a token would be accepted at that time.
    fn would_be_accepted(&self, version: usize, held: &HeldToken, now: UnixSeconds) -> bool {
        let rules = &self.setup.rules;
        let keys = &self.keys;
        let epoch = CredentialEpoch(0);
        let context = RotationContext { rules, keys, epoch, salt: Salt::default(), now };
        let session = &self.disk.version(version).session;
        let outcome = match self.broken {
            Some(broken) => broken.rotate(session, &held.token, &context),
            None => session.rotate(&held.token, &context),
        };
        matches!(outcome, Outcome::Rotated { .. } | Outcome::Again { .. })
    }
}
