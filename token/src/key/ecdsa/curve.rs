//! The equation of a curve, and the order of its group.

use crate::algorithm::Curve;

/// A number below 2^576, its least significant limb first. Every field's elements fit, and the sum of two.
type Number = [u64; 9];

/// The domain parameters of y² = x³ − 3x + b (NIST SP 800-186 §3.2.1).
struct Parameters {
    /// The field's prime.
    p: Number,
    b: Number,
    /// The order of the group.
    #[cfg(feature = "external-signatures")]
    n: Number,
}

/// NIST SP 800-186 §3.2.1.3.
static P256: Parameters = Parameters {
    p: hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"),
    b: hex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"),
    #[cfg(feature = "external-signatures")]
    n: hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
};

/// NIST SP 800-186 §3.2.1.4.
static P384: Parameters = Parameters {
    p: hex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff"),
    b: hex("b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef"),
    #[cfg(feature = "external-signatures")]
    n: hex("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"),
};

/// NIST SP 800-186 §3.2.1.5.
static P521: Parameters = Parameters {
    p: hex("01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
         ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    b: hex("0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e1\
         56193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00"),
    #[cfg(feature = "external-signatures")]
    n: hex("01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa\
         51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"),
};

fn parameters(curve: Curve) -> &'static Parameters {
    match curve {
        Curve::P256 => &P256,
        Curve::P384 => &P384,
        Curve::P521 => &P521,
    }
}

/// Reads hexadecimal digits, at compile time.
const fn hex(digits: &str) -> Number {
    let digits = digits.as_bytes();
    let mut number = [0; 9];
    let mut position = 0;
    while position < digits.len() {
        let digit = digits[digits.len() - 1 - position];
        let value = if digit.is_ascii_digit() { digit - b'0' } else { digit - b'a' + 10 };
        number[position / 16] |= (value as u64) << (4 * (position % 16));
        position += 1;
    }
    number
}

/// Whether y² = x³ − 3x + b in the field, with canonical coordinates, big-endian. The point at infinity has no
/// coordinates, and the cofactor of every curve is 1: every point on the curve is a valid key.
///
/// The check runs once per key on public numbers, so simple arithmetic is enough. The crate `p256` would add 12 KB of
/// compressed WebAssembly, a fifth of the module.
pub(super) fn is_on_curve(curve: Curve, x: &[u8], y: &[u8]) -> bool {
    let Parameters { p, b, .. } = parameters(curve);
    let x = &number(x);
    let y = &number(y);
    let is_canonical = is_below(x, p) && is_below(y, p);
    let three_x = add(&add(x, x, p), x, p);
    let cube = multiply(&multiply(x, x, p), x, p);
    is_canonical && add(&multiply(y, y, p), &three_x, p) == add(&cube, b, p)
}

/// Whether a number, big-endian, is from 1 to the order of the group − 1.
#[cfg(feature = "external-signatures")]
pub(super) fn is_scalar(curve: Curve, big_endian: &[u8]) -> bool {
    let number = number(big_endian);
    number != [0; 9] && is_below(&number, &parameters(curve).n)
}

/// Reads at most 72 bytes.
#[inline(never)]
fn number(big_endian: &[u8]) -> Number {
    let mut number = [0; 9];
    for (limb, bytes) in number.iter_mut().zip(big_endian.rchunks(8)) {
        *limb = bytes.iter().fold(0, |limb, byte| limb << 8 | u64::from(*byte));
    }
    number
}

fn is_below(a: &Number, b: &Number) -> bool {
    subtract(a, b).1
}

/// The difference modulo 2^576, and whether it is below zero.
#[inline(never)]
fn subtract(a: &Number, b: &Number) -> (Number, bool) {
    combine(a, b, u64::borrowing_sub)
}

/// The sum of two elements of the field of `p`. Not inlined: the check of a key may take its time, the module's size may not.
#[inline(never)]
fn add(a: &Number, b: &Number, p: &Number) -> Number {
    let (sum, _) = combine(a, b, u64::carrying_add);
    let (reduced, is_below) = subtract(&sum, p);
    if is_below { sum } else { reduced }
}

/// The product of two elements of the field of `p`, by double-and-add.
#[inline(never)]
fn multiply(a: &Number, b: &Number, p: &Number) -> Number {
    let bits = b.iter().rev().flat_map(|limb| (0..64).rev().map(move |bit| limb >> bit & 1 == 1));
    bits.fold([0; 9], |product, bit| {
        let double = add(&product, &product, p);
        if bit { add(&double, a, p) } else { double }
    })
}

fn combine(a: &Number, b: &Number, limbs: impl Fn(u64, u64, bool) -> (u64, bool)) -> (Number, bool) {
    let mut result = [0; 9];
    let mut carry = false;
    for ((limb, a), b) in result.iter_mut().zip(a).zip(b) {
        (*limb, carry) = limbs(*a, *b, carry);
    }
    (result, carry)
}

/// The order of the group, big-endian.
#[cfg(all(test, feature = "external-signatures"))]
pub(super) fn order(curve: Curve) -> Vec<u8> {
    tests::big_endian(&parameters(curve).n, curve)
}

#[cfg(test)]
pub(super) mod tests {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, KeyPair as _,
    };

    use super::*;

    const CURVES: [Curve; 3] = [Curve::P256, Curve::P384, Curve::P521];

    pub(in super::super) fn big_endian(number: &Number, curve: Curve) -> Vec<u8> {
        let bytes: Vec<u8> = number.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
        bytes[bytes.len() - curve.bytes()..].to_vec()
    }

    /// The base point (NIST SP 800-186 §3.2.1).
    pub(in super::super) fn base(curve: Curve) -> [Vec<u8>; 2] {
        let coordinates = match curve {
            Curve::P256 => [
                hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
                hex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
            ],
            Curve::P384 => [
                hex("aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"),
                hex("3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"),
            ],
            Curve::P521 => [
                hex("00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3d\
                     baa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66"),
                hex("011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e66\
                     2c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650"),
            ],
        };
        coordinates.map(|coordinate| big_endian(&coordinate, curve))
    }

    #[test]
    fn the_base_point_is_on_the_curve_and_its_neighbors_are_not() {
        for curve in CURVES {
            let [x, y] = base(curve);
            assert!(is_on_curve(curve, &x, &y));
            assert!(!is_on_curve(curve, &y, &x));
            for bit in 0..8 * curve.bytes() {
                let mut changed = y.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(!is_on_curve(curve, &x, &changed), "{curve:?}, bit {bit}");
            }
        }
    }

    #[test]
    fn only_canonical_coordinates_are_accepted() {
        // x = 0 is on the curve with the square root of b; after a reduction, so is x = p.
        let root_of_b = hex("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4");
        let root_of_b = big_endian(&root_of_b, Curve::P256);
        assert!(is_on_curve(Curve::P256, &[0; 32], &root_of_b));
        assert!(!is_on_curve(Curve::P256, &big_endian(&P256.p, Curve::P256), &root_of_b));
        for curve in CURVES {
            let [zeros, ones] = [0, 255].map(|byte| vec![byte; curve.bytes()]);
            assert!(!is_on_curve(curve, &zeros, &zeros), "{curve:?}");
            assert!(!is_on_curve(curve, &ones, &ones), "{curve:?}");
            // The field has all of 521 bits: p itself is its only other form of zero.
            let [x, y] = base(curve);
            assert!(!is_on_curve(curve, &big_endian(&parameters(curve).p, curve), &y), "{curve:?}");
            assert!(!is_on_curve(curve, &x, &ones), "{curve:?}");
        }
    }

    #[test]
    fn random_keys_of_aws_lc_are_on_the_curve() {
        for (curve, algorithm) in CURVES.into_iter().zip([
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &ECDSA_P384_SHA384_FIXED_SIGNING,
            &ECDSA_P521_SHA512_FIXED_SIGNING,
        ]) {
            for _ in 0..20 {
                let pair = EcdsaKeyPair::generate(algorithm).unwrap();
                let (x, y) = pair.public_key().as_ref()[1..].split_at(curve.bytes());
                assert!(is_on_curve(curve, x, y));
            }
        }
    }

    #[cfg(feature = "external-signatures")]
    #[test]
    fn aws_lc_has_the_same_orders() {
        use aws_lc_rs::agreement::{ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey};
        for (curve, algorithm) in CURVES.into_iter().zip([&ECDH_P256, &ECDH_P384, &ECDH_P521]) {
            let order = order(curve);
            let mut last = order.clone();
            *last.last_mut().unwrap() -= 1;
            assert!(PrivateKey::from_private_key(algorithm, &order).is_err(), "{curve:?}");
            assert!(PrivateKey::from_private_key(algorithm, &last).is_ok(), "{curve:?}");
        }
    }
}
