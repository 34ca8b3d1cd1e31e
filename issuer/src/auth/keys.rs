//! The keys of a request: a view of the ring that is never too old, and what is read and verified with it.

use std::sync::Arc;

use hallpass_token::{UnixSeconds, VerifiedClaims, VerifyError, expires_at};

use super::{Auth, AuthError, session_of};
use crate::{
    id::SessionId,
    key_ring::OpenKeys,
    refresh_token::{InvalidRefreshToken, RefreshToken},
    session::Session,
};

/// The public keys, and how long a verifier may go on with them.
pub(crate) struct KeySet {
    keys: Arc<OpenKeys>,
    /// In seconds: a key that is revoked now is trusted no longer than this.
    pub(crate) max_age: u64,
}

impl KeySet {
    /// A JSON Web Key Set (RFC 7517 §5).
    pub(crate) fn json(&self) -> &str {
        &self.keys.key_set
    }

    /// Names these very keys (RFC 9110 §8.8.3).
    pub(crate) fn etag(&self) -> &str {
        &self.keys.etag
    }
}

impl Auth {
    /// The public keys.
    pub(crate) async fn key_set(&self) -> Result<KeySet, AuthError> {
        // While the store is away, the keys are given out for as long as what they say is sure to hold.
        let (view, fault) = match self.keys.view().await {
            Ok(view) => (view, None),
            Err(error) => (self.keys.latest(), Some(error)),
        };
        let stale = || fault.map_or_else(|| AuthError::Unavailable(String::new()), AuthError::from);
        let max_age = self.keys.freshness(&view).ok_or_else(stale)?;
        Ok(KeySet { keys: Arc::clone(&view.keys), max_age })
    }

    /// The keys, for one request from its beginning to its end.
    pub(super) async fn keys(&self) -> Result<Arc<OpenKeys>, AuthError> {
        Ok(Arc::clone(&self.keys.view().await?.keys))
    }

    /// Reads a refresh token, and says with which keys. One that names a key that is not among ours may come from an issuer
    /// that has seen a change which we have not: it is refused only by keys that were read after it came.
    pub(super) async fn read_refresh_token(
        &self,
        keys: &Arc<OpenKeys>,
        text: &str,
    ) -> Result<(Arc<OpenKeys>, RefreshToken), AuthError> {
        let refused = |fault: InvalidRefreshToken| AuthError::InvalidGrant(fault.into());
        match RefreshToken::parse(text, &keys.refresh_tokens) {
            Err(InvalidRefreshToken::Key) => {
                let keys = self.keys_after_now().await?;
                let token = RefreshToken::parse(text, &keys.refresh_tokens).map_err(refused)?;
                Ok((keys, token))
            }
            read => Ok((Arc::clone(keys), read.map_err(refused)?)),
        }
    }

    /// The sessions of those refresh tokens that this issuer made. Where some name a key that is not among ours, the keys are
    /// read once for all of them, and a failure to read them is told beside the sessions of the others.
    pub(super) async fn sessions_of_refresh_tokens(
        &self,
        keys: &OpenKeys,
        texts: &[&str],
    ) -> (Vec<SessionId>, Result<(), AuthError>) {
        let (mut sessions, mut unknown) = (Vec::new(), Vec::new());
        for text in texts {
            match RefreshToken::parse(text, &keys.refresh_tokens) {
                Ok(token) => sessions.push(token.session),
                Err(InvalidRefreshToken::Key) => unknown.push(*text),
                Err(_) => {}
            }
        }
        if unknown.is_empty() {
            return (sessions, Ok(()));
        }
        match self.keys_after_now().await {
            Ok(keys) => {
                let read = |text: &&str| RefreshToken::parse(text, &keys.refresh_tokens).ok();
                sessions.extend(unknown.iter().filter_map(read).map(|token| token.session));
                (sessions, Ok(()))
            }
            Err(error) => (sessions, Err(error)),
        }
    }

    /// Verifies an access token; one by a key that is not among ours, by keys that were read after it came.
    pub(super) async fn verify(
        &self,
        access_token: &str,
        now: UnixSeconds,
    ) -> Result<VerifiedClaims<'static>, AuthError> {
        let verified = match self.keys().await?.verifier.verify(access_token, now) {
            Err(VerifyError::KeyUnknown) => self.keys_after_now().await?.verifier.verify(access_token, now),
            verified => verified,
        };
        verified.map_err(|fault| AuthError::InvalidToken(fault.into()))
    }

    /// The keys as they are now.
    pub(super) async fn keys_after_now(&self) -> Result<Arc<OpenKeys>, AuthError> {
        Ok(Arc::clone(&self.keys.view_after(self.clock.moment()).await?.keys))
    }

    /// The keys to judge these sessions by, which were read before. Where one names a key that is not among ours, it may be
    /// another issuer's, which knows more: it is over only by keys that were read after it.
    pub(super) async fn keys_for(&self, sessions: &[Session]) -> Result<Arc<OpenKeys>, AuthError> {
        let keys = self.keys().await?;
        let lost_any = sessions.iter().any(|session| session.lost_its_key(keys.refresh_tokens.live()));
        if lost_any { self.keys_after_now().await } else { Ok(keys) }
    }

    /// The session of an access token that was good once: it is judged at the last moment at which it was.
    pub(super) fn session_of_genuine(&self, keys: &OpenKeys, access_token: &str) -> Option<SessionId> {
        let last_moment = UnixSeconds::new(expires_at(access_token).ok()?.seconds().saturating_sub(1)).ok()?;
        let claims = keys.verifier.verify(access_token, last_moment.min(self.clock.now())).ok()?;
        session_of(&claims)
    }
}
