//! Public keys on the curves P-256, P-384 and P-521 (RFC 7518 §6.2), for `ES256`, `ES384` and `ES512`.
//!
//! AWS-LC verifies signatures in native builds. In WebAssembly the runtime's crypto does: it is faster than any code
//! that the package could ship. This module checks the key itself, so that every runtime refuses the same key sets.

use crate::{algorithm::Curve, base64url};

mod curve;

use curve::is_on_curve;

/// The affine coordinates of a public key, each big-endian.
#[derive(Clone, Debug)]
pub(crate) struct EcdsaKey {
    curve: Curve,
    x: Vec<u8>,
    y: Vec<u8>,
    #[cfg(not(target_family = "wasm"))]
    native: super::native::PublicKey,
}

impl EcdsaKey {
    /// Reads the members `x` and `y` of a key; `None` if they are not a point of the curve.
    pub(crate) fn from_coordinates(curve: Curve, x: &str, y: &str) -> Option<Self> {
        // A coordinate always has the length of the field, with leading zeros (RFC 7518 §6.2.1.2).
        let coordinate = |text| base64url::decode(text).ok().filter(|bytes| bytes.len() == curve.bytes());
        let x = coordinate(x)?;
        let y = coordinate(y)?;
        is_on_curve(curve, &x, &y).then_some(())?;
        Some(Self {
            #[cfg(not(target_family = "wasm"))]
            native: super::native::PublicKey::ecdsa(curve, &x, &y)?,
            curve,
            x,
            y,
        })
    }

    pub(crate) fn curve(&self) -> Curve {
        self.curve
    }

    /// Whether it is the same point of the same curve.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        (self.curve, &self.x, &self.y) == (other.curve, &other.x, &other.y)
    }

    /// Whether a signature is `r` and `s` in as many bytes as a coordinate each (RFC 7518 §3.4), both from 1 to the
    /// order of the group − 1 (FIPS 186-5 §6.4.2).
    #[cfg(feature = "external-signatures")]
    pub(crate) fn is_in_range(&self, signature: &[u8]) -> bool {
        let bytes = self.curve.bytes();
        signature.len() == 2 * bytes && signature.chunks_exact(bytes).all(|number| curve::is_scalar(self.curve, number))
    }

    /// Whether `signature`, `r` and `s` in as many bytes as a coordinate each (RFC 7518 §3.4), is this key's signature of
    /// `message`.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.native.verify(message, signature)
    }

    /// The members of this key's JSON Web Key.
    #[cfg(feature = "external-signatures")]
    pub(crate) fn jwk_members(&self) -> String {
        let [x, y] = [&self.x, &self.y].map(|coordinate| base64url::encode(coordinate));
        format!(r#""crv":"{}","kty":"EC","x":"{x}","y":"{y}""#, self.curve.name())
    }
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};

    use super::{curve::tests::base, *};

    fn key(curve: Curve) -> EcdsaKey {
        let [x, y] = base(curve).map(|coordinate| Base64UrlUnpadded::encode_string(&coordinate));
        EcdsaKey::from_coordinates(curve, &x, &y).unwrap()
    }

    #[test]
    fn a_coordinate_has_the_length_of_the_field() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let [x, y] = base(curve);
            let padded = [&[0], &x[..]].concat();
            for invalid in [&x[1..], &padded, &[]] {
                let [x, y] = [invalid, &y].map(Base64UrlUnpadded::encode_string);
                assert!(EcdsaKey::from_coordinates(curve, &x, &y).is_none(), "{curve:?}");
            }
            assert!(key(curve).is_same_as(&key(curve)));
        }
        assert!(!key(Curve::P256).is_same_as(&key(Curve::P384)));
    }

    #[cfg(feature = "external-signatures")]
    #[test]
    fn a_signature_is_two_numbers_from_one_to_the_order_minus_one() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let key = key(curve);
            let order = curve::order(curve);
            let zero = vec![0; curve.bytes()];
            let (mut one, mut last) = (zero.clone(), order.clone());
            *one.last_mut().unwrap() = 1;
            *last.last_mut().unwrap() -= 1;
            for (r, s) in [(&one, &one), (&one, &last), (&last, &one)] {
                assert!(key.is_in_range(&[&r[..], s].concat()), "{curve:?}");
            }
            let all = vec![0xff; curve.bytes()];
            for (r, s) in [(&zero, &one), (&one, &zero), (&order, &one), (&one, &order), (&one, &all)] {
                assert!(!key.is_in_range(&[&r[..], s].concat()), "{curve:?}");
            }
            let signature = [&one[..], &one].concat();
            for invalid in [&signature[1..], &one, &[&signature[..], &one].concat(), &[]] {
                assert!(!key.is_in_range(invalid), "{curve:?}: {} bytes", invalid.len());
            }
        }
    }
}
