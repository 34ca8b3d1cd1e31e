//! Rules broken on purpose, to prove that the checker detects each.

use hallpass_token::UnixSeconds;

use crate::{
    refresh_token::{RefreshToken, Salt},
    session::{Outcome, Refusal, Repeat, RotationContext, Session},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// A retry between G and 2G counts as late.
    NoDeadZone,
    /// The current token rotates at any age.
    No2GRule,
    /// A late retry does not update the time of the last rotation.
    LateRetryKeepsTheClocks,
    /// A superseded token is refused, and the session continues.
    NoTheft,
    /// A retry within the grace gets a different token.
    GraceDrawsAnother,
    /// Whole seconds count as exact: G and 2G include their last second.
    RoundsDown,
    /// A decision uses its own time instead of the request's arrival time.
    DecidesByItsOwnClock,
    /// A write does not compare the record that it overwrites.
    WritesBlindly,
    /// An answer does not wait for the durability of its write.
    AnswersBeforeTheDisk,
    /// A decision does not wait for the durability of its read.
    ReadsBeforeTheDisk,
}

impl Broken {
    /// The broken rules that random histories find within seconds. [`RoundsDown`](Self::RoundsDown) takes a hundred
    /// thousand histories, and has its own test.
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

    /// The decision of the real rules with this rule broken.
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

/// The decision as if 2G had passed.
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

/// Uses the record's salt, where a late retry should use a new one.
pub(super) fn with_the_same_salt<'c>(session: &Session, context: &RotationContext<'c>) -> RotationContext<'c> {
    let Salt(salt) = session.salt;
    RotationContext { salt: Salt(salt), ..*context }
}
