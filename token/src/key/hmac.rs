//! A shared secret, for `HS256` (RFC 7518 §3.2).

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The shortest secret in bytes: as long as the hash.
pub const MIN_SECRET_BYTES: usize = 32;

/// A secret, as the state of HMAC after it has been taken in: each token begins from there.
#[derive(Clone)]
pub(crate) struct Secret(Hmac<Sha256>);

impl Secret {
    /// Takes a secret; `None` where it is too short.
    pub(crate) fn new(secret: &[u8]) -> Option<Self> {
        if secret.len() < MIN_SECRET_BYTES {
            return None;
        }
        Hmac::new_from_slice(secret).ok().map(Self)
    }

    /// Whether `tag` is the whole HMAC of `message`, compared in constant time.
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
    fn a_secret_is_wiped_when_it_is_dropped() {
        fn assert_is_wiped<T: ZeroizeOnDrop>() {}
        // What HMAC keeps of a secret is two states of this; without the feature `zeroize` of `sha2` it does not compile.
        assert_is_wiped::<Sha256>();
    }
}
