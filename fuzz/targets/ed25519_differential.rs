//! Our Ed25519 check against `verify_strict` of `ed25519-dalek`, over keys and signatures made to lie at the edges:
//! points with a component of small order, `s` beyond the group's order, encodings that are not canonical.
//!
//! The crate's check is reached through `Verifier::verify`, with a header and claims that are always in order, so that
//! only the signature decides; Ed25519 hashes its message, so that the message's form does not matter. One input holds
//! several signatures for one key and one verifier, since a check may take another path for a key that is used again.
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

#[derive(Arbitrary, Debug)]
struct Input {
    key: Key,
    signatures: [SignatureKind; 4],
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
    /// As RFC 8032 §5.1.6 signs, with a point of small order added to R.
    Signed {
        nonce: [u8; 32],
        torsion: u8,
        message: u64,
        change: Change,
    },
}

#[derive(Arbitrary, Debug)]
enum Change {
    None,
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

    for kind in &input.signatures {
        let signing_input = kind.signing_input();
        let signature = kind.make(&secret, &key, signing_input.as_bytes());
        let token = format!("{signing_input}.{}", Base64UrlUnpadded::encode_string(&signature));
        let ours = verifier.verify(&token, UnixSeconds::EPOCH).map(|_| ());
        let theirs = reference.verify_strict(signing_input.as_bytes(), &Signature::from_bytes(&signature));
        assert_eq!(ours, theirs.map_err(|_| VerifyError::Signature), "{key:?} {signature:?}");
    }
});

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
    fn signing_input(&self) -> String {
        let (Self::Bytes { message, .. } | Self::Signed { message, .. }) = self;
        let claims = format!(r#"{{"exp":1,"jti":"{message}"}}"#);
        // {"alg":"EdDSA","typ":"at+jwt"}
        format!("eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.{}", Base64UrlUnpadded::encode_string(claims.as_bytes()))
    }

    fn make(&self, secret: &Scalar, key: &[u8; 32], message: &[u8]) -> [u8; 64] {
        match self {
            Self::Bytes { r, s, .. } => join(r, s),
            Self::Signed { nonce, torsion, change, .. } => {
                let nonce = Scalar::from_bytes_mod_order(*nonce);
                let r = shifted(&nonce, *torsion);
                let hash = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
                let s = nonce + Scalar::from_bytes_mod_order_wide(&hash.into()) * secret;
                change.apply(r, s)
            }
        }
    }
}

impl Change {
    fn apply(&self, mut r: [u8; 32], s: Scalar) -> [u8; 64] {
        match self {
            Self::None => join(&r, s.as_bytes()),
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

/// That multiple of the base point, and one of the eight points of small order added to it.
fn shifted(multiple: &Scalar, torsion: u8) -> [u8; 32] {
    (EdwardsPoint::mul_base(multiple) + EIGHT_TORSION[usize::from(torsion % 8)]).compress().to_bytes()
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
