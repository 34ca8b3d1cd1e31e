//! Verification in two steps, where the caller's own crypto checks the signature in between.

use crate::{VerifiedClaims, VerifyError};

/// The result of the first step.
#[derive(Debug)]
pub enum Begun<'w> {
    /// This build checked the signature itself.
    Verified(VerifiedClaims<'w>),
    /// The caller must check the signature.
    Pending(PendingToken<'w>),
}

/// A token whose signature the caller must check.
#[derive(Debug)]
pub struct PendingToken<'w> {
    pub(super) signing_input_bytes: usize,
    pub(super) signature: &'w [u8],
    pub(super) key: Option<usize>,
    pub(super) claims: Result<VerifiedClaims<'w>, VerifyError>,
}

impl<'w> PendingToken<'w> {
    /// The number of signed bytes, from the first of the token.
    #[must_use]
    pub fn signing_input_bytes(&self) -> usize {
        self.signing_input_bytes
    }

    /// The decoded signature.
    #[must_use]
    pub fn signature(&self) -> &'w [u8] {
        self.signature
    }

    /// The index of the [external key](crate::Verifier::external_key) that must verify the signature. `None` if no key
    /// can: the bytes are not a signature, which implementations of the algorithm judge differently.
    #[must_use]
    pub fn key(&self) -> Option<usize> {
        self.key
    }

    /// The second step: the outcome of the token. The caller is responsible for `is_signed`. A token that is not signed
    /// is refused for that, whatever its claims are.
    pub fn finish(self, is_signed: bool) -> Result<VerifiedClaims<'w>, VerifyError> {
        if is_signed { self.claims } else { Err(VerifyError::Signature) }
    }
}
