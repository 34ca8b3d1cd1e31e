//! What the options say of the keys.

use std::time::Duration;

use super::{Serve, ServeError, SigningAlg};
use crate::{
    commands::values::IssuerUrl,
    device_token::DEVICE_TTL,
    key_ring::{Hs256Secret, KeySettings, Lives, Signing, SigningAlgorithm, Timing, Wishes},
};

/// The longest that a verifier may keep the key set: a revoked key is trusted for so long.
const MAX_KEY_SET_MAX_AGE: Duration = Duration::from_mins(5);

/// Whether the times of the keys fit together.
pub(super) fn check(options: &Serve) -> Result<(), ServeError> {
    let (max_age, lag) = (options.keys.key_set_max_age, options.keys.key_ring_lag);
    // Our own verifiers keep a key set for 30 s at least, and an issuer gives out what it read up to 30 s ago.
    if max_age > MAX_KEY_SET_MAX_AGE || max_age < 2 * lag {
        return Err(ServeError::KeySetMaxAge { least: 2 * lag });
    }
    let least = max_age + lag;
    let periods = [options.keys.key_rotation, options.keys.refresh_key_rotation];
    if periods.iter().any(|period| !period.is_zero() && *period < least) {
        return Err(ServeError::KeyRotation { least });
    }
    Ok(())
}

/// What signs: keys of the ring, or a secret that is good enough.
pub(super) fn signing(options: &Serve, secret: Option<Hs256Secret>) -> Result<Signing, ServeError> {
    match (options.signing_alg, secret) {
        (SigningAlg::EdDsa, _) => Ok(Signing::Ring(SigningAlgorithm::EdDsa)),
        (SigningAlg::Es256, _) => Ok(Signing::Ring(SigningAlgorithm::Es256)),
        (SigningAlg::Hs256, Some(secret)) => {
            secret.signer().map_err(ServeError::Secret)?;
            Ok(Signing::Shared(secret))
        }
        (SigningAlg::Hs256, None) => Err(ServeError::SecretNeeded),
    }
}

/// What an issuer with these options wants of its keys.
pub(super) fn settings(options: &Serve, issuer: &IssuerUrl, signing: Signing) -> KeySettings {
    let period = |period: Duration| Some(period.as_secs()).filter(|seconds| *seconds > 0);
    let keys = &options.keys;
    let wishes = Wishes {
        timing: Timing { max_age: keys.key_set_max_age.as_secs(), lag: keys.key_ring_lag.as_secs() },
        lives: Lives {
            access_tokens: options.access_ttl.as_secs(),
            refresh_tokens: options.lifetimes.session_ttl.as_secs().max(DEVICE_TTL),
        },
        signs: matches!(signing, Signing::Ring(_)),
    };
    KeySettings {
        issuer: issuer.url.clone(),
        audience: options.audience.clone(),
        signing,
        signing_period: period(keys.key_rotation),
        refresh_period: period(keys.refresh_key_rotation),
        wishes,
    }
}
