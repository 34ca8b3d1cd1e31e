//! A shared secret, for `HS256` (RFC 7518 §3.2).

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The minimum length of a secret in bytes: that of the hash.
pub const MIN_SECRET_BYTES: usize = 32;

/// The HMAC state after the secret, from which each verification starts.
#[derive(Clone)]
pub(crate) struct Secret(Hmac<Sha256>);

impl Secret {
    /// Reads a secret; `None` if it is too short.
    pub(crate) fn new(secret: &[u8]) -> Option<Self> {
        if secret.len() < MIN_SECRET_BYTES {
            return None;
        }
        Hmac::new_from_slice(secret).ok().map(Self)
    }

    /// Whether `tag` is the full HMAC of `message`, compared in constant time.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        self.0.clone().chain_update(message).verify_slice(tag).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::*;

    #[test]
    fn a_secret_is_zeroized_on_drop() {
        fn assert_zeroizes<T: ZeroizeOnDrop>() {}
        // HMAC keeps two states of this type. Without the feature `zeroize` of `sha2` this does not compile.
        assert_zeroizes::<Sha256>();
    }
}
