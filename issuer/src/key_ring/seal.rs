//! Sealing: the encryption of keys in the ring, and the authentication of the whole ring.
//!
//! The cipher is AES-256-GCM-SIV (RFC 8452), for which a repeated nonce reveals only whether two texts are equal. The
//! purpose and name of a key are associated data, so that sealed bytes are invalid for another key.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// The size of a tag in bytes.
const TAG_BYTES: usize = 16;

/// The size of a sealed key in bytes: the nonce, the key, the tag.
pub(crate) const SEALED_BYTES: usize = NONCE_LEN + 32 + TAG_BYTES;

/// The size of a ring's mark in bytes.
pub(crate) const MARK_BYTES: usize = NONCE_LEN + TAG_BYTES;

/// Random bytes for one seal.
pub(crate) type FreshNonce = [u8; NONCE_LEN];

/// The key that seals the ring. It is never stored beside the ring, unless the store is a folder of this machine.
pub(crate) struct MasterKey(LessSafeKey);

/// 32 secret bytes, encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sealed(pub(super) [u8; SEALED_BYTES]);

/// The master key is wrong, or the sealed bytes were changed. The two cases cannot be distinguished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the key ring cannot be opened with this master key: check that it is the right one; otherwise the ring is damaged; \
     nothing was changed"
)]
pub(crate) struct NotOpened;

impl MasterKey {
    #[expect(clippy::expect_used, reason = "AES-256 accepts every key of 32 bytes")]
    pub(crate) fn new(bytes: &[u8; 32]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, bytes).expect("AES-256 accepts a key of 32 bytes")))
    }

    /// Encrypts a key for `label`.
    pub(super) fn seal(&self, label: &[u8], secret: &[u8; 32], nonce: FreshNonce) -> Sealed {
        let mut text = Zeroizing::new(*secret);
        let tag = self.encrypt(label, &mut *text, nonce);
        let mut sealed = [0; SEALED_BYTES];
        fill(&mut sealed, [&nonce[..], &text[..], &tag[..]]);
        Sealed(sealed)
    }

    /// Decrypts a key that was sealed for `label` with this master key.
    pub(super) fn open(&self, label: &[u8], sealed: &Sealed) -> Result<Zeroizing<[u8; 32]>, NotOpened> {
        let (nonce, text) = sealed.0.split_first_chunk().ok_or(NotOpened)?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, Aad::from(label), &mut text).map_err(|_| NotOpened)?;
        let opened: &[u8; 32] = (&*opened).try_into().map_err(|_| NotOpened)?;
        Ok(Zeroizing::new(*opened))
    }

    /// The mark of `content`, which only this master key can make.
    pub(super) fn mark(&self, content: &[u8], nonce: FreshNonce) -> [u8; MARK_BYTES] {
        let tag = self.encrypt(content, &mut [], nonce);
        let mut mark = [0; MARK_BYTES];
        fill(&mut mark, [&nonce[..], &tag[..]]);
        mark
    }

    /// Checks that `mark` is this master key's for `content`.
    pub(super) fn check(&self, content: &[u8], mark: &[u8; MARK_BYTES]) -> Result<(), NotOpened> {
        let (nonce, tag) = mark.split_first_chunk().ok_or(NotOpened)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0.open_in_place(nonce, Aad::from(content), &mut tag.to_vec()).map(drop).map_err(|_| NotOpened)
    }

    #[expect(clippy::expect_used, reason = "AES-GCM-SIV accepts any text of less than 64 GB (RFC 8452 §6)")]
    fn encrypt(&self, label: &[u8], text: &mut [u8], nonce: FreshNonce) -> [u8; TAG_BYTES] {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(label), text).expect("a short text is sealed");
        tag.as_ref().try_into().expect("the tag of AES-GCM-SIV has 16 bytes")
    }
}

/// Concatenates the parts into a target of their length.
fn fill<const N: usize>(target: &mut [u8], parts: [&[u8]; N]) {
    for (target, byte) in target.iter_mut().zip(parts.into_iter().flatten()) {
        *target = *byte;
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_key_is_opened_by_its_master_key_for_its_own_label_alone() {
        let master = MasterKey::new(&[1; 32]);
        let sealed = master.seal(b"label", &[7; 32], [3; NONCE_LEN]);
        assert_eq!(*master.open(b"label", &sealed).unwrap(), [7; 32]);
        assert_eq!(master.open(b"other", &sealed), Err(NotOpened));
        assert_eq!(MasterKey::new(&[2; 32]).open(b"label", &sealed), Err(NotOpened));
        for index in 0..SEALED_BYTES {
            let mut changed = sealed;
            changed.0[index] ^= 1;
            assert_eq!(master.open(b"label", &changed), Err(NotOpened), "byte {index}");
        }
    }

    #[test]
    fn a_sealed_key_shows_nothing_of_the_key() {
        let sealed = MasterKey::new(&[1; 32]).seal(b"label", &[7; 32], [3; NONCE_LEN]);
        assert!(!sealed.0.windows(4).any(|window| window == [7; 4]));
        assert_eq!(format!("{:?}", MasterKey::new(&[1; 32])), "MasterKey(…)");
    }

    #[test]
    fn a_mark_is_good_for_its_content_under_its_master_key_alone() {
        let master = MasterKey::new(&[1; 32]);
        let mark = master.mark(b"content", [3; NONCE_LEN]);
        assert_eq!(master.check(b"content", &mark), Ok(()));
        assert_eq!(master.check(b"contents", &mark), Err(NotOpened));
        assert_eq!(MasterKey::new(&[2; 32]).check(b"content", &mark), Err(NotOpened));
        let mut changed = mark;
        changed[MARK_BYTES - 1] ^= 1;
        assert_eq!(master.check(b"content", &changed), Err(NotOpened));
    }
}
