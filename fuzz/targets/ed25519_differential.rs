//! Our Ed25519 check against `verify_strict` of `ed25519-dalek`, over keys and signatures made to lie at the edges:
//! points with a component of small order, `s` beyond the group's order, encodings that are not canonical.
//!
//! The crate's check is reached through `Verifier::verify`, with a header and claims that are always in order, so that
//! only the signature decides; Ed25519 hashes its message, so that the message's form does not matter. A key that is
//! used often is checked with tables instead: one input holds several signatures for one key, and each of them is
//! judged before the key was used and after it was used often.
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

/// So many uses give a key its tables; a test in `token/src/ed25519/pool.rs` holds it.
const USES: usize = 128;

/// The most kinds of signature for one key: enough that its tables are not most of the work.
const MOST_SIGNATURES: usize = 16;

#[derive(Arbitrary, Debug)]
struct Input {
    key: Key,
    signatures: Vec<SignatureKind>,
}

#[derive(Arbitrary, Debug)]
enum Key {
    Bytes([u8; 32]),
    /// A multiple of the base point, and a point of small order added to it.
    Point {
        secret: [u8; 32],
        torsion: u8,
    },
    /// The edge of the field: bytes of 0xff between these two, so that y is p or a little more.
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
    /// As RFC 8032 §5.1.6 signs, with a point of small order added to R; and the same, changed.
    Signed {
        nonce: [u8; 32],
        torsion: u8,
        message: u64,
        change: Change,
    },
}

#[derive(Arbitrary, Debug)]
enum Change {
    /// A second spelling of the same `s`, beyond the group's order.
    AddOrder {
        times: u8,
    },
    NegateS,
    NegateR,
    FlipBit {
        place: u16,
    },
    SwapHalves,
}

fuzz_target!(|input: Input| {
    let (secret, key) = input.key.make();
    let x = Base64UrlUnpadded::encode_string(&key);
    let set = KeySet::from_json(&format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}]}}"#));
    // Our key sets take one spelling of a point only, which `ed25519-dalek` leaves to its caller (RFC 8032 §5.1.3).
    let reference = VerifyingKey::from_bytes(&key).ok().filter(|point| !point.is_weak() && is_in_the_field(&key));
    assert_eq!(set.is_ok(), reference.is_some(), "the same keys are refused");
    let (Ok(set), Some(reference)) = (set, reference) else { return };
    let verifier = Verifier::new(Policy::for_any_audience(), Issuer { name: None, keys: set });

    let cases: Vec<_> =
        input.signatures.iter().take(MOST_SIGNATURES).flat_map(|kind| kind.cases(&secret, &key)).collect();
    let judge = |path| {
        for Case { message, signature } in &cases {
            let token = format!("{message}.{}", Base64UrlUnpadded::encode_string(signature));
            let ours = verifier.verify(&token, UnixSeconds::EPOCH).map(|_| ());
            let theirs = reference.verify_strict(message.as_bytes(), &Signature::from_bytes(signature));
            assert_eq!(ours, theirs.map_err(|_| VerifyError::Signature), "{path}: {key:?} {signature:?}");
        }
    };
    judge("at first");
    let hopeless = format!("{}.{}", signing_input(0), Base64UrlUnpadded::encode_string(&[0xff; 64]));
    for _ in 0..USES {
        // Its s is beyond the order, which is seen before anything is computed: quick to refuse, and a use of the key.
        assert!(verifier.verify(&hopeless, UnixSeconds::EPOCH).is_err());
    }
    judge("after many uses");
});

/// What is signed, and something in the place of its signature.
struct Case {
    message: String,
    signature: [u8; 64],
}

/// A header and claims that are in order.
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
            Self::FlipBit { place } => {
                let mut signature = join(&r, s.as_bytes());
                signature[usize::from(place / 8) % 64] ^= 1 << (place % 8);
                signature
            }
            Self::SwapHalves => join(s.as_bytes(), &r),
        }
    }
}

/// Whether y, all but the top bit of a point's encoding, is less than p = 2^255 - 19.
fn is_in_the_field(key: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = key;
    *first < 0xed || middle.iter().any(|byte| *byte != 0xff) || last & 0x7f != 0x7f
}

/// That multiple of the base point, and one of the eight points of small order added to it; every other time it is the
/// neutral one, so that enough of the signatures are good.
fn shifted(multiple: &Scalar, torsion: u8) -> [u8; 32] {
    let place = if torsion < 128 { torsion % 8 } else { 0 };
    (EdwardsPoint::mul_base(multiple) + EIGHT_TORSION[usize::from(place)]).compress().to_bytes()
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
