//! A session, one sign-in on one device, and the rules of its life: pure functions from the old record to the new one
//! or to the reason why not.
//!
//! Expiry is reckoned from the record, never written into it, so that a clock that jumps and comes back harms nobody.

use hallpass_token::UnixSeconds;
use serde::{Deserialize, Serialize};

use crate::{
    id::{SessionId, UserId},
    refresh_token::{RefreshToken, RefreshTokenHash},
};

pub(crate) mod record;

/// How a session's refresh token travels, chosen at login. It never changes: a token that came as a cookie, out of the
/// reach of scripts, must not go out in a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    #[default]
    Cookie,
    Body,
}

/// Whether a session was ended. "Ended" is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Living,
    Ended,
}

/// A session as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) transport: Transport,
    state: State,
    current: RefreshTokenHash,
    created_at: UnixSeconds,
    rotated_at: UnixSeconds,
}

/// How long sessions live, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// Without a rotation.
    pub(crate) idle: u64,
    /// In all.
    pub(crate) absolute: u64,
}

/// Why a session gives no new pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the session was ended")]
    Ended,
    #[error("the session has expired")]
    Expired,
    #[error("the refresh token is not the session's current one")]
    NotCurrent,
}

impl Session {
    /// A session that begins now.
    pub(crate) fn begin(user: UserId, transport: Transport, first: &RefreshToken, now: UnixSeconds) -> Self {
        let (id, current) = (first.session, first.hash());
        Self { id, user, transport, state: State::Living, current, created_at: now, rotated_at: now }
    }

    /// When the session runs out if nobody rotates it: the nearer of idle and absolute expiry.
    pub(crate) fn expires_at(&self, lifetimes: Lifetimes) -> UnixSeconds {
        let idle = self.rotated_at.saturating_add(lifetimes.idle);
        idle.min(self.created_at.saturating_add(lifetimes.absolute))
    }

    /// Whether the session still counts.
    pub(crate) fn check_living(&self, lifetimes: Lifetimes, now: UnixSeconds) -> Result<(), Refusal> {
        match self.state {
            State::Ended => Err(Refusal::Ended),
            State::Living if now >= self.expires_at(lifetimes) => Err(Refusal::Expired),
            State::Living => Ok(()),
        }
    }

    /// What presenting a genuine refresh token of this session leads to: `successor` becomes the current one.
    pub(crate) fn rotate(
        &self,
        presented: &RefreshToken,
        successor: &RefreshToken,
        lifetimes: Lifetimes,
        now: UnixSeconds,
    ) -> Result<Self, Refusal> {
        self.check_living(lifetimes, now)?;
        if presented.hash() != self.current {
            return Err(Refusal::NotCurrent);
        }
        Ok(Self { current: successor.hash(), rotated_at: now, ..self.clone() })
    }

    /// The session, ended; `None` where it was before.
    pub(crate) fn end(&self) -> Option<Self> {
        (self.state == State::Living).then(|| Self { state: State::Ended, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const LIFETIMES: Lifetimes = Lifetimes { idle: 100, absolute: 250 };

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).unwrap()
    }

    fn token(secret: u8) -> RefreshToken {
        RefreshToken::new(SessionId(Uuid::from_u128(1)), [secret; 32])
    }

    fn session() -> Session {
        Session::begin(UserId(Uuid::from_u128(2)), Transport::Cookie, &token(1), at(1000))
    }

    #[test]
    fn the_current_token_rotates_and_then_is_no_longer_the_current_one() {
        let rotated = session().rotate(&token(1), &token(2), LIFETIMES, at(1050)).unwrap();
        assert_eq!(rotated.rotate(&token(1), &token(3), LIFETIMES, at(1050)), Err(Refusal::NotCurrent));
        assert!(rotated.rotate(&token(2), &token(3), LIFETIMES, at(1050)).is_ok());
    }

    #[test]
    fn a_rotation_moves_the_idle_expiry_and_never_the_absolute_one() {
        assert_eq!(session().expires_at(LIFETIMES), at(1100));
        let rotated = session().rotate(&token(1), &token(2), LIFETIMES, at(1099)).unwrap();
        assert_eq!(rotated.expires_at(LIFETIMES), at(1199));
        let again = rotated.rotate(&token(2), &token(3), LIFETIMES, at(1198)).unwrap();
        assert_eq!(again.expires_at(LIFETIMES), at(1250));
        assert_eq!(again.rotate(&token(3), &token(4), LIFETIMES, at(1250)), Err(Refusal::Expired));
    }

    #[test]
    fn an_ended_session_stays_ended() {
        let ended = session().end().unwrap();
        assert_eq!(ended.check_living(LIFETIMES, at(1000)), Err(Refusal::Ended));
        assert_eq!(ended.rotate(&token(1), &token(2), LIFETIMES, at(1000)), Err(Refusal::Ended));
        assert_eq!(ended.end(), None);
    }

    #[test]
    fn a_clock_that_jumps_forth_and_back_harms_nobody() {
        assert_eq!(session().check_living(LIFETIMES, at(9999)), Err(Refusal::Expired));
        assert_eq!(session().check_living(LIFETIMES, at(1001)), Ok(()));
        assert_eq!(session().check_living(LIFETIMES, at(1)), Ok(()));
    }
}
