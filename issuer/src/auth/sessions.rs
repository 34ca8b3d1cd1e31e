//! The user's own sessions: list them, end one or all, and keep them within the limit.

use std::{cmp::Reverse, net::IpAddr};

use futures_util::future::join_all;
use hallpass_token::UnixSeconds;

use super::{Auth, AuthError, Identity};
use crate::{
    id::SessionId,
    session::{End, Label, Session, State, forgettable, surplus},
    user::User,
};

/// A session in the user's list.
pub(crate) struct ListedSession {
    pub(crate) id: SessionId,
    pub(crate) expires_at: UnixSeconds,
    pub(crate) created_at: UnixSeconds,
    /// The time of the last refresh. Requests with an access token do not change it.
    pub(crate) last_used_at: UnixSeconds,
    pub(crate) label: Label,
    /// Whether it is the requesting session.
    pub(crate) is_current: bool,
}

impl Auth {
    /// The user's living sessions, the last used first.
    pub(crate) async fn sessions(&self, identity: &Identity) -> Result<Vec<ListedSession>, AuthError> {
        let user = self.store.user(identity.user).await?.ok_or(AuthError::NoSuchSession)?;
        let mut sessions = self.living_sessions(&user).await?;
        sessions.sort_unstable_by_key(|session| Reverse((session.rotated_at, session.created_at, session.id.0)));
        let listed = sessions.into_iter().map(|session| ListedSession {
            id: session.id,
            expires_at: session.expires_at(self.settings.rules.lifetimes),
            created_at: session.created_at,
            last_used_at: session.rotated_at,
            is_current: session.id == identity.session,
            label: session.label,
        });
        Ok(listed.collect())
    }

    /// Ends one of the user's own sessions. Succeeds if it is over already.
    pub(crate) async fn end_own(&self, identity: &Identity, id: SessionId, address: IpAddr) -> Result<(), AuthError> {
        let session = self.store.session(id).await?.filter(|session| session.user == identity.user);
        let session = session.ok_or(AuthError::NoSuchSession)?;
        self.end_read_session(session, cause_of(identity, id), address).await
    }

    /// Ends all of the user's sessions, including the requesting one.
    pub(crate) async fn end_all_own(&self, identity: &Identity, address: IpAddr) -> Result<(), AuthError> {
        let user = self.store.user(identity.user).await?.ok_or(AuthError::NoSuchSession)?;
        let living = self.living_sessions(&user).await?;
        // Concurrently: all of the writes share a sync.
        let ends = living.into_iter().map(|session| {
            let cause = cause_of(identity, session.id);
            self.end_read_session(session, cause, address)
        });
        join_all(ends).await.into_iter().collect()
    }

    /// Ends the sessions beyond the limit after `newest` has begun, and removes some of many ended ones.
    pub(super) async fn make_room(&self, user: &User, newest: SessionId, address: IpAddr) -> Result<(), AuthError> {
        let sessions = self.store.sessions_of(user.id).await?;
        let removed = join_all(forgettable(&sessions).map(|session| self.store.remove_session(session))).await;
        let surplus = surplus(self.living(user, sessions).await?, newest);
        let ends = surplus.into_iter().map(|id| self.end_session(id, End::Displaced, address));
        let ended: Result<(), _> = join_all(ends).await.into_iter().collect();
        removed.into_iter().collect::<Result<Vec<_>, _>>()?;
        ended
    }

    /// Marks the sessions of an earlier epoch as ended, for the audit log and the list. Their epoch has ended them already.
    pub(super) async fn end_outdated(&self, user: &User, address: IpAddr) -> Result<(), AuthError> {
        let sessions = self.store.sessions_of(user.id).await?;
        let is_outdated =
            |session: &Session| session.state == State::Living && session.is_before(user.credential_epoch);
        let outdated = sessions.into_iter().filter(is_outdated);
        let ends = outdated.map(|session| self.end_read_session(session, End::PasswordChanged, address));
        join_all(ends).await.into_iter().collect()
    }

    async fn living_sessions(&self, user: &User) -> Result<Vec<Session>, AuthError> {
        self.living(user, self.store.sessions_of(user.id).await?).await
    }

    async fn living(&self, user: &User, sessions: Vec<Session>) -> Result<Vec<Session>, AuthError> {
        let keys = self.keys_for(&sessions).await?;
        let lifetimes = self.settings.rules.lifetimes;
        let keys = keys.refresh_tokens.live();
        let now = self.clock.now();
        let lives = |session: &Session| session.check_living(lifetimes, user.credential_epoch, keys, now).is_ok();
        Ok(sessions.into_iter().filter(lives).collect())
    }
}

fn cause_of(identity: &Identity, ended: SessionId) -> End {
    if ended == identity.session { End::SignedOut } else { End::Revoked }
}
