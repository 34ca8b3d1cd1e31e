//! An outdated hash is replaced at a sign-in by one with the issuer's own parameters.

use std::{future, sync::Arc};

use super::Auth;
use crate::{
    hashing::{Hashing, HashingError},
    metrics::AuthMetrics,
    password::Password,
    store::{Decision, Store, UpdateError, update_user},
    user::User,
};

impl Auth {
    /// Hashes a verified password again if its hash is outdated, once no client waits for a hash. The sign-in does not wait for
    /// it, and the next sign-in repeats what failed.
    pub(super) fn rehash_if_outdated(&self, user: &User, password: Password) {
        // The algorithm may have read only the beginning of the password, which is too little for a new hash.
        if !self.hashing.is_outdated(&user.password) || !user.password.read_all_of(&password) {
            return;
        }
        let hashing = Arc::clone(&self.hashing);
        let store = Arc::clone(&self.store);
        let metrics = self.metrics.clone();
        let user = user.clone();
        tokio::spawn(async move {
            let id = user.id;
            if let Err(error) = rehash(&hashing, &*store, &metrics, user, password).await {
                tracing::warn!(user = %id, %error, "an outdated hash could not be replaced");
            }
        });
    }
}

/// Why a hash could not be replaced.
#[derive(Debug, thiserror::Error)]
enum RehashError {
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error(transparent)]
    Update(#[from] UpdateError),
}

/// Replaces exactly the hash that was verified: other changes of the user stay, and a new password wins.
async fn rehash(
    hashing: &Hashing,
    store: &dyn Store,
    metrics: &AuthMetrics,
    user: User,
    password: Password,
) -> Result<(), RehashError> {
    let id = user.id;
    let verified = user.password.clone();
    let Some(hash) = hashing.rehash(&verified, password).await else { return Ok(()) };
    let hash = hash?;
    let replace = |user: Option<User>| {
        let user = user.filter(|user| user.password == verified);
        future::ready(Ok(match user {
            Some(user) => Decision::Swap(user.with_hash(hash.clone()), true),
            None => Decision::Keep(false),
        }))
    };
    let is_replaced: Result<_, UpdateError> = update_user(store, user, replace).await;
    if is_replaced? {
        tracing::info!(user = %id, "rewrote a hash with the issuer's parameters");
        metrics.rewritten_hash();
    }
    Ok(())
}
