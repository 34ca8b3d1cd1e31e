//! The use cases: sign in, refresh, sign out, authenticate, and the user's own sessions. They apply the rules of passwords,
//! sessions and tokens to the records of the store. `http` is their only caller.

use std::{net::IpAddr, sync::Arc};

use uuid::Uuid;

use crate::{
    clock::Clock,
    entropy::random_bytes,
    hashing::{ConnectionWatch, Hashing},
    id::UserId,
    key_ring::Keeper,
    login_throttle::{LoginThrottle, SuccessLimit},
    metrics::AuthMetrics,
    session::{Label, Rules},
    store::{Store, StoreFailure},
};

mod authenticate;
mod check;
mod error;
mod failure_records;
mod keys;
mod limits;
mod login;
mod logout;
mod password;
mod refresh;
mod registration;
mod rehash;
mod sessions;
mod token_response;
mod user_locks;

pub(crate) use authenticate::{Authenticated, Presented};
pub(crate) use error::{AuthError, AuthSetupError, GrantFault, TokenFault};
use failure_records::FailureSyncs;
pub(crate) use keys::KeySet;
pub(crate) use login::Login;
pub(crate) use sessions::ListedSession;
pub(crate) use token_response::{Identity, TokenResponse};
use user_locks::UserLocks;

/// The use cases over a store.
pub(crate) struct Auth {
    store: Arc<dyn Store>,
    clock: Box<dyn Clock>,
    hashing: Arc<Hashing>,
    login_throttle: LoginThrottle,
    successes: SuccessLimit,
    metrics: AuthMetrics,
    keys: Arc<Keeper>,
    settings: Settings,
    /// One change of password of a user at a time: see [`change_password`](Self::change_password).
    password_changes: UserLocks,
    failure_syncs: FailureSyncs,
}

/// The client of a request.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    pub(crate) label: Label,
    pub(crate) connection: ConnectionWatch,
    /// The device tokens of the request. Invalid ones are ignored.
    pub(crate) device_tokens: Vec<String>,
}

/// The operator's settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `iss` of the access tokens.
    pub(crate) issuer: String,
    /// `aud` of the access tokens.
    pub(crate) audience: String,
    /// The lifetime of an access token, in seconds.
    pub(crate) access_ttl: u64,
    /// Whether self-registration is enabled.
    pub(crate) allows_registration: bool,
    pub(crate) rules: Rules,
}

impl Auth {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Box<dyn Clock>,
        keys: Arc<Keeper>,
        hashing: Hashing,
        metrics: AuthMetrics,
        settings: Settings,
    ) -> Result<Self, AuthSetupError> {
        Ok(Self {
            store,
            clock,
            hashing: Arc::new(hashing),
            login_throttle: LoginThrottle::new([random_bytes()?, random_bytes()?]),
            successes: SuccessLimit::new(random_bytes()?),
            metrics,
            keys,
            settings,
            password_changes: UserLocks::default(),
            failure_syncs: FailureSyncs::default(),
        })
    }

    /// Completes when the failed attempts of all answered requests are in the users' records.
    pub(crate) async fn failures_saved(&self) {
        self.failure_syncs.finished().await;
    }

    /// Completes when the store can no longer keep its promises, and never otherwise.
    pub(crate) fn store_failed(&self) -> StoreFailure {
        self.store.failed()
    }

    /// Checks that the store answers and the keys are available.
    pub(crate) async fn check_store(&self) -> Result<(), AuthError> {
        self.keys().await?;
        self.store.user(UserId(Uuid::nil())).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
