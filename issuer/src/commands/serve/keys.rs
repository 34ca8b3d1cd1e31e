//! The key settings, from the options.

use std::time::Duration;

use super::{Serve, ServeError, SigningAlg};
use crate::{
    commands::value_parsers::IssuerUrl,
    device_token::DEVICE_TTL,
    key_ring::{Hs256Secret, KeySettings, Lives, Signing, SigningAlgorithm, Timing, Wishes},
};

/// The maximum of `--key-set-max-age`: verifiers trust a revoked key for that long.
const MAX_KEY_SET_MAX_AGE: Duration = Duration::from_mins(5);

/// Checks that the key options are consistent.
pub(super) fn check(options: &Serve) -> Result<(), ServeError> {
    let max_age = options.keys.key_set_max_age;
    let lag = options.keys.key_ring_lag;
    // Hallpass's verifiers keep a key set for at least 30 s, and an issuer publishes one that it read up to 30 s ago.
    if max_age > MAX_KEY_SET_MAX_AGE || max_age < 2 * lag {
        return Err(ServeError::KeySetMaxAge { min: 2 * lag });
    }
    let min = max_age + lag;
    let periods = [options.keys.key_rotation, options.keys.refresh_key_rotation];
    if periods.iter().any(|period| !period.is_zero() && *period < min) {
        return Err(ServeError::KeyRotation { min });
    }
    Ok(())
}

/// The signing keys: those of the ring, or a shared secret of sufficient length.
pub(super) fn signing(options: &Serve, secret: Option<Hs256Secret>) -> Result<Signing, ServeError> {
    match (options.signing_alg, secret) {
        (SigningAlg::EdDsa, _) => Ok(Signing::Ring(SigningAlgorithm::EdDsa)),
        (SigningAlg::Ed25519, _) => Ok(Signing::Ring(SigningAlgorithm::Ed25519)),
        (SigningAlg::Es256, _) => Ok(Signing::Ring(SigningAlgorithm::Es256)),
        (SigningAlg::Hs256, Some(secret)) => {
            secret.signer().map_err(ServeError::Secret)?;
            Ok(Signing::Shared(secret))
        }
        (SigningAlg::Hs256, None) => Err(ServeError::SecretNeeded),
    }
}

/// The key settings of an issuer with these options.
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
