//! The key behind refresh tokens: one root, kept with the signing keys, and the subkeys that are made of it.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, ZeroizeOnDrop};

/// Names a key in tokens and records. It is made of the key, says nothing about it, and is no secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyId(pub(crate) [u8; KEY_ID_BYTES]);

/// Enough to tell the few keys of an issuer apart; the tag is what proves anything.
pub(crate) const KEY_ID_BYTES: usize = 4;

/// What tags refresh tokens, what derives each from the one before, what tags device tokens, and what chooses decoys. A key
/// each, so that no use
/// can ever stand in for another.
#[derive(Clone, ZeroizeOnDrop)]
pub(crate) struct RefreshTokenKey {
    #[zeroize(skip)]
    id: KeyId,
    tag: [u8; 32],
    derivation: [u8; 32],
    decoy: [u8; 32],
    device_tag: [u8; 32],
}

impl RefreshTokenKey {
    /// Makes the subkeys of 32 random bytes: HMAC as a pseudorandom function, with a label for each (NIST SP 800-108).
    pub(crate) fn from_root(root: &[u8; 32]) -> Self {
        let mut id = [0; KEY_ID_BYTES];
        let mut named = hmac(root, &[b"hallpass refresh token key id"]);
        id.copy_from_slice(&named[..KEY_ID_BYTES]);
        named.zeroize();
        Self {
            id: KeyId(id),
            tag: hmac(root, &[b"hallpass refresh token tag"]),
            derivation: hmac(root, &[b"hallpass refresh token derivation"]),
            decoy: hmac(root, &[b"hallpass decoy"]),
            device_tag: hmac(root, &[b"hallpass device token tag"]),
        }
    }

    pub(crate) fn id(&self) -> KeyId {
        self.id
    }

    /// A place among the ids of users that is always the same for a name, and that nobody else can reckon.
    pub(crate) fn decoy_place(&self, name: &str) -> [u8; 16] {
        let mut place = [0; 16];
        place.copy_from_slice(&hmac(&self.decoy, &[name.as_bytes()])[..16]);
        place
    }

    pub(super) fn tag(&self, tagged: &[u8]) -> [u8; 32] {
        hmac(&self.tag, &[tagged])
    }

    pub(crate) fn device_tag(&self, tagged: &[u8]) -> [u8; 32] {
        hmac(&self.device_tag, &[tagged])
    }

    pub(super) fn derive(&self, parts: &[&[u8]]) -> [u8; 32] {
        hmac(&self.derivation, parts)
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 §2)")]
fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for RefreshTokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshTokenKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subkeys_and_the_id_differ_and_depend_on_the_root() {
        let (one, two) = (RefreshTokenKey::from_root(&[1; 32]), RefreshTokenKey::from_root(&[2; 32]));
        assert_ne!(one.tag, one.derivation);
        assert_ne!(one.tag(b"x"), one.derive(&[b"x"]));
        assert_ne!(one.decoy_place("x"), one.tag(b"x")[..16]);
        assert_ne!(one.decoy_place("x"), two.decoy_place("x"));
        assert_ne!(one.decoy_place("x"), one.decoy_place("y"));
        assert_ne!(one.tag(b"x"), one.device_tag(b"x"));
        assert_ne!(one.derive(&[b"x"]), one.device_tag(b"x"));
        assert_ne!((one.tag, one.derivation, one.id), (two.tag, two.derivation, two.id));
        assert_eq!(one.id(), RefreshTokenKey::from_root(&[1; 32]).id());
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", RefreshTokenKey::from_root(&[1; 32])), "RefreshTokenKey(…)");
    }
}
