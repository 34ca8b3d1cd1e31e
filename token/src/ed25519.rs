//! Ed25519 (RFC 8032): a public key, and strict verification of a signature with it.
//!
//! A signature is valid exactly if `verify_strict` of `ed25519-dalek` accepts it. That function verifies until the key
//! has been used a few times; then tables of multiples verify in less than half the time, with the same result for
//! every input.

mod pool;
mod table;

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use curve25519_dalek::{EdwardsPoint, Scalar, traits::Identity as _};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha512};

use self::{
    pool::{POOL, Pool},
    table::{GrowingTable, Table},
};

/// The number of uses after which a key requests a table. A table would have saved about its own build time by then, so
/// any number of uses takes at most twice the time of the better choice.
const USES_BEFORE_TABLE: u32 = 32;

/// A public key: a canonical point that is not of small order.
#[derive(Clone)]
pub(crate) struct Ed25519Key {
    point: VerifyingKey,
    /// Shared by all clones.
    usage: Arc<Usage>,
}

#[derive(Default)]
struct Usage {
    /// The number of uses without tables; it may wrap around.
    plain_uses: AtomicU32,
    /// The table of the negated key, complete or growing.
    table: OnceLock<Arc<GrowingTable>>,
}

impl Ed25519Key {
    /// Reads a point as in RFC 8032 §5.1.3; `None` if it is not on the curve, is of small order (every attacker could
    /// sign for it), or is not canonical.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        Self::in_pool(&POOL, bytes)
    }

    /// Whether it is the same point.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.point == other.point
    }

    /// Whether `signature` is this key's signature of `message`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verify_in(&POOL, message, signature)
    }

    fn in_pool(pool: &Pool, bytes: &[u8; 32]) -> Option<Self> {
        let point = VerifyingKey::from_bytes(bytes).ok()?;
        let is_canonical = point.to_edwards().compress().to_bytes() == *bytes;
        if point.is_weak() || !is_canonical {
            return None;
        }
        let usage = Usage::default();
        if let Some(table) = pool.find(bytes) {
            // The cell was empty.
            let _ = usage.table.set(table);
        }
        Some(Self { point, usage: Arc::new(usage) })
    }

    fn verify_in(&self, pool: &Pool, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = signature.try_into() else { return false };
        if let (Some(base), Some(own)) = (pool.base.whole(), self.usage.table.get().and_then(|table| table.whole())) {
            return self.verify_with(base, own, message, signature);
        }
        self.count_use(pool);
        self.point.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }

    /// Counts a use. Each use of a key without complete tables builds one row, so that no use takes much longer than
    /// others.
    fn count_use(&self, pool: &Pool) {
        let uses = self.usage.plain_uses.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let needs_table = uses.is_multiple_of(USES_BEFORE_TABLE) && self.usage.table.get().is_none();
        if needs_table && let Some(table) = pool.claim(self.point.as_bytes(), -self.point.to_edwards()) {
            // A clone may have been faster, with the same table.
            let _ = self.usage.table.set(table);
        }
        let Some(own) = self.usage.table.get() else { return };
        let next = if pool.base.whole().is_none() { &pool.base } else { own };
        next.grow();
    }

    /// The result of `verify_strict`, from tables of the base point and of the negated key.
    ///
    /// `verify_strict` refuses a signature (R, s) if s is not below the group's order, if R is not a point or is of
    /// small order, or if R differs from the encoding of `[s]B - [k]A`. This function computes that point. If R equals
    /// its encoding, R is a known point, and its order can be checked without decoding R, which would cost a square
    /// root.
    fn verify_with(&self, base: &Table, own: &Table, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        let Some(s) = Scalar::from_canonical_bytes(*signature.s_bytes()).into_option() else { return false };
        let hash = Sha512::new().chain_update(signature.r_bytes()).chain_update(self.point.as_bytes());
        let k = Scalar::from_bytes_mod_order_wide(&hash.chain_update(message).finalize().into());
        let mut r = EdwardsPoint::identity();
        base.add_product(&s, &mut r);
        own.add_product(&k, &mut r);
        r.compress().as_bytes() == signature.r_bytes() && !r.is_small_order()
    }
}

impl fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ed25519Key").field(&self.point.as_bytes()).finish()
    }
}

#[cfg(test)]
mod agreement;

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;

    use super::*;

    #[test]
    fn points_off_the_curve_of_small_order_or_not_canonical_are_refused() {
        for small in EIGHT_TORSION {
            assert!(Ed25519Key::from_bytes(small.compress().as_bytes()).is_none());
        }
        let with_y = |first: u8, rest: u8, last: u8| {
            let mut bytes = [rest; 32];
            (bytes[0], bytes[31]) = (first, last);
            bytes
        };
        // No point has y = 2. One has y = 3, and 3 + p is a second encoding of it. x = 0 has no sign.
        assert!(Ed25519Key::from_bytes(&with_y(2, 0, 0)).is_none());
        assert!(Ed25519Key::from_bytes(&with_y(3, 0, 0)).is_some());
        assert!(VerifyingKey::from_bytes(&with_y(0xf0, 0xff, 0x7f)).is_ok());
        assert!(Ed25519Key::from_bytes(&with_y(0xf0, 0xff, 0x7f)).is_none());
        assert!(Ed25519Key::from_bytes(&with_y(1, 0, 0x80)).is_none());
    }

    #[test]
    fn debug_shows_the_public_key() {
        let bytes = *EdwardsPoint::mul_base(&Scalar::from(2_u8)).compress().as_bytes();
        let key = Ed25519Key::from_bytes(&bytes).unwrap();
        assert_eq!(format!("{key:?}"), format!("Ed25519Key({bytes:?})"));
    }
}
