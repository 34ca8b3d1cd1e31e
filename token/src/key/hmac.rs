//! A shared secret, for `HS256`, `HS384` and `HS512` (RFC 7518 §3.2).

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Sha256, Sha384, Sha512};

use crate::algorithm::Hash;

/// The HMAC state after the secret, from which each verification starts.
#[derive(Clone)]
pub(crate) enum Secret {
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl Secret {
    /// Reads a secret for one hash; `None` if it is shorter than the hash.
    pub(crate) fn new(secret: &[u8], hash: Hash) -> Option<Self> {
        if secret.len() < hash.bytes() {
            return None;
        }
        match hash {
            Hash::Sha256 => Hmac::new_from_slice(secret).ok().map(Self::Sha256),
            Hash::Sha384 => Hmac::new_from_slice(secret).ok().map(Self::Sha384),
            Hash::Sha512 => Hmac::new_from_slice(secret).ok().map(Self::Sha512),
        }
    }

    pub(crate) fn hash(&self) -> Hash {
        match self {
            Self::Sha256(_) => Hash::Sha256,
            Self::Sha384(_) => Hash::Sha384,
            Self::Sha512(_) => Hash::Sha512,
        }
    }

    /// Whether `tag` is the full HMAC of `message`, compared in constant time.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        let result = match self {
            Self::Sha256(state) => state.clone().chain_update(message).verify_slice(tag),
            Self::Sha384(state) => state.clone().chain_update(message).verify_slice(tag),
            Self::Sha512(state) => state.clone().chain_update(message).verify_slice(tag),
        };
        result.is_ok()
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
        assert_zeroizes::<Sha384>();
        assert_zeroizes::<Sha512>();
    }
}
