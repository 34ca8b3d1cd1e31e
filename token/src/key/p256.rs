//! Public keys on the curve P-256 (RFC 7518 §6.2), for `ES256`.
//!
//! AWS-LC verifies signatures in native builds. In WebAssembly the runtime's crypto does: it is faster than any code
//! that the package could ship. This module checks the key itself, so that every runtime refuses the same key sets.

use crate::base64url;

/// The order of the group, big-endian (NIST SP 800-186 §3.2.1.3).
#[cfg(feature = "external-signatures")]
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Whether a signature is `r` and `s` in 32 bytes each (RFC 7518 §3.4), both from 1 to the order − 1 (FIPS 186-5
/// §6.4.2).
#[cfg(feature = "external-signatures")]
pub(crate) fn is_in_range(signature: &[u8]) -> bool {
    let is_scalar = |number: &[u8; 32]| *number < ORDER && *number != [0; 32];
    signature.as_chunks::<32>().0.iter().all(is_scalar) && signature.len() == 2 * ORDER.len()
}

/// The affine coordinates of a public key, each big-endian.
#[derive(Clone, Debug)]
pub(crate) struct P256Key {
    x: [u8; 32],
    y: [u8; 32],
    #[cfg(not(target_family = "wasm"))]
    native: super::native::PublicKey,
}

impl P256Key {
    /// Reads the members `x` and `y` of a key; `None` if they are not a point of the curve.
    pub(crate) fn from_coordinates(x: &str, y: &str) -> Option<Self> {
        // A coordinate always has 32 bytes, with leading zeros (RFC 7518 §6.2.1.2).
        let (x, y) = (base64url::decode_array(x).ok()?, base64url::decode_array(y).ok()?);
        is_on_curve(&x, &y).then_some(())?;
        Some(Self {
            x,
            y,
            #[cfg(not(target_family = "wasm"))]
            native: super::native::PublicKey::p256(&x, &y)?,
        })
    }

    /// Whether it is the same point.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        (self.x, self.y) == (other.x, other.y)
    }

    /// Whether `signature`, `r` and `s` in 32 bytes each (RFC 7518 §3.4), is this key's signature of `message`.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.native.verify(message, signature)
    }

    /// The members of this key's JSON Web Key.
    #[cfg(feature = "external-signatures")]
    pub(crate) fn jwk_members(&self) -> String {
        let [x, y] = [&self.x, &self.y].map(|coordinate| base64url::encode(coordinate));
        format!(r#""crv":"P-256","kty":"EC","x":"{x}","y":"{y}""#)
    }
}

/// A number below 2^256, its least significant limb first.
type Number = [u64; 4];

/// The field's prime, 2^256 − 2^224 + 2^192 + 2^96 − 1 (NIST SP 800-186 §3.2.1.3).
const P: Number = [0xffff_ffff_ffff_ffff, 0x0000_0000_ffff_ffff, 0, 0xffff_ffff_0000_0001];

/// The coefficient `b` of the curve (NIST SP 800-186 §3.2.1.3).
const B: Number = [0x3bce_3c3e_27d2_604b, 0x651d_06b0_cc53_b0f6, 0xb3eb_bd55_7698_86bc, 0x5ac6_35d8_aa3a_93e7];

/// Whether y² = x³ − 3x + b in the field, with canonical coordinates. The point at infinity has no coordinates, and the
/// curve's cofactor is 1: every point on the curve is a valid key.
///
/// The check runs once per key on public numbers, so simple arithmetic is enough. The crate `p256` would add 12 KB of
/// compressed WebAssembly, a fifth of the module.
fn is_on_curve(x: &[u8; 32], y: &[u8; 32]) -> bool {
    let (x, y) = (number(x), number(y));
    let is_canonical = subtract(x, P).1 && subtract(y, P).1;
    let three_x = add(add(x, x), x);
    is_canonical && add(multiply(y, y), three_x) == add(multiply(multiply(x, x), x), B)
}

fn number(big_endian: &[u8; 32]) -> Number {
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().rev().zip(big_endian.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*bytes);
    }
    limbs
}

/// The difference modulo 2^256, and whether it is below zero.
fn subtract(a: Number, b: Number) -> (Number, bool) {
    combine(a, b, u64::borrowing_sub)
}

/// The sum of two field elements.
fn add(a: Number, b: Number) -> Number {
    let (sum, carry) = combine(a, b, u64::carrying_add);
    let (reduced, is_below) = subtract(sum, P);
    if is_below && !carry { sum } else { reduced }
}

/// The product of two field elements, by double-and-add.
fn multiply(a: Number, b: Number) -> Number {
    let bits = b.iter().rev().flat_map(|limb| (0..64).rev().map(move |bit| limb >> bit & 1 == 1));
    bits.fold([0; 4], |product, bit| {
        let double = add(product, product);
        if bit { add(double, a) } else { double }
    })
}

fn combine(a: Number, b: Number, limbs: impl Fn(u64, u64, bool) -> (u64, bool)) -> (Number, bool) {
    let mut result = [0; 4];
    let mut carry = false;
    for ((limb, a), b) in result.iter_mut().zip(a).zip(b) {
        (*limb, carry) = limbs(a, b, carry);
    }
    (result, carry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> [u8; 32] {
        let digit = |index: usize| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap();
        std::array::from_fn(digit)
    }

    /// The base point (NIST SP 800-186 §3.2.1.3).
    fn base() -> ([u8; 32], [u8; 32]) {
        (
            bytes("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
            bytes("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
        )
    }

    #[test]
    fn the_base_point_is_on_the_curve_and_its_neighbors_are_not() {
        let (x, y) = base();
        assert!(is_on_curve(&x, &y));
        assert!(!is_on_curve(&y, &x));
        for bit in 0..256 {
            let mut changed = y;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_on_curve(&x, &changed), "bit {bit}");
        }
    }

    #[cfg(feature = "external-signatures")]
    #[test]
    fn r_and_s_are_from_one_to_the_order_minus_one() {
        let zero = [0; 32];
        let mut last = ORDER;
        last[31] -= 1;
        let mut one = zero;
        one[31] = 1;
        for (r, s) in [(one, one), (one, last), (last, one)] {
            assert!(is_in_range(&[r, s].concat()));
        }
        for (r, s) in [(zero, one), (one, zero), (ORDER, one), (one, ORDER), (one, [0xff; 32])] {
            assert!(!is_in_range(&[r, s].concat()));
        }
        let signature = [one, one].concat();
        for invalid in [&signature[..63], &signature[..32], &[&signature[..], &one].concat(), &[]] {
            assert!(!is_in_range(invalid), "{} bytes", invalid.len());
        }
    }

    #[test]
    fn only_canonical_coordinates_are_accepted() {
        // x = 0 is on the curve with the square root of b; after a reduction, so is x = p.
        let root_of_b = bytes("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4");
        let p = bytes("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
        assert!(is_on_curve(&[0; 32], &root_of_b));
        assert!(!is_on_curve(&p, &root_of_b));
        assert!(!is_on_curve(&[0; 32], &[0; 32]));
        assert!(!is_on_curve(&[255; 32], &[255; 32]));
    }

    #[test]
    fn random_keys_of_aws_lc_are_on_the_curve() {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
        for _ in 0..50 {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            let point = pair.public_key().as_ref();
            assert!(is_on_curve(point[1..33].try_into().unwrap(), point[33..].try_into().unwrap()));
        }
    }
}
