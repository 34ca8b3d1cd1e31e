//! Verification in two steps, where the caller's own crypto checks the signature in between.

use crate::{VerifiedClaims, VerifyError, key_set::MAX_CANDIDATES};

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
    pub(super) keys: [Option<usize>; MAX_CANDIDATES],
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

    /// The indexes of the [external keys](crate::Verifier::external_key) of which one must verify the signature. None
    /// if the bytes have not the form of a signature, which implementations of the algorithm judge differently.
    pub fn keys(&self) -> impl Iterator<Item = usize> {
        self.keys.iter().flatten().copied()
    }

    /// The second step: the outcome of the token. The caller is responsible for `is_signed`. A token that is not signed
    /// is refused for that, whatever its claims are.
    pub fn finish(self, is_signed: bool) -> Result<VerifiedClaims<'w>, VerifyError> {
        if is_signed { self.claims } else { Err(VerifyError::Signature) }
    }
}
