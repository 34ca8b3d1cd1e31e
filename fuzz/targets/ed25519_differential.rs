//! Compares the crate's Ed25519 verification with `verify_strict` of `ed25519-dalek`, with edge-case keys and
//! signatures: points with a component of small order, `s` beyond the group's order, non-canonical encodings.
//!
//! The target calls `Verifier::verify` with a valid header and valid claims, so that only the signature decides;
//! Ed25519 hashes its message, so the message's form does not matter. A key in frequent use verifies with tables: one
//! input has several signatures of one key, and each is verified before and after many uses of the key.
#![no_main]

use base64ct::{Base64UrlUnpadded, Encoding};
use curve25519_dalek::{EdwardsPoint, Scalar, constants::EIGHT_TORSION};
use ed25519_dalek::{Signature, VerifyingKey};
use hallpass_token::{Issuer, KeySet, Policy, UnixSeconds, Verifier, VerifyError};
use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use sha2::{Digest, Sha512};

/// The order of the base point's group, little endian: 2^252 + 27742317777372353535851937790883648493 (RFC 8032 §5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The number of uses that completes a key's tables; a test in `token/src/ed25519/pool.rs` checks it.
const USES: usize = 128;

/// The maximum number of signatures per key: enough that the tables are not most of the work.
const MAX_SIGNATURES: usize = 16;

#[derive(Arbitrary, Debug)]
struct Input {
    key: Key,
    signatures: Vec<SignatureKind>,
}

#[derive(Arbitrary, Debug)]
enum Key {
    Bytes([u8; 32]),
    /// A multiple of the base point plus a point of small order.
    Point {
        secret: [u8; 32],
        torsion: u8,
    },
    /// Beyond the field: bytes of 0xff between these two, so that y is p or a little more.
    BeyondTheField {
        first: u8,
        last: u8,
    },
}

#[derive(Arbitrary, Debug)]
enum SignatureKind {
    Bytes {
        r: [u8; 32],
        s: [u8; 32],
        message: u64,
    },
    /// A signature as in RFC 8032 §5.1.6 with a point of small order added to R, and a changed copy.
    Signed {
        nonce: [u8; 32],
        torsion: u8,
        message: u64,
        change: Change,
    },
}

#[derive(Arbitrary, Debug)]
enum Change {
    /// Another encoding of the same `s`, beyond the group's order.
    AddOrder {
        times: u8,
    },
    NegateS,
    NegateR,
    FlipBit {
        bit: u16,
    },
    SwapHalves,
}

fuzz_target!(|input: Input| {
    let (secret, key) = input.key.make();
    let x = Base64UrlUnpadded::encode_string(&key);
    let set = KeySet::from_json(&format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}]}}"#));
    // Key sets accept only canonical points (RFC 8032 §5.1.3); `ed25519-dalek` leaves that check to its caller.
    let reference = VerifyingKey::from_bytes(&key).ok().filter(|point| !point.is_weak() && is_in_the_field(&key));
    assert_eq!(set.is_ok(), reference.is_some(), "the same keys are refused");
    let (Ok(set), Some(reference)) = (set, reference) else { return };
    let verifier = Verifier::new(Policy::for_any_audience(), Issuer { name: None, keys: set });

    let cases: Vec<_> =
        input.signatures.iter().take(MAX_SIGNATURES).flat_map(|kind| kind.cases(&secret, &key)).collect();
    let compare = |path| {
        for Case { message, signature } in &cases {
            let token = format!("{message}.{}", Base64UrlUnpadded::encode_string(signature));
            let ours = verifier.verify(&token, UnixSeconds::EPOCH).map(|_| ());
            let theirs = reference.verify_strict(message.as_bytes(), &Signature::from_bytes(signature));
            assert_eq!(ours, theirs.map_err(|_| VerifyError::Signature), "{path}: {key:?} {signature:?}");
        }
    };
    compare("without tables");
    let out_of_range = format!("{}.{}", signing_input(0), Base64UrlUnpadded::encode_string(&[0xff; 64]));
    for _ in 0..USES {
        // Its s is beyond the order, so it is refused without point arithmetic, and counts as a use of the key.
        assert!(verifier.verify(&out_of_range, UnixSeconds::EPOCH).is_err());
    }
    compare("with tables");
});

/// A message and a candidate signature.
struct Case {
    message: String,
    signature: [u8; 64],
}

/// A valid header and valid claims.
fn signing_input(message: u64) -> String {
    let claims = format!(r#"{{"exp":1,"jti":"{message}"}}"#);
    // {"alg":"EdDSA","typ":"at+jwt"}
    format!("eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.{}", Base64UrlUnpadded::encode_string(claims.as_bytes()))
}

impl Key {
    fn make(&self) -> (Scalar, [u8; 32]) {
        match self {
            Self::Bytes(bytes) => (Scalar::ONE, *bytes),
            Self::Point { secret, torsion } => {
                let secret = Scalar::from_bytes_mod_order(*secret);
                (secret, shifted(&secret, *torsion))
            }
            Self::BeyondTheField { first, last } => {
                let mut bytes = [0xff; 32];
                (bytes[0], bytes[31]) = (*first, *last);
                (Scalar::ONE, bytes)
            }
        }
    }
}

impl SignatureKind {
    fn cases(&self, secret: &Scalar, key: &[u8; 32]) -> Vec<Case> {
        let (Self::Bytes { message, .. } | Self::Signed { message, .. }) = self;
        let message = signing_input(*message);
        let signatures = match self {
            Self::Bytes { r, s, .. } => vec![join(r, s)],
            Self::Signed { nonce, torsion, change, .. } => {
                let nonce = Scalar::from_bytes_mod_order(*nonce);
                let r = shifted(&nonce, *torsion);
                let hash = Sha512::new().chain_update(r).chain_update(key).chain_update(&message).finalize();
                let s = nonce + Scalar::from_bytes_mod_order_wide(&hash.into()) * secret;
                vec![join(&r, s.as_bytes()), change.apply(r, s)]
            }
        };
        signatures.into_iter().map(|signature| Case { message: message.clone(), signature }).collect()
    }
}

impl Change {
    fn apply(&self, mut r: [u8; 32], s: Scalar) -> [u8; 64] {
        match self {
            Self::AddOrder { times } => {
                let mut s = s.to_bytes();
                for _ in 0..=times % 15 {
                    add_order(&mut s);
                }
                join(&r, &s)
            }
            Self::NegateS => join(&r, (-s).as_bytes()),
            Self::NegateR => {
                r[31] ^= 0x80;
                join(&r, s.as_bytes())
            }
            Self::FlipBit { bit } => {
                let mut signature = join(&r, s.as_bytes());
                signature[usize::from(bit / 8) % 64] ^= 1 << (bit % 8);
                signature
            }
            Self::SwapHalves => join(s.as_bytes(), &r),
        }
    }
}

/// Whether y, a point's encoding without the top bit, is less than p = 2^255 - 19.
fn is_in_the_field(key: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = key;
    *first < 0xed || middle.iter().any(|byte| *byte != 0xff) || last & 0x7f != 0x7f
}

/// `multiple` times the base point plus one of the eight points of small order. Half of the time that is the neutral
/// point, so that enough signatures are valid.
fn shifted(multiple: &Scalar, torsion: u8) -> [u8; 32] {
    let index = if torsion < 128 { torsion % 8 } else { 0 };
    (EdwardsPoint::mul_base(multiple) + EIGHT_TORSION[usize::from(index)]).compress().to_bytes()
}

fn add_order(number: &mut [u8; 32]) {
    let mut carry = 0;
    for (digit, order) in number.iter_mut().zip(ORDER) {
        let sum = u16::from(*digit) + u16::from(order) + carry;
        *digit = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
}

fn join(r: &[u8; 32], s: &[u8; 32]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(r);
    signature[32..].copy_from_slice(s);
    signature
}
