//! The secret of HS256, which every verifier shares and no ring holds.

use std::ffi::OsString;

use hallpass_token::{KeySetError, Signer};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The secret of HS256, shared with every verifier. It comes from the environment, never from an argument, which every
/// user of the machine could read.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Hs256Secret(Vec<u8>);

impl From<OsString> for Hs256Secret {
    fn from(text: OsString) -> Self {
        Self(text.into_encoded_bytes())
    }
}

impl Hs256Secret {
    /// A signer that signs with this secret, all of it.
    pub(crate) fn signer(&self) -> Result<Signer, KeySetError> {
        if self.0.ends_with(b"\n") {
            tracing::warn!(
                "HALLPASS_HS256_SECRET ends with a line break, which is a part of it: verifiers need it too"
            );
        }
        Signer::hs256(&self.0)
    }
}
