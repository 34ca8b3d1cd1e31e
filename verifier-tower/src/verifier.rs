//! Verifies the tokens of one issuer.

use std::{fmt, sync::Arc};

use hallpass_token::{Issuer, KeySet, Policy, SkippedKey, UnixSeconds, VerifiedClaims, Verifier, VerifyError};

use crate::{KeysUnreachable, Refusal, RemoteKeys, clock::system_clock, keys::Bound};

/// Verifies the tokens of one issuer. Cheap to clone: clones share their keys.
#[derive(Clone)]
pub struct TokenVerifier {
    keys: Keys,
    now: fn() -> UnixSeconds,
}

#[derive(Clone)]
enum Keys {
    Fixed(Arc<Verifier>),
    Remote(Arc<Bound>),
}

impl TokenVerifier {
    /// Accepts tokens of `issuer` under `policy`. `iss` must equal `issuer` exactly.
    pub fn new(issuer: impl Into<String>, policy: Policy, keys: RemoteKeys) -> Self {
        Self { keys: Keys::Remote(Arc::new(keys.bind(issuer.into(), policy))), now: system_clock }
    }

    /// As [`new`](Self::new), with local keys that never change.
    pub fn with_keys(issuer: impl Into<String>, policy: Policy, keys: KeySet) -> Self {
        let verifier = Verifier::new(policy, Issuer::named(issuer, keys));
        Self { keys: Keys::Fixed(Arc::new(verifier)), now: system_clock }
    }

    /// Replaces the machine's clock, for tests.
    #[must_use]
    pub fn with_clock(self, now: fn() -> UnixSeconds) -> Self {
        Self { now, ..self }
    }

    /// Verifies a token, and fetches the issuer's keys if required. Unknown `kid`s cause at most one fetch per 30
    /// seconds.
    pub async fn verify(&self, token: &str) -> Result<VerifiedClaims<'static>, Refusal> {
        let keys = match &self.keys {
            Keys::Fixed(verifier) => return verifier.verify(token, (self.now)()).map_err(Refusal::InvalidToken),
            Keys::Remote(keys) => keys,
        };
        match keys.current().await?.verify(token, (self.now)()) {
            Err(VerifyError::KeyUnknown) => {
                let Some(newer) = keys.newer().await else {
                    return Err(Refusal::InvalidToken(VerifyError::KeyUnknown));
                };
                newer.verify(token, (self.now)()).map_err(Refusal::InvalidToken)
            }
            verified => verified.map_err(Refusal::InvalidToken),
        }
    }

    /// The keys of the current set that are never used, and why; empty before the first fetch.
    #[must_use]
    pub fn key_report(&self) -> Vec<SkippedKey> {
        let current = match &self.keys {
            Keys::Fixed(verifier) => Some(Arc::clone(verifier)),
            Keys::Remote(keys) => keys.latest(),
        };
        current.map(|verifier| verifier.skipped_keys().map(|(_, key)| key.clone()).collect()).unwrap_or_default()
    }

    /// Fetches the keys now, so that the first request does not wait.
    pub async fn load(&self) -> Result<(), KeysUnreachable> {
        match &self.keys {
            Keys::Fixed(_) => Ok(()),
            Keys::Remote(keys) => keys.current().await.map(drop),
        }
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifier").finish_non_exhaustive()
    }
}
