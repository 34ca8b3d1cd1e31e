//! A session, which is one sign-in on one device, and its rules: pure functions from the old record to the new record
//! or to the reason for refusal.
//!
//! Expiry is computed from the record and never written into it, so that a temporary jump of the clock ends no session.

use std::fmt;

use hallpass_token::UnixSeconds;
use serde::{Deserialize, Serialize};

use crate::{
    id::{SessionId, UserId},
    refresh_token::{KeyId, LiveKeys, RefreshToken, RefreshTokenHash, Salt, TokenPosition},
    user::CredentialEpoch,
};

mod agent;
mod label;
#[cfg(test)]
mod model;
pub(crate) mod record;
mod rotation;
mod rules;
mod session_limit;

pub(crate) use label::Label;
pub(crate) use rotation::{Outcome, Repeat, RotationContext};
pub(crate) use rules::{Lifetimes, Rules};
pub(crate) use session_limit::{forgettable, surplus};

/// The transport of a session's refresh token, chosen at the sign-in. It never changes: a token in a cookie, which
/// scripts cannot read, must not be sent in a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase", try_from = "String")]
pub(crate) enum Transport {
    #[default]
    Cookie,
    Body,
}

/// Accepts only a string. serde's derived code would also accept the object `{"cookie": null}`.
impl TryFrom<String> for Transport {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match name.as_str() {
            "cookie" => Ok(Self::Cookie),
            "body" => Ok(Self::Body),
            _ => Err("transport must be \"cookie\" or \"body\""),
        }
    }
}

/// Whether a session has been ended. An end is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Living,
    Ended(End),
}

/// What ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The user signed out.
    SignedOut,
    /// The user signed in again with the session's cookie.
    Replaced,
    /// A client presented a superseded token, so that two clients hold tokens of the session.
    Stolen,
    /// The user exceeded the session limit.
    Displaced,
    /// The user ended it from another session.
    Revoked,
    /// The user changed the password in another session.
    PasswordChanged,
    /// The operator ended it.
    Operator,
    /// The key of its current refresh token was revoked.
    KeyRevoked,
}

/// A session as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) transport: Transport,
    pub(crate) label: Label,
    pub(crate) created_at: UnixSeconds,
    /// The time of the last rotation, or of the sign-in.
    pub(crate) rotated_at: UnixSeconds,
    pub(crate) state: State,
    /// The user's credential epoch when the user last signed in or changed the password in this session.
    epoch: CredentialEpoch,
    /// The position of the current token.
    position: TokenPosition,
    current: RefreshTokenHash,
    /// The token that the current one was derived from. The first token has none.
    previous: Option<RefreshTokenHash>,
    /// The salt of the current token, with which the token can be derived again.
    salt: Salt,
    /// The key of the current token. The session lives no longer than that key.
    key: KeyId,
}

/// The properties of a session that its sign-in chooses.
#[derive(Clone, Debug)]
pub(crate) struct Beginning {
    pub(crate) user: UserId,
    pub(crate) epoch: CredentialEpoch,
    pub(crate) transport: Transport,
    pub(crate) label: Label,
}

/// Why a refresh is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the session has ended: {0}")]
    Ended(End),
    #[error("the session has expired")]
    Expired,
    #[error("the user's password was changed or the user was disabled after the sign-in")]
    CredentialsChanged,
    #[error("the refresh token was used too long ago for a retry")]
    TooLate,
    #[error("the refresh token is newer than its session's record: was a backup restored?")]
    Newer,
    #[error("the key of the session's refresh token was revoked")]
    KeyRevoked,
    #[error("rotation limit reached")]
    RotationLimit,
}

impl Session {
    /// A new session.
    pub(crate) fn begin(beginning: Beginning, first: &RefreshToken, now: UnixSeconds) -> Self {
        let Beginning { user, epoch, transport, label } = beginning;
        Self {
            id: first.session,
            user,
            transport,
            label,
            created_at: now,
            rotated_at: now,
            state: State::Living,
            epoch,
            position: first.position,
            current: first.hash(),
            previous: None,
            salt: Salt::default(),
            key: first.key,
        }
    }

    /// When the session expires without another rotation: the earlier of idle and absolute expiry.
    pub(crate) fn expires_at(&self, lifetimes: Lifetimes) -> UnixSeconds {
        let idle = self.rotated_at.saturating_add(lifetimes.idle);
        idle.min(self.created_at.saturating_add(lifetimes.absolute))
    }

    /// Whether the session is live, for the user's `epoch` and the `keys` of the ring.
    pub(crate) fn check_living(
        &self,
        lifetimes: Lifetimes,
        epoch: CredentialEpoch,
        keys: &LiveKeys,
        now: UnixSeconds,
    ) -> Result<(), Refusal> {
        match self.state {
            State::Ended(end) => Err(Refusal::Ended(end)),
            State::Living if now >= self.expires_at(lifetimes) => Err(Refusal::Expired),
            State::Living if self.is_before(epoch) => Err(Refusal::CredentialsChanged),
            State::Living if self.lost_its_key(keys) => Err(Refusal::KeyRevoked),
            State::Living => Ok(()),
        }
    }

    /// Whether the session has not ended and the ring no longer has the key of its current token. Its tokens are then
    /// invalid, and its record must be ended.
    pub(crate) fn lost_its_key(&self, keys: &LiveKeys) -> bool {
        self.state == State::Living && !keys.include(self.key, self.created_at)
    }

    /// Whether the session has ended or expired. Its record can be removed: its tokens get the same answer as unknown
    /// ones.
    pub(crate) fn is_over(&self, lifetimes: Lifetimes, now: UnixSeconds) -> bool {
        self.state != State::Living || now >= self.expires_at(lifetimes)
    }

    /// The ended session; `None` if it had ended before.
    pub(crate) fn end(&self, end: End) -> Option<Self> {
        (self.state == State::Living).then(|| Self { state: State::Ended(end), ..self.clone() })
    }

    /// Whether the session's credentials are older than `epoch`.
    pub(crate) fn is_before(&self, epoch: CredentialEpoch) -> bool {
        self.epoch < epoch
    }

    /// The session with a new epoch: the user changed the password in it and stays signed in.
    pub(crate) fn with_epoch(&self, epoch: CredentialEpoch) -> Self {
        Self { epoch, ..self.clone() }
    }
}

/// A stable name for the audit log.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignedOut => "signed_out",
            Self::Replaced => "replaced",
            Self::Stolen => "token_reuse",
            Self::Displaced => "too_many_sessions",
            Self::Revoked => "revoked_by_user",
            Self::PasswordChanged => "password_changed",
            Self::Operator => "revoked_by_operator",
            Self::KeyRevoked => "key_revoked",
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const LIFETIMES: Lifetimes = Lifetimes { idle: 100, absolute: 250 };
    const KEY: KeyId = KeyId([7; 4]);

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).unwrap()
    }

    fn session() -> Session {
        let first = RefreshToken::new(SessionId(Uuid::from_u128(1)), [1; 32], KEY);
        let user = UserId(Uuid::from_u128(2));
        let beginning =
            Beginning { user, epoch: CredentialEpoch(3), transport: Transport::Cookie, label: Label::default() };
        Session::begin(beginning, &first, at(1000))
    }

    fn check(session: &Session, epoch: u32, now: u64) -> Result<(), Refusal> {
        session.check_living(LIFETIMES, CredentialEpoch(epoch), &LiveKeys::new(vec![KEY], None), at(now))
    }

    #[test]
    fn an_ended_session_stays_ended_and_knows_how() {
        let ended = session().end(End::SignedOut).unwrap();
        assert_eq!(check(&ended, 3, 1000), Err(Refusal::Ended(End::SignedOut)));
        assert_eq!(ended.end(End::Stolen), None);
    }

    #[test]
    fn a_change_of_credentials_ends_every_session_except_the_one_that_made_it() {
        assert_eq!(check(&session(), 3, 1000), Ok(()));
        assert_eq!(check(&session(), 4, 1000), Err(Refusal::CredentialsChanged));
        let own = session().with_epoch(CredentialEpoch(4));
        // The session is written before the user: a crash between the two must not end it.
        assert_eq!((check(&own, 3, 1000), check(&own, 4, 1000)), (Ok(()), Ok(())));
    }

    #[test]
    fn a_session_is_over_when_the_key_of_its_token_has_left_the_ring() {
        let check = |keys: &LiveKeys| session().check_living(LIFETIMES, CredentialEpoch(3), keys, at(1000));
        assert_eq!(check(&LiveKeys::new(vec![KeyId([8; 4]), KEY], None)), Ok(()));
        let without = LiveKeys::new(vec![KeyId([8; 4])], None);
        assert_eq!(check(&without), Err(Refusal::KeyRevoked));
        assert!(session().lost_its_key(&without));
        assert!(!session().end(End::SignedOut).unwrap().lost_its_key(&without), "it was ended before");
    }

    #[test]
    fn a_temporary_jump_of_the_clock_ends_no_session() {
        assert_eq!(check(&session(), 3, 9999), Err(Refusal::Expired));
        assert_eq!(check(&session(), 3, 1001), Ok(()));
        assert_eq!(check(&session(), 3, 1), Ok(()));
    }
}
