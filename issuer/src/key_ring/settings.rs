//! An issuer's settings for its keys.

use super::{Hs256Secret, SigningAlgorithm, Wishes};

/// An issuer's settings for its keys.
pub(crate) struct KeySettings {
    /// `iss` of the access tokens.
    pub(crate) issuer: String,
    /// `aud` of the access tokens.
    pub(crate) audience: String,
    pub(crate) signing: Signing,
    pub(crate) signing_period: Option<u64>,
    pub(crate) refresh_period: Option<u64>,
    pub(crate) wishes: Wishes,
}

/// How access tokens are signed.
pub(crate) enum Signing {
    /// With the ring's keys.
    Ring(SigningAlgorithm),
    /// With a secret that verifiers share.
    Shared(Hs256Secret),
}
