//! One question, asked of an issuer's keys: is this token good?

use std::{fmt, sync::Arc};

use hallpass_token::{Issuer, KeySet, Policy, UnixSeconds, VerifiedClaims, Verifier, VerifyError};

use crate::{KeysUnreachable, Refusal, RemoteKeys, clock::system_clock, keys::Bound};

/// Verifies the tokens of one issuer. Cheap to clone: clones share their keys.
#[derive(Clone)]
pub struct TokenVerifier {
    keys: Keys,
    now: fn() -> UnixSeconds,
}

#[derive(Clone)]
enum Keys {
    Given(Arc<Verifier>),
    Remote(Arc<Bound>),
}

impl TokenVerifier {
    /// Accepts tokens that `issuer` signed and that fit `policy`; `issuer` is compared with `iss` to the letter.
    pub fn new(issuer: impl Into<String>, policy: Policy, keys: RemoteKeys) -> Self {
        Self { keys: Keys::Remote(Arc::new(keys.bind(issuer.into(), policy))), now: system_clock }
    }

    /// The same with keys that are there already, and never change.
    pub fn with_keys(issuer: impl Into<String>, policy: Policy, keys: KeySet) -> Self {
        let verifier = Verifier::new(policy, Issuer::named(issuer, keys));
        Self { keys: Keys::Given(Arc::new(verifier)), now: system_clock }
    }

    /// Asks another clock than the machine's, for tests.
    #[must_use]
    pub fn with_clock(self, now: fn() -> UnixSeconds) -> Self {
        Self { now, ..self }
    }

    /// Verifies a token; fetches the issuer's keys when it must. An unknown `kid` causes at most one fetch in a while.
    pub async fn verify(&self, token: &str) -> Result<VerifiedClaims<'static>, Refusal> {
        let keys = match &self.keys {
            Keys::Given(verifier) => return verifier.verify(token, (self.now)()).map_err(Refusal::InvalidToken),
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

    /// Fetches the keys now, so that the first request need not wait for them.
    pub async fn load(&self) -> Result<(), KeysUnreachable> {
        match &self.keys {
            Keys::Given(_) => Ok(()),
            Keys::Remote(keys) => keys.current().await.map(drop),
        }
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifier").finish_non_exhaustive()
    }
}
