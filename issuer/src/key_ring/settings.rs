//! What an issuer wants of its keys.

use super::{Hs256Secret, SigningAlgorithm, Wishes};

/// What an issuer wants of its keys.
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

/// What signs access tokens.
pub(crate) enum Signing {
    /// The ring's keys.
    Ring(SigningAlgorithm),
    /// A secret that verifiers share.
    Shared(Hs256Secret),
}
