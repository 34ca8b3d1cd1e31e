//! What presenting a refresh token leads to: the rules of rotation, as one pure function.

use hallpass_token::UnixSeconds;

use super::{End, Refusal, Rules, Session, State, rules::Age};
use crate::{
    refresh_token::{RefreshToken, RefreshTokenKeys, Salt, TokenPosition},
    user::CredentialEpoch,
};

/// What the decision rests on beside the record and the token.
pub(crate) struct RotationContext<'c> {
    pub(crate) rules: &'c Rules,
    pub(crate) keys: &'c RefreshTokenKeys,
    /// The user's epoch, not the session's.
    pub(crate) epoch: CredentialEpoch,
    /// Drawn for this write.
    pub(crate) salt: Salt,
    /// When the request arrived. The rules bound what can be under way at a moment by when it was sent, so that a
    /// decision that is held up must be the decision of that moment.
    pub(crate) now: UnixSeconds,
}

/// What presenting a genuine refresh token leads to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The client gets this token, once the new record is stored.
    Rotated { session: Session, token: RefreshToken },
    /// The client gets this token, the current one. Nothing changes.
    Again { token: RefreshToken, by: Repeat },
    /// The client is told to come back in so many seconds: an answer to an earlier request may still be under way.
    Wait { seconds: u64 },
    /// Two hold tokens of this session. It has to be stored as ended, and the client gets nothing.
    Stolen { session: Session },
    /// The client gets nothing, and nothing changes.
    Refused(Refusal),
}

/// Which token was answered with the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Itself: another tab, or a reload, was quicker.
    Current,
    /// The one before: two at once, a retry, a lost answer; or a thief who is as quick as the owner.
    Previous,
}

/// How a token stands to a session's record.
enum Standing {
    /// The current one, and the first of the session.
    First,
    Current,
    Previous,
    /// Superseded, or further back.
    Past,
    Newer,
}

impl Session {
    /// Decides what presenting a genuine token of this session leads to.
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

    /// The current token becomes the previous one.
    fn advance(&self, presented: &RefreshToken, context: &RotationContext<'_>) -> Outcome {
        match self.position.generation.checked_add(1) {
            Some(generation) => self.rotated(presented, TokenPosition { generation, attempt: 0 }, context),
            None => Outcome::Refused(Refusal::RotationLimit),
        }
    }

    /// The client lost the answer and slept: the successor that it never used is superseded by another.
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
            // A clock that jumped back and returns must not make the session look idle for so long.
            rotated_at: context.now.max(self.rotated_at),
            ..self.clone()
        };
        Outcome::Rotated { session, token }
    }

    /// The same successor, derived again with the key that it was derived with.
    fn repeat(&self, presented: &RefreshToken, context: &RotationContext<'_>) -> Outcome {
        let Some(key) = context.keys.find(self.key) else { return Outcome::Refused(Refusal::KeyRevoked) };
        Outcome::Again { token: presented.successor(self.position, self.salt, key), by: Repeat::Previous }
    }
}

#[cfg(test)]
mod tests;
