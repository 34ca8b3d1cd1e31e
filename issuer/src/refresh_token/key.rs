//! The keys of refresh tokens: a root in the key ring, and the subkeys derived from it.

use std::fmt;

use hallpass_token::UnixSeconds;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, ZeroizeOnDrop};

/// The id of a key in tokens and records. It is derived from the key, reveals nothing of it, and is not secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyId(pub(crate) [u8; KEY_ID_BYTES]);

impl KeyId {
    /// The key id in records of earlier versions, for a session without a rotation.
    pub(crate) const UNNAMED: Self = Self([0; KEY_ID_BYTES]);
}

/// Enough to distinguish the few keys of an issuer. Only the tag is a proof.
pub(crate) const KEY_ID_BYTES: usize = 4;

/// The subkeys: one for the tags of refresh tokens, one for their derivation, and one for the tags of device tokens, so
/// that no output of one use is valid in another.
#[derive(Clone, ZeroizeOnDrop)]
pub(crate) struct RefreshTokenKey {
    #[zeroize(skip)]
    id: KeyId,
    tag: [u8; 32],
    derivation: [u8; 32],
    device_tag: [u8; 32],
}

impl RefreshTokenKey {
    /// Derives the subkeys from 32 random bytes: HMAC as a pseudorandom function, with a label for each (NIST SP
    /// 800-108).
    pub(crate) fn from_root(root: &[u8; 32]) -> Self {
        let mut id = [0; KEY_ID_BYTES];
        let mut named = hmac(root, &[b"hallpass refresh token key id"]);
        id.copy_from_slice(&named[..KEY_ID_BYTES]);
        named.zeroize();
        Self {
            id: KeyId(id),
            tag: hmac(root, &[b"hallpass refresh token tag"]),
            derivation: hmac(root, &[b"hallpass refresh token derivation"]),
            device_tag: hmac(root, &[b"hallpass device token tag"]),
        }
    }

    pub(crate) fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn tag(&self, tagged: &[u8]) -> [u8; 32] {
        hmac(&self.tag, &[tagged])
    }

    pub(crate) fn device_tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        hmac(&self.device_tag, parts)
    }

    pub(super) fn derive(&self, parts: &[&[u8]]) -> [u8; 32] {
        hmac(&self.derivation, parts)
    }
}

/// The ids of the ring's refresh token keys, which decide whether a session is live.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LiveKeys {
    ids: Vec<KeyId>,
    /// The last time at which a key that is revoked now may have been in use.
    revoked_until: Option<UnixSeconds>,
}

impl LiveKeys {
    pub(crate) fn new(ids: Vec<KeyId>, revoked_until: Option<UnixSeconds>) -> Self {
        Self { ids, revoked_until }
    }

    /// Whether the ring has the key of a session's current token.
    ///
    /// The record of an earlier version does not name the key of a session's first token ([`KeyId::UNNAMED`]). Such a
    /// session is ended if it began before a revocation. The cost of an unnecessary end is one sign-in.
    pub(crate) fn include(&self, key: KeyId, session_began: UnixSeconds) -> bool {
        if key == KeyId::UNNAMED {
            self.revoked_until.is_none_or(|until| session_began > until)
        } else {
            self.ids.contains(&key)
        }
    }

    /// Whether a key of `before` was removed from the ring.
    pub(crate) fn lack_any_of(&self, before: &Self) -> bool {
        before.ids.iter().any(|id| !self.ids.contains(id))
    }
}

/// All refresh token keys: the key in use for new tokens, and the others with valid tokens.
pub(crate) struct RefreshTokenKeys {
    in_use: RefreshTokenKey,
    others: Vec<RefreshTokenKey>,
    decoy: DecoyKey,
    live: LiveKeys,
}

impl RefreshTokenKeys {
    pub(crate) fn new(in_use: RefreshTokenKey, others: Vec<RefreshTokenKey>, decoy: DecoyKey) -> Self {
        let ids = [&in_use].into_iter().chain(&others).map(RefreshTokenKey::id).collect();
        Self { in_use, others, decoy, live: LiveKeys::new(ids, None) }
    }

    /// The same keys, after the revocation of keys that may have been in use until then.
    pub(crate) fn after_revocation(self, revoked_until: Option<UnixSeconds>) -> Self {
        Self { live: LiveKeys { revoked_until, ..self.live.clone() }, ..self }
    }

    /// The ids of these keys.
    pub(crate) fn live(&self) -> &LiveKeys {
        &self.live
    }

    /// The key for new tokens.
    pub(crate) fn in_use(&self) -> &RefreshTokenKey {
        &self.in_use
    }

    /// The key with that id, if its tokens are valid.
    pub(crate) fn find(&self, id: KeyId) -> Option<&RefreshTokenKey> {
        self.all().find(|key| key.id() == id)
    }

    /// All keys with valid tokens.
    pub(crate) fn all(&self) -> impl Iterator<Item = &RefreshTokenKey> {
        [&self.in_use].into_iter().chain(&self.others)
    }

    pub(crate) fn decoy(&self) -> &DecoyKey {
        &self.decoy
    }
}

/// The key that selects decoys. It is never rotated, since a change of its decoy would reveal an unknown name.
#[derive(ZeroizeOnDrop)]
pub(crate) struct DecoyKey([u8; 32]);

impl DecoyKey {
    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The decoy key of an earlier version, derived from the root of its refresh tokens.
    pub(crate) fn of_root(root: &[u8; 32]) -> Self {
        Self(hmac(root, &[b"hallpass decoy"]))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A position in the order of user ids, constant for a name. It cannot be computed without the key.
    pub(crate) fn position(&self, name: &str) -> [u8; 16] {
        let mut position = [0; 16];
        position.copy_from_slice(&hmac(&self.0, &[name.as_bytes()])[..16]);
        position
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

impl fmt::Debug for DecoyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecoyKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subkeys_and_the_id_differ_and_depend_on_the_root() {
        let one = RefreshTokenKey::from_root(&[1; 32]);
        let two = RefreshTokenKey::from_root(&[2; 32]);
        assert_ne!(one.tag, one.derivation);
        assert_ne!(one.tag(b"x"), one.derive(&[b"x"]));
        assert_ne!(one.tag(b"x"), one.device_tag(&[b"x"]));
        assert_ne!(one.derive(&[b"x"]), one.device_tag(&[b"x"]));
        assert_ne!((one.tag, one.derivation, one.id), (two.tag, two.derivation, two.id));
        assert_eq!(one.id(), RefreshTokenKey::from_root(&[1; 32]).id());
    }

    #[test]
    fn a_decoy_s_position_depends_only_on_the_name_and_the_key() {
        let one = DecoyKey::of_root(&[1; 32]);
        let two = DecoyKey::of_root(&[2; 32]);
        assert_eq!(one.position("x"), DecoyKey::from_bytes(*one.bytes()).position("x"));
        assert_ne!(one.position("x"), two.position("x"));
        assert_ne!(one.position("x"), one.position("y"));
    }

    #[test]
    fn a_key_is_found_by_its_id_whether_it_is_in_use_or_not() {
        let key = |root| RefreshTokenKey::from_root(&[root; 32]);
        let keys = RefreshTokenKeys::new(key(1), vec![key(2)], DecoyKey::of_root(&[3; 32]));
        assert_eq!(keys.in_use().id(), key(1).id());
        assert_eq!(keys.find(key(1).id()).map(RefreshTokenKey::id), Some(key(1).id()));
        assert_eq!(keys.find(key(2).id()).map(RefreshTokenKey::id), Some(key(2).id()));
        assert!(keys.find(key(3).id()).is_none());
    }

    #[test]
    fn a_session_is_live_while_the_ring_has_its_key_and_one_without_a_name_while_no_key_was_revoked_since_it_began() {
        let at = |seconds| UnixSeconds::new(seconds).unwrap();
        let keys = RefreshTokenKeys::new(
            RefreshTokenKey::from_root(&[1; 32]),
            vec![RefreshTokenKey::from_root(&[2; 32])],
            DecoyKey::of_root(&[3; 32]),
        );
        let [one, two, gone] = [1, 2, 3].map(|root| RefreshTokenKey::from_root(&[root; 32]).id());
        let found = |keys: &RefreshTokenKeys| [one, two, gone].map(|id| keys.live().include(id, at(50)));
        assert_eq!(found(&keys), [true, true, false]);
        assert!(keys.live().include(KeyId::UNNAMED, at(1)));
        let keys = keys.after_revocation(Some(at(50)));
        assert_eq!(found(&keys), [true, true, false]);
        assert_eq!([50, 51].map(|began| keys.live().include(KeyId::UNNAMED, at(began))), [false, true]);
        let fewer = LiveKeys::new(vec![one], None);
        assert!(fewer.lack_any_of(keys.live()) && !keys.live().lack_any_of(&fewer));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", RefreshTokenKey::from_root(&[1; 32])), "RefreshTokenKey(…)");
        assert_eq!(format!("{:?}", DecoyKey::of_root(&[1; 32])), "DecoyKey(…)");
    }
}
