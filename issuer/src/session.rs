//! A session, one sign-in on one device, and the rules of its life: pure functions from the old record to the new one
//! or to the reason why not.
//!
//! Expiry is reckoned from the record, never written into it, so that a clock that jumps and comes back harms nobody.

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

/// How a session's refresh token travels, chosen at login. It never changes: a token that came as a cookie, out of the
/// reach of scripts, must not go out in a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase", try_from = "String")]
pub(crate) enum Transport {
    #[default]
    Cookie,
    Body,
}

/// A string alone: serde would also take the object `{"cookie": null}`.
impl TryFrom<String> for Transport {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match name.as_str() {
            "cookie" => Ok(Self::Cookie),
            "body" => Ok(Self::Body),
            _ => Err("a transport is \"cookie\" or \"body\""),
        }
    }
}

/// Whether a session was ended. "Ended" is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Living,
    Ended(End),
}

/// What ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Its user signed out of it.
    SignedOut,
    /// Its user signed in again over it.
    Replaced,
    /// A token came that was used before: two hold its tokens.
    Stolen,
    /// Its user had too many.
    Displaced,
    /// Its user ended it from another one.
    Revoked,
    /// Its user changed their password in another one.
    PasswordChanged,
    /// The person who runs the issuer ended it.
    Operator,
    /// The key that made its current refresh token was revoked.
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
    /// When it last rotated, or began.
    pub(crate) rotated_at: UnixSeconds,
    pub(crate) state: State,
    /// How often its user's credentials had changed when they were last given for it.
    epoch: CredentialEpoch,
    /// Where the current token stands.
    position: TokenPosition,
    current: RefreshTokenHash,
    /// The token that the current one was derived from; the first was drawn.
    previous: Option<RefreshTokenHash>,
    /// What the current token was derived with, so that it can be derived again.
    salt: Salt,
    /// The key that the current token was made with: the session lives no longer than that key.
    key: KeyId,
}

/// What a sign-in chooses of its session.
#[derive(Clone, Debug)]
pub(crate) struct Beginning {
    pub(crate) user: UserId,
    pub(crate) epoch: CredentialEpoch,
    pub(crate) transport: Transport,
    pub(crate) label: Label,
}

/// Why a session gives no new pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the session has ended: {0}")]
    Ended(End),
    #[error("the session has expired")]
    Expired,
    #[error("the user's password was changed since, or the user disabled")]
    CredentialsChanged,
    #[error("the refresh token was used too long ago to be answered again")]
    TooLate,
    #[error("the refresh token is newer than its session's record: was a backup restored?")]
    Newer,
    #[error("the key of the session's refresh token was revoked")]
    KeyRevoked,
    #[error("the session has rotated as often as one can")]
    RotationLimit,
}

impl Session {
    /// A session that begins now.
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

    /// When the session runs out if nobody rotates it: the nearer of idle and absolute expiry.
    pub(crate) fn expires_at(&self, lifetimes: Lifetimes) -> UnixSeconds {
        let idle = self.rotated_at.saturating_add(lifetimes.idle);
        idle.min(self.created_at.saturating_add(lifetimes.absolute))
    }

    /// Whether the session still counts, where `epoch` is its user's and `keys` are those in the ring.
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

    /// Whether the session was not ended, and the key that made its current token is in the ring no longer. Its record then
    /// has to be ended: no token of it is good.
    pub(crate) fn lost_its_key(&self, keys: &LiveKeys) -> bool {
        self.state == State::Living && !keys.include(self.key, self.created_at)
    }

    /// Whether the session is worth nothing any more and can be forgotten: whatever token of it comes then gets the same
    /// answer as one that never was.
    pub(crate) fn is_over(&self, lifetimes: Lifetimes, now: UnixSeconds) -> bool {
        self.state != State::Living || now >= self.expires_at(lifetimes)
    }

    /// The session, ended; `None` where it was before.
    pub(crate) fn end(&self, end: End) -> Option<Self> {
        (self.state == State::Living).then(|| Self { state: State::Ended(end), ..self.clone() })
    }

    /// Whether the session began, or was kept, before the credentials of `epoch`.
    pub(crate) fn is_before(&self, epoch: CredentialEpoch) -> bool {
        self.epoch < epoch
    }

    /// The session of a user who changes their credentials in it, and stays signed in.
    pub(crate) fn with_epoch(&self, epoch: CredentialEpoch) -> Self {
        Self { epoch, ..self.clone() }
    }
}

/// A stable word for the audit log.
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
    fn a_session_is_over_when_its_user_s_credentials_have_changed_but_in_it() {
        assert_eq!(check(&session(), 3, 1000), Ok(()));
        assert_eq!(check(&session(), 4, 1000), Err(Refusal::CredentialsChanged));
        let own = session().with_epoch(CredentialEpoch(4));
        // It is written before the user: a crash between the two must not sign anybody out.
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
    fn a_clock_that_jumps_forth_and_back_harms_nobody() {
        assert_eq!(check(&session(), 3, 9999), Err(Refusal::Expired));
        assert_eq!(check(&session(), 3, 1001), Ok(()));
        assert_eq!(check(&session(), 3, 1), Ok(()));
    }
}
