//! Rules broken on purpose, to see that the checker would catch it.

use hallpass_token::UnixSeconds;

use crate::{
    refresh_token::{RefreshToken, Salt},
    session::{Outcome, Refusal, Repeat, RotationContext, Session},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Between G and 2G a retry is a late one already.
    NoDeadZone,
    /// The current token rotates however young it is.
    No2GRule,
    /// A late retry leaves the time of the last rotation as it was.
    LateRetryKeepsTheClocks,
    /// A token of the past is refused, and the session goes on.
    NoTheft,
    /// A retry within the grace gets a token of its own.
    GraceDrawsAnother,
    /// Whole seconds are taken for exact: G and 2G include their last one.
    RoundsDown,
    /// The decision takes the time at which it is made, and not that of the request's arrival.
    DecidesByItsOwnClock,
    /// A write does not look at what it overwrites.
    WritesBlindly,
    /// An answer does not wait until its write is durable.
    AnswersBeforeTheDisk,
    /// A decision does not wait until what it read is durable.
    ReadsBeforeTheDisk,
}

impl Broken {
    /// Those that random histories find within seconds. [`RoundsDown`](Self::RoundsDown) takes a hundred thousand of
    /// them, and has a history of its own.
    pub(super) const SOON_FOUND: [Self; 9] = [
        Self::NoDeadZone,
        Self::No2GRule,
        Self::LateRetryKeepsTheClocks,
        Self::NoTheft,
        Self::GraceDrawsAnother,
        Self::DecidesByItsOwnClock,
        Self::WritesBlindly,
        Self::AnswersBeforeTheDisk,
        Self::ReadsBeforeTheDisk,
    ];

    /// What the real rules decide, bent.
    pub(super) fn rotate(self, session: &Session, presented: &RefreshToken, context: &RotationContext<'_>) -> Outcome {
        let outcome = session.rotate(presented, context);
        match (self, outcome) {
            (Self::NoDeadZone, Outcome::Wait { .. }) | (Self::No2GRule, Outcome::Again { by: Repeat::Current, .. }) => {
                as_if_settled(session, presented, context)
            }
            (Self::RoundsDown, outcome) => {
                let grace = context.rules.grace;
                let elapsed = context.now.seconds_since(session.rotated_at);
                if elapsed == grace {
                    rotated_at(
                        session.rotate(presented, &RotationContext { now: session.rotated_at, ..*context }),
                        context.now,
                    )
                } else if elapsed == 2 * grace {
                    as_if_settled(session, presented, context)
                } else {
                    outcome
                }
            }
            (Self::LateRetryKeepsTheClocks, Outcome::Rotated { session: rotated, token })
                if token.position.attempt > 0 =>
            {
                Outcome::Rotated { session: Session { rotated_at: session.rotated_at, ..rotated }, token }
            }
            (Self::NoTheft, Outcome::Stolen { .. }) => Outcome::Refused(Refusal::TooLate),
            (Self::GraceDrawsAnother, Outcome::Again { by: by @ Repeat::Previous, token }) => {
                Outcome::Again { token: presented.successor(token.position, context.salt, context.keys.in_use()), by }
            }
            (_, outcome) => outcome,
        }
    }
}

/// What would be decided once 2G have passed, but now.
fn as_if_settled(session: &Session, presented: &RefreshToken, context: &RotationContext<'_>) -> Outcome {
    let now = session.rotated_at.saturating_add(2 * context.rules.grace + 1);
    rotated_at(session.rotate(presented, &RotationContext { now, ..*context }), context.now)
}

fn rotated_at(outcome: Outcome, now: UnixSeconds) -> Outcome {
    match outcome {
        Outcome::Rotated { session, token } => {
            Outcome::Rotated { session: Session { rotated_at: now, ..session }, token }
        }
        outcome => outcome,
    }
}

/// The salt of the record, where a late retry should draw one of its own.
pub(super) fn with_the_same_salt<'c>(session: &Session, context: &RotationContext<'c>) -> RotationContext<'c> {
    let Salt(salt) = session.salt;
    RotationContext { salt: Salt(salt), ..*context }
}
