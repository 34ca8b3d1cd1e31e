//! Channel binding to a server's certificate: `tls-server-end-point` (RFC 5929 §4), which SCRAM-SHA-256-PLUS proves.

use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

/// The hash of a certificate for the binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// The first field of RSASSA-PSS's parameters (RFC 4055 §3.1): the hash.
const PSS_HASH: u8 = 0xa0;

/// RSASSA-PSS (RFC 4055), whose hash is in its parameters.
const PSS: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];

/// RSA by PKCS #1 1.5 (RFC 8017) and ECDSA (RFC 5758). RFC 5929 §4.1 replaces MD5 and SHA-1 by SHA-256.
const SIGNATURES: [(&[u8], Hash); 11] = [
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c], Hash::Sha384),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d], Hash::Sha512),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0e], Hash::Sha224),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01], Hash::Sha224),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02], Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03], Hash::Sha384),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04], Hash::Sha512),
];

/// The hashes that RSASSA-PSS can name (RFC 4055 §2.1).
const HASHES: [(&[u8], Hash); 4] = [
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01], Hash::Sha256),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02], Hash::Sha384),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03], Hash::Sha512),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04], Hash::Sha224),
];

/// The binding to a certificate in DER; `None` if it is undefined, as for an Ed25519 signature.
pub(super) fn tls_server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    Some(match hash_of(certificate)? {
        Hash::Sha224 => Sha224::digest(certificate).to_vec(),
        Hash::Sha256 => Sha256::digest(certificate).to_vec(),
        Hash::Sha384 => Sha384::digest(certificate).to_vec(),
        Hash::Sha512 => Sha512::digest(certificate).to_vec(),
    })
}

/// The hash of a certificate's signature algorithm (RFC 5280 §4.1).
fn hash_of(certificate: &[u8]) -> Option<Hash> {
    let (certificate, _) = read(certificate, SEQUENCE)?;
    let (_to_be_signed, rest) = read(certificate, SEQUENCE)?;
    let (algorithm, _) = read(rest, SEQUENCE)?;
    let (name, parameters) = read(algorithm, OBJECT_IDENTIFIER)?;
    if name == PSS { hash_of_pss(parameters) } else { find(&SIGNATURES, name) }
}

/// The default hash is SHA-1, which is replaced by SHA-256.
fn hash_of_pss(parameters: &[u8]) -> Option<Hash> {
    let (parameters, _) = read(parameters, SEQUENCE)?;
    let Some((hash, _)) = read(parameters, PSS_HASH) else { return Some(Hash::Sha256) };
    let (algorithm, _) = read(hash, SEQUENCE)?;
    find(&HASHES, read(algorithm, OBJECT_IDENTIFIER)?.0)
}

fn find(known: &[(&[u8], Hash)], name: &[u8]) -> Option<Hash> {
    known.iter().find(|(each, _)| *each == name).map(|(_, hash)| *hash)
}

/// The content of a DER value (X.690 §8.1) with this tag, and the rest.
fn read(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, length], rest) = der.split_first_chunk()?;
    let (length, rest) = if length < 0x80 { (usize::from(length), rest) } else { long_length(length & 0x7f, rest)? };
    (found == tag).then(|| rest.split_at_checked(length))?
}

/// A length of this many bytes.
fn long_length(bytes: u8, rest: &[u8]) -> Option<(usize, &[u8])> {
    let (bytes, rest) = rest.split_at_checked(bytes.into())?;
    // A certificate is shorter than 2^32 bytes.
    let is_short = bytes.len() <= size_of::<u32>();
    is_short.then(|| (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a certificate that the binding reads: an empty body, and the algorithm.
    fn certificate(algorithm: &[u8]) -> Vec<u8> {
        let sequence = |content: &[u8]| [&[SEQUENCE, u8::try_from(content.len()).unwrap()], content].concat();
        sequence(&[sequence(&[]), sequence(algorithm)].concat())
    }

    fn named(name: &[u8]) -> Vec<u8> {
        [&[OBJECT_IDENTIFIER, u8::try_from(name.len()).unwrap()], name].concat()
    }

    #[test]
    fn the_hash_is_that_of_the_signature_and_sha_256_in_the_place_of_sha_1() {
        for (name, hash) in SIGNATURES {
            assert_eq!(hash_of(&certificate(&named(name))), Some(hash));
        }
        let ed25519 = [0x2b, 0x65, 0x70];
        assert_eq!(tls_server_end_point(&certificate(&named(&ed25519))), None);
    }

    #[test]
    fn rsassa_pss_names_its_hash_in_its_parameters() {
        let of = |parameters: &[u8]| hash_of(&certificate(&[named(&PSS), parameters.to_vec()].concat()));
        assert_eq!(of(&[SEQUENCE, 0]), Some(Hash::Sha256));
        let sha384 = named(HASHES[1].0);
        let parameters = [&[SEQUENCE, 15, PSS_HASH, 13, SEQUENCE, 11], &sha384[..]].concat();
        assert_eq!(of(&parameters), Some(Hash::Sha384));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn the_binding_is_a_hash_of_the_whole_certificate() {
        let certificate = certificate(&named(SIGNATURES[3].0));
        assert_eq!(tls_server_end_point(&certificate), Some(Sha384::digest(&certificate).to_vec()));
    }

    #[test]
    fn an_invalid_certificate_has_no_binding() {
        let good = certificate(&named(SIGNATURES[0].0));
        for end in 0..good.len() {
            assert_eq!(tls_server_end_point(&good[..end]), None, "cut at {end}");
        }
        for bad in [&[SEQUENCE, 0x85, 1, 1, 1, 1, 1][..], &[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x31, 0]] {
            assert_eq!(tls_server_end_point(bad), None);
        }
    }
}
