//! The keys of a request: a recent view of the key ring, and the tokens that are parsed and verified with it.

use std::sync::Arc;

use hallpass_token::{UnixSeconds, VerifiedClaims, VerifyError, expires_at};
use uuid::Uuid;

use super::{Auth, AuthError};
use crate::{
    id::SessionId,
    key_ring::OpenKeys,
    refresh_token::{InvalidRefreshToken, RefreshToken},
    session::Session,
};

/// The public keys, and how long a verifier may use them.
pub(crate) struct KeySet {
    keys: Arc<OpenKeys>,
    /// In seconds. A key that is revoked now is trusted for at most this time.
    pub(crate) max_age: u64,
}

impl KeySet {
    /// A JSON Web Key Set (RFC 7517 §5).
    pub(crate) fn json(&self) -> &str {
        &self.keys.key_set
    }

    /// The entity tag of these keys (RFC 9110 §8.8.3).
    pub(crate) fn etag(&self) -> &str {
        &self.keys.etag
    }
}

impl Auth {
    /// The public keys.
    pub(crate) async fn key_set(&self) -> Result<KeySet, AuthError> {
        // While the store is unavailable, the keys are published as long as their `max_age` is still true.
        let (view, fault) = match self.keys.view().await {
            Ok(view) => (view, None),
            Err(error) => (self.keys.latest(), Some(error)),
        };
        let stale = || fault.map_or_else(|| AuthError::Unavailable(String::new()), AuthError::from);
        let max_age = self.keys.freshness(&view).ok_or_else(stale)?;
        Ok(KeySet { keys: Arc::clone(&view.keys), max_age })
    }

    /// The keys for the whole of one request.
    pub(super) async fn keys(&self) -> Result<Arc<OpenKeys>, AuthError> {
        Ok(Arc::clone(&self.keys.view().await?.keys))
    }

    /// Parses a refresh token, and returns the keys that it was parsed with. A token with an unknown key may come from an issuer
    /// that read the key ring later: it is rejected only after the ring is read again.
    pub(super) async fn parse_refresh_token(
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
            parsed => Ok((Arc::clone(keys), parsed.map_err(refused)?)),
        }
    }

    /// The sessions of the genuine refresh tokens. If some have an unknown key, the key ring is read once for all of them. An error
    /// of that read is returned beside the sessions of the other tokens.
    pub(super) async fn sessions_of_refresh_tokens(
        &self,
        keys: &OpenKeys,
        texts: &[&str],
    ) -> (Vec<SessionId>, Result<(), AuthError>) {
        let mut sessions = Vec::new();
        let mut unknown = Vec::new();
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
                let parse = |text: &&str| RefreshToken::parse(text, &keys.refresh_tokens).ok();
                sessions.extend(unknown.iter().filter_map(parse).map(|token| token.session));
                (sessions, Ok(()))
            }
            Err(error) => (sessions, Err(error)),
        }
    }

    /// Verifies an access token. For one with an unknown key the key ring is read again.
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

    /// The keys of the ring as it is now.
    pub(super) async fn keys_after_now(&self) -> Result<Arc<OpenKeys>, AuthError> {
        Ok(Arc::clone(&self.keys.view_after(self.clock.moment()).await?.keys))
    }

    /// The keys for sessions that are read already. A session with an unknown key may come from an issuer that read the key ring
    /// later: the ring is read again before the session counts as over.
    pub(super) async fn keys_for(&self, sessions: &[Session]) -> Result<Arc<OpenKeys>, AuthError> {
        let keys = self.keys().await?;
        let lost_any = sessions.iter().any(|session| session.lost_its_key(keys.refresh_tokens.live()));
        if lost_any { self.keys_after_now().await } else { Ok(keys) }
    }

    /// The session of a genuine access token, also of an expired one: it is verified at the last moment of its lifetime.
    pub(super) fn session_of_genuine(&self, keys: &OpenKeys, access_token: &str) -> Option<SessionId> {
        let last_moment = UnixSeconds::new(expires_at(access_token).ok()?.seconds().saturating_sub(1)).ok()?;
        let claims = keys.verifier.verify(access_token, last_moment.min(self.clock.now())).ok()?;
        session_of(&claims)
    }
}

pub(super) fn session_of(claims: &VerifiedClaims) -> Option<SessionId> {
    Uuid::try_parse(&claims.session_id()?).ok().map(SessionId)
}
