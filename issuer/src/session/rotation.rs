//! The rules of rotation as one pure function: the outcome of a presented refresh token.

use hallpass_token::UnixSeconds;

use super::{End, Refusal, Rules, Session, State, rules::Age};
use crate::{
    refresh_token::{RefreshToken, RefreshTokenKeys, Salt, TokenPosition},
    user::CredentialEpoch,
};

/// The inputs of the decision besides the record and the token.
pub(crate) struct RotationContext<'c> {
    pub(crate) rules: &'c Rules,
    pub(crate) keys: &'c RefreshTokenKeys,
    /// The user's epoch, not the session's.
    pub(crate) epoch: CredentialEpoch,
    /// A random value for this write.
    pub(crate) salt: Salt,
    /// The arrival time of the request. The rules limit which requests can be under way by the time they were sent, so
    /// that a delayed decision must use the arrival time.
    pub(crate) now: UnixSeconds,
}

/// The outcome of a genuine refresh token.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The client gets this token once the new record is stored.
    Rotated { session: Session, token: RefreshToken },
    /// The client gets the current token. The record does not change.
    Again { token: RefreshToken, by: Repeat },
    /// The client must retry after this many seconds: the answer to an earlier request may still be under way.
    Wait { seconds: u64 },
    /// Two clients hold tokens of the session. It must be stored as ended, and the client gets no token.
    Stolen { session: Session },
    /// The client gets no token, and the record does not change.
    Refused(Refusal),
}

/// Which token the client presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The current one: another tab or a reload was faster.
    Current,
    /// The previous one: two requests at once, a retry or a lost answer; or an attacker that is as fast as the owner.
    Previous,
}

/// The position of a token relative to the session's record.
enum Standing {
    /// The current token, which is the first of the session.
    First,
    Current,
    Previous,
    /// A superseded or older token.
    Past,
    Newer,
}

impl Session {
    /// Decides the outcome of a genuine token of this session.
    pub(crate) fn rotate(&self, presented: &RefreshToken, context: &RotationContext<'_>) -> Outcome {
        if let Err(refusal) =
            self.check_living(context.rules.lifetimes, context.epoch, context.keys.live(), context.now)
        {
            return Outcome::Refused(refusal);
        }
        let age = context.rules.age(context.now.seconds_since(self.rotated_at));
        match (self.standing(presented), age) {
            (Standing::First, _) | (Standing::Current, Age::Settled | Age::Late) => self.advance(presented, context),
            (Standing::Current, Age::Grace | Age::Settling { .. }) => {
                Outcome::Again { token: presented.clone(), by: Repeat::Current }
            }
            (Standing::Previous, Age::Grace) => self.repeat(presented, context),
            (Standing::Previous, Age::Settling { seconds }) => Outcome::Wait { seconds },
            (Standing::Previous, Age::Settled) => self.retry_late(presented, context),
            (Standing::Previous, Age::Late) => Outcome::Refused(Refusal::TooLate),
            (Standing::Past, _) => {
                Outcome::Stolen { session: Self { state: State::Ended(End::Stolen), ..self.clone() } }
            }
            (Standing::Newer, _) => Outcome::Refused(Refusal::Newer),
        }
    }

    fn standing(&self, presented: &RefreshToken) -> Standing {
        let hash = presented.hash();
        if hash == self.current {
            if self.previous.is_none() { Standing::First } else { Standing::Current }
        } else if self.previous == Some(hash) {
            Standing::Previous
        } else if presented.position > self.position {
            Standing::Newer
        } else {
            Standing::Past
        }
    }

    /// Rotates: the current token becomes the previous one.
    fn advance(&self, presented: &RefreshToken, context: &RotationContext<'_>) -> Outcome {
        match self.position.generation.checked_add(1) {
            Some(generation) => self.rotated(presented, TokenPosition { generation, attempt: 0 }, context),
            None => Outcome::Refused(Refusal::RotationLimit),
        }
    }

    /// Answers a late retry: the client lost the answer and slept. A new successor supersedes the unused one.
    fn retry_late(&self, presented: &RefreshToken, context: &RotationContext<'_>) -> Outcome {
        match self.position.attempt.checked_add(1) {
            Some(attempt) => self.rotated(presented, TokenPosition { attempt, ..self.position }, context),
            None => Outcome::Refused(Refusal::RotationLimit),
        }
    }

    fn rotated(&self, presented: &RefreshToken, position: TokenPosition, context: &RotationContext<'_>) -> Outcome {
        let key = context.keys.in_use();
        let token = presented.successor(position, context.salt, key);
        let session = Self {
            position,
            current: token.hash(),
            previous: Some(presented.hash()),
            salt: context.salt,
            key: key.id(),
            // A clock that jumps back and returns must not make the session look idle.
            rotated_at: context.now.max(self.rotated_at),
            ..self.clone()
        };
        Outcome::Rotated { session, token }
    }

    /// Derives the same successor again, with its key.
    fn repeat(&self, presented: &RefreshToken, context: &RotationContext<'_>) -> Outcome {
        let Some(key) = context.keys.find(self.key) else { return Outcome::Refused(Refusal::KeyRevoked) };
        Outcome::Again { token: presented.successor(self.position, self.salt, key), by: Repeat::Previous }
    }
}

#[cfg(test)]
mod tests;
