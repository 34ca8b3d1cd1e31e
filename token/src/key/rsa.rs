//! RSA public keys (RFC 7518 §6.3), for `RS256` to `RS512` and `PS256` to `PS512`.

use crate::{
    Algorithm, KeySetError,
    algorithm::{Hash, Padding},
    base64url,
};

/// The minimum size of the modulus in bits (RFC 7518 §3.3).
pub const MIN_RSA_BITS: usize = 2048;

/// The maximum size of the modulus in bits: longer ones only slow every verification.
pub const MAX_RSA_BITS: usize = 8192;

/// A modulus and an exponent, big-endian, without leading zeros.
#[derive(Clone, Debug)]
pub(crate) struct RsaKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    padding: Padding,
    hash: Hash,
    #[cfg(not(target_family = "wasm"))]
    native: super::native::PublicKey,
}

impl RsaKey {
    /// Reads the members `n` and `e` of a key for one algorithm.
    pub(crate) fn from_numbers(n: &str, e: &str, padding: Padding, hash: Hash) -> Result<Self, KeySetError> {
        let modulus = number(n).filter(|bytes| is_valid_modulus(bytes)).ok_or(KeySetError::RsaModulus)?;
        let exponent = number(e).filter(|bytes| is_valid_exponent(bytes)).ok_or(KeySetError::RsaExponent)?;
        #[cfg(not(target_family = "wasm"))]
        let native =
            super::native::PublicKey::rsa(&modulus, &exponent, padding, hash).ok_or(KeySetError::RsaModulus)?;
        Ok(Self {
            modulus,
            exponent,
            padding,
            hash,
            #[cfg(not(target_family = "wasm"))]
            native,
        })
    }

    /// Whether it has the same numbers, for the same algorithm.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        (&self.modulus, &self.exponent) == (&other.modulus, &other.exponent) && self.algorithm() == other.algorithm()
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        Algorithm::Rsa(self.padding, self.hash)
    }

    /// Whether `signature` has the length of the modulus and is the smaller number (RFC 8017 §5.2.2, §8.1.2, §8.2.2).
    #[cfg(feature = "external-signatures")]
    pub(crate) fn is_in_range(&self, signature: &[u8]) -> bool {
        signature.len() == self.modulus.len() && signature < self.modulus.as_slice()
    }

    /// Whether `signature` is this key's signature of `message`.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.native.verify(message, signature)
    }

    /// The members of this key's JSON Web Key.
    #[cfg(feature = "external-signatures")]
    pub(crate) fn jwk_members(&self) -> String {
        let [n, e] = [&self.modulus, &self.exponent].map(|number| base64url::encode(number));
        format!(r#""e":"{e}","kty":"RSA","n":"{n}""#)
    }
}

/// Reads a number, without the leading zeros that some issuers write although RFC 7518 §2 (`Base64urlUInt`) forbids them.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = base64url::decode(text).ok()?;
    Some(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

/// Checks the size of a modulus, and that it is odd, as the product of two odd primes.
fn is_valid_modulus(bytes: &[u8]) -> bool {
    let leading_zeros = bytes.first().map_or(0, |first| first.leading_zeros() as usize);
    let bits = 8 * bytes.len() - leading_zeros;
    (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) && is_odd(bytes)
}

/// The accepted public exponents. workerd's WebCrypto imports only keys with these, and every runtime must accept the
/// same key sets.
const EXPONENTS: [&[u8]; 4] = [&[1, 0, 1], &[3], &[17], &[37]];

fn is_valid_exponent(bytes: &[u8]) -> bool {
    EXPONENTS.contains(&bytes)
}

fn is_odd(bytes: &[u8]) -> bool {
    bytes.last().is_some_and(|last| last & 1 == 1)
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};

    use super::*;

    fn modulus(bits: usize) -> Vec<u8> {
        let mut bytes = vec![0; bits.div_ceil(8)];
        bytes[0] = 1 << ((bits - 1) % 8);
        *bytes.last_mut().unwrap() |= 1;
        bytes
    }

    fn read(n: &[u8], e: &[u8]) -> Result<(), KeySetError> {
        let [n, e] = [n, e].map(Base64UrlUnpadded::encode_string);
        RsaKey::from_numbers(&n, &e, Padding::Pkcs1, Hash::Sha256).map(|_| ())
    }

    #[test]
    fn a_modulus_is_odd_and_has_2048_to_8192_bits() {
        let e = [1, 0, 1];
        for bits in [2048, 2049, 3072, 8192] {
            assert_eq!(read(&modulus(bits), &e), Ok(()), "{bits}");
        }
        let even = [&modulus(2048)[..255], &[2]].concat();
        for invalid in [modulus(2047), modulus(1024), modulus(8193), even, vec![], vec![0]] {
            assert_eq!(read(&invalid, &e), Err(KeySetError::RsaModulus), "{} bytes", invalid.len());
        }
    }

    #[test]
    fn leading_zeros_are_not_part_of_the_number() {
        let key = |n: &[u8], e: &[u8]| {
            let [n, e] = [n, e].map(Base64UrlUnpadded::encode_string);
            RsaKey::from_numbers(&n, &e, Padding::Pkcs1, Hash::Sha256).unwrap()
        };
        let padded = key(&[&[0, 0], &modulus(2048)[..]].concat(), &[0, 1, 0, 1]);
        assert!(padded.is_same_as(&key(&modulus(2048), &[1, 0, 1])));
    }

    #[cfg(feature = "external-signatures")]
    #[test]
    fn a_signature_has_the_length_of_the_modulus_and_is_the_smaller_number() {
        let n = modulus(2048);
        let [text, e] = [&n[..], &[1, 0, 1]].map(Base64UrlUnpadded::encode_string);
        let key = RsaKey::from_numbers(&text, &e, Padding::Pss, Hash::Sha256).unwrap();
        let mut below = n.clone();
        *below.last_mut().unwrap() -= 1;
        assert!(key.is_in_range(&below));
        assert!(key.is_in_range(&[0; 256]));
        let mut above = n.clone();
        above[128] = 1;
        for invalid in [&n[..], &above, &below[1..], &[&[0], &below[..]].concat(), &[]] {
            assert!(!key.is_in_range(invalid), "{} bytes", invalid.len());
        }
    }

    #[test]
    fn only_exponents_that_every_runtime_supports_are_accepted() {
        let n = modulus(2048);
        for e in [&[3][..], &[17], &[37], &[1, 0, 1]] {
            assert_eq!(read(&n, e), Ok(()), "{e:?}");
        }
        for e in [&[][..], &[0], &[1], &[2], &[5], &[1, 0, 0], &[255, 255, 255, 255], &[1, 0, 0, 0, 1]] {
            assert_eq!(read(&n, e), Err(KeySetError::RsaExponent), "{e:?}");
        }
    }
}
