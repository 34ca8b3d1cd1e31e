//! The HS256 secret, which every verifier shares and which is not in the ring.

use std::ffi::OsString;

use hallpass_token::{KeySetError, Signer};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The HS256 secret, shared with every verifier. It comes from the environment and never from an argument, which every
/// user of the machine can read.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Hs256Secret(Vec<u8>);

impl From<OsString> for Hs256Secret {
    fn from(text: OsString) -> Self {
        Self(text.into_encoded_bytes())
    }
}

impl Hs256Secret {
    /// A signer with this whole secret.
    pub(crate) fn signer(&self) -> Result<Signer, KeySetError> {
        if self.0.ends_with(b"\n") {
            tracing::warn!(
                "HALLPASS_HS256_SECRET ends with a line break, which is part of the secret; verifiers need it too"
            );
        }
        Signer::hs256(&self.0)
    }
}
