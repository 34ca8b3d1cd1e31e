//! A sign-out, and the end of single sessions.

use std::net::IpAddr;

use super::{Auth, AuthError};
use crate::{
    audit,
    id::SessionId,
    session::{End, Session},
    store::{Decision, update_session},
};

/// The most refresh tokens, and access tokens, of one sign-out. A browser stores one of each under a name, or a few for a site that is
/// embedded in others. More tokens would only cost reads of the store.
pub(super) const MAX_TOKENS: usize = 16;

impl Auth {
    /// Ends the sessions of all these tokens. A token that this issuer did not issue ends no session. An error at one session
    /// does not keep the others from ending.
    pub(crate) async fn logout(
        &self,
        refresh_tokens: &[&str],
        access_tokens: &[&str],
        address: IpAddr,
    ) -> Result<(), AuthError> {
        if refresh_tokens.len().max(access_tokens.len()) > MAX_TOKENS {
            return Err(AuthError::TooManyTokens);
        }
        let keys = self.keys().await?;
        let mut ids: Vec<_> = access_tokens.iter().filter_map(|text| self.session_of_genuine(&keys, text)).collect();
        let (of_refresh_tokens, read) = self.sessions_of_refresh_tokens(&keys, refresh_tokens).await;
        ids.extend(of_refresh_tokens);
        if ids.is_empty() {
            return read;
        }
        let sessions = self.store.sessions_by_id(&ids).await?;
        let ends = sessions.into_iter().map(|session| self.end_read_session(session, End::SignedOut, address));
        futures_util::future::join_all(ends).await.into_iter().fold(read, Result::and)
    }

    /// Ends a session, unless it is over.
    pub(super) async fn end_session(&self, id: SessionId, cause: End, address: IpAddr) -> Result<(), AuthError> {
        match self.store.session(id).await? {
            Some(session) => self.end_read_session(session, cause, address).await,
            None => Ok(()),
        }
    }

    /// Ends a session that is read already. The end is final: a concurrent refresh does not undo it.
    pub(super) async fn end_read_session(
        &self,
        session: Session,
        cause: End,
        address: IpAddr,
    ) -> Result<(), AuthError> {
        let end = |session: Option<Session>| async move {
            let ended = session.and_then(|session| session.end(cause));
            Ok(ended.map_or(Decision::Keep(None), |ended| Decision::Swap(ended.clone(), Some(ended))))
        };
        let ended: Result<_, AuthError> = update_session(&*self.store, session, end).await;
        if let Some(ended) = ended? {
            audit::session_ended(&ended, cause, address);
        }
        Ok(())
    }
}
