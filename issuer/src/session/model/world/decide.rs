//! The exchange in the issuer: the steps of `auth/refresh.rs` in the same order, with the real rules.

use hallpass_token::UnixSeconds;

use super::{Answer, Broken, Exchange, HeldToken, Party, RequestKind, Stage, Version, Violation, World};
use crate::{
    refresh_token::Salt,
    session::{End, Outcome, Refusal, Repeat, RotationContext, Session, State},
    user::CredentialEpoch,
};

/// The arrival time of a request, by the issuer's clock and in true milliseconds.
#[derive(Clone, Copy)]
struct Arrival {
    now: UnixSeconds,
    at: u64,
}

impl World {
    /// Advances an exchange by this many stages.
    pub(super) fn proceed(&mut self, exchange: usize, stages: usize) -> Result<(), Violation> {
        if self.in_flight.is_empty() {
            return Ok(());
        }
        let index = exchange % self.in_flight.len();
        let in_flight = self.in_flight.len();
        for _ in 0..stages {
            self.advance(index)?;
            if self.in_flight.len() < in_flight {
                break;
            }
        }
        Ok(())
    }

    fn advance(&mut self, index: usize) -> Result<(), Violation> {
        let stage = match self.in_flight[index].stage.clone() {
            Stage::Sent => {
                let now = self.clock();
                let party = self.in_flight[index].party;
                self.tell(|| format!("{party}'s request arrives, at {now} by the issuer's clock"));
                Stage::Arrived { now, at: self.now }
            }
            Stage::Arrived { now, at } => Stage::Read { now, at, version: self.disk.latest() },
            Stage::Read { now, at, version } => {
                if self.broken != Some(Broken::ReadsBeforeTheDisk) {
                    self.disk.sync();
                }
                let Some(stage) = self.decide(index, version, Arrival { now, at })? else {
                    self.in_flight.remove(index);
                    return Ok(());
                };
                stage
            }
            Stage::Decided { version, answer } => {
                if self.broken != Some(Broken::AnswersBeforeTheDisk) {
                    self.disk.sync();
                }
                self.answered(version, answer)
            }
            Stage::Answered { answer } => {
                let Exchange { party, is_abandoned, .. } = self.in_flight.remove(index);
                return if is_abandoned { Ok(()) } else { self.receive(party, answer) };
            }
        };
        self.in_flight[index].stage = stage;
        Ok(())
    }

    /// Decides about the version that was read. `None` ends the exchange: after a conflict, the request of a client
    /// that has given up is not decided again.
    fn decide(&mut self, index: usize, version: usize, arrival: Arrival) -> Result<Option<Stage>, Violation> {
        let Exchange { kind, is_abandoned, .. } = self.in_flight[index];
        self.coverage.zombies += u64::from(is_abandoned);
        let read = self.disk.version(version).session.clone();
        let outcome = match kind {
            RequestKind::SignOut => return Ok(self.sign_out(&read, version).or(again(arrival, is_abandoned))),
            RequestKind::Renewal => self.rotate(&read, index, arrival),
        };
        let held = self.in_flight[index].held.clone();
        self.check_theft(&held, version, &outcome)?;
        let current = HeldToken { index: self.disk.version(version).current, ..held.clone() };
        let stage = match outcome {
            Outcome::Rotated { session, token } => {
                if !self.may_write(version) {
                    return Ok(again(arrival, is_abandoned));
                }
                let by_late_retry = token.position.attempt > 0;
                *(if by_late_retry { &mut self.coverage.late } else { &mut self.coverage.rotations }) += 1;
                self.parents.push(Some(held.index));
                let made = HeldToken { token, index: self.parents.len() - 1 };
                self.tell(|| format!("the issuer rotates {held} to {made}"));
                let version = self.write(Version { session, current: made.index, rotated_at: arrival.at })?;
                Stage::Decided { version, answer: Answer::Pair(made) }
            }
            Outcome::Stolen { session } => {
                if !self.may_write(version) {
                    return Ok(again(arrival, is_abandoned));
                }
                self.coverage.thefts += 1;
                self.tell(|| format!("the issuer calls {held} stolen"));
                let version = self.write_ended(session)?;
                Stage::Decided { version, answer: self.refused(version, Refusal::Ended(End::Stolen), arrival) }
            }
            Outcome::Again { token, by } => {
                *(if by == Repeat::Previous { &mut self.coverage.grace } else { &mut self.coverage.same }) += 1;
                self.answered(version, Answer::Pair(HeldToken { token, ..current }))
            }
            Outcome::Wait { .. } => {
                self.coverage.waits += 1;
                Stage::Answered { answer: Answer::Wait }
            }
            Outcome::Refused(refusal) => {
                self.coverage.too_late += u64::from(refusal == Refusal::TooLate);
                self.coverage.expired += u64::from(refusal == Refusal::Expired);
                let answer = self.refused(version, refusal, arrival);
                self.answered(version, answer)
            }
        };
        Ok(Some(stage))
    }

    fn rotate(&mut self, read: &Session, index: usize, arrival: Arrival) -> Outcome {
        self.salts += 1;
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&self.salts.to_be_bytes());
        let decides_late = self.broken == Some(Broken::DecidesByItsOwnClock);
        let now = if decides_late { self.clock() } else { arrival.now };
        let rules = &self.setup.rules;
        let keys = &self.keys;
        let epoch = CredentialEpoch(0);
        let context = RotationContext { rules, keys, epoch, salt: Salt(salt), now };
        let presented = &self.in_flight[index].held.token;
        match self.broken {
            Some(broken) => broken.rotate(read, presented, &context),
            None => read.rotate(presented, &context),
        }
    }

    fn sign_out(&mut self, read: &Session, version: usize) -> Option<Stage> {
        let Some(ended) = read.end(End::SignedOut) else {
            return Some(self.answered(version, Answer::SignedOut));
        };
        if !self.may_write(version) {
            return None;
        }
        self.coverage.sign_outs += 1;
        self.tell(|| "the issuer ends the session".to_owned());
        let version = self.write_ended(ended).ok()?;
        Some(Stage::Decided { version, answer: Answer::SignedOut })
    }

    /// The compare of compare-and-swap.
    fn may_write(&mut self, read: usize) -> bool {
        let is_latest = read == self.disk.latest();
        self.coverage.conflicts += u64::from(!is_latest);
        is_latest || self.broken == Some(Broken::WritesBlindly)
    }

    fn write_ended(&mut self, session: Session) -> Result<usize, Violation> {
        let Version { current, rotated_at, .. } = *self.disk.version(self.disk.latest());
        self.write(Version { session, current, rotated_at })
    }

    /// Writes a version, which must follow from the latest one: by a rotation of its current token, a late retry, or
    /// the end.
    fn write(&mut self, new: Version) -> Result<usize, Violation> {
        let old = self.disk.version(self.disk.latest());
        let parent = self.parents[new.current];
        let follows = new.current == old.current || parent == Some(old.current) || parent == self.parents[old.current];
        if old.session.state != State::Living || !follows {
            return Err(Violation { property: 3, what: "a write undid another" });
        }
        Ok(self.disk.write(new))
    }

    /// Sends an answer. The version that it depends on must never be undone.
    fn answered(&mut self, version: usize, answer: Answer) -> Stage {
        self.acknowledged = self.acknowledged.max(version);
        if let Answer::Pair(held) = &answer {
            self.issued.push(held.clone());
        }
        Stage::Answered { answer }
    }

    fn refused(&self, version: usize, refusal: Refusal, arrival: Arrival) -> Answer {
        Answer::Refused { refusal, rotated_at: self.disk.version(version).rotated_at, at: arrival.at }
    }

    fn receive(&mut self, party: Party, answer: Answer) -> Result<(), Violation> {
        self.tell(|| format!("{party} receives {answer}"));
        match (party, answer) {
            (Party::Thief, Answer::Pair(held)) => self.loot.push(held),
            (Party::Tab(_), Answer::Pair(held)) => self.jar = held,
            (Party::Tab(_), Answer::Refused { refusal, rotated_at, at }) => {
                return self.check_refusal(refusal, rotated_at, at);
            }
            _ => {}
        }
        Ok(())
    }
}

/// After a conflict the request is decided again, unless its client has given up.
fn again(Arrival { now, at }: Arrival, is_abandoned: bool) -> Option<Stage> {
    (!is_abandoned).then_some(Stage::Arrived { now, at })
}
