//! Strict base64url (RFC 4648 §5) for tokens and keys: no padding, no white space and no non-zero trailing bits, so
//! each value has exactly one encoding.
//!
//! The decoded data is public, so a lookup table is safe. Each verification decodes three segments, so it must be fast.

/// The text is not canonical base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotCanonical;

/// The value of a character outside the alphabet: a bit that no shifted value has.
const INVALID: u32 = 1 << 31;

/// The value of each character, in each of the four positions of 24 bits.
const VALUES: [[u32; 256]; 4] = [values(18), values(12), values(6), values(0)];

const ALPHABET: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const fn values(shift: u32) -> [u32; 256] {
    let mut values = [INVALID; 256];
    let mut value: u32 = 0;
    while value < 64 {
        values[ALPHABET[value as usize] as usize] = value << shift;
        value += 1;
    }
    values
}

/// Decodes `text` into `bytes` and replaces their content. After an error the content is unspecified.
pub(crate) fn decode_into(text: &str, bytes: &mut Vec<u8>) -> Result<(), NotCanonical> {
    let (quads, tail) = text.as_bytes().as_chunks::<4>();
    bytes.clear();
    bytes.resize(quads.len() * 3, 0);
    let mut all_bits = 0;
    for (quad, triple) in quads.iter().zip(bytes.as_chunks_mut::<3>().0) {
        let bits = bits_of(*quad);
        all_bits |= bits;
        let [_, first, second, third] = bits.to_be_bytes();
        *triple = [first, second, third];
    }
    // Missing characters of the last four count as zero, which is `A`.
    let (bits, count, stray) = match *tail {
        [] => (0, 0, 0),
        [a, b] => (bits_of([a, b, b'A', b'A']), 1, 0xffff),
        [a, b, c] => (bits_of([a, b, c, b'A']), 2, 0xff),
        _ => return Err(NotCanonical),
    };
    bytes.extend(bits.to_be_bytes().iter().skip(1).take(count));
    if (all_bits | bits) & INVALID == 0 && bits & stray == 0 { Ok(()) } else { Err(NotCanonical) }
}

/// The 24 bits of four characters.
fn bits_of([a, b, c, d]: [u8; 4]) -> u32 {
    let [first, second, third, fourth] = &VALUES;
    first[usize::from(a)] | second[usize::from(b)] | third[usize::from(c)] | fourth[usize::from(d)]
}

/// Decodes `text` to bytes.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, NotCanonical> {
    let mut bytes = Vec::new();
    decode_into(text, &mut bytes)?;
    Ok(bytes)
}

/// Decodes `text` to exactly `N` bytes.
pub(crate) fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], NotCanonical> {
    decode(text)?.try_into().map_err(|_| NotCanonical)
}

/// Encodes public bytes. The encoder of `base64ct` takes constant time, which costs space in the WebAssembly module.
#[cfg(feature = "external-signatures")]
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity((bytes.len() * 4).div_ceil(3));
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - chunk.len()));
        let digits = [bits >> 18, bits >> 12 & 63, bits >> 6 & 63, bits & 63];
        text.extend(digits.iter().take(chunk.len() + 1).map(|digit| char::from(ALPHABET[digit & 63])));
    }
    text
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};

    use super::*;

    #[test]
    fn decoding_reverses_encoding_for_every_length_and_value() {
        for length in 0..300_usize {
            let bytes: Vec<u8> = (0..length).map(|index| (index * 7 + length).to_le_bytes()[0]).collect();
            assert_eq!(decode(&Base64UrlUnpadded::encode_string(&bytes)), Ok(bytes));
        }
    }

    #[cfg(feature = "external-signatures")]
    #[test]
    fn it_encodes_as_base64ct_does() {
        for length in 0..300_usize {
            let bytes: Vec<u8> = (0..length).map(|index| (index * 7 + length).to_le_bytes()[0]).collect();
            assert_eq!(encode(&bytes), Base64UrlUnpadded::encode_string(&bytes));
        }
    }

    #[test]
    fn it_accepts_exactly_what_base64ct_accepts() {
        let mut texts: Vec<Vec<u8>> = vec![vec![]];
        let characters = [b'A', b'B', b'P', b'Q', b'g', b'w', b'9', b'-', b'_', b'=', b'+', b'/', b' ', b'\n', 0, 0x7f];
        for length in 0..5 {
            let longer = texts
                .iter()
                .filter(|text| text.len() == length)
                .flat_map(|text| characters.iter().map(move |character| [text.as_slice(), &[*character]].concat()));
            texts.extend(longer.collect::<Vec<_>>());
            if texts.len() > 100_000 {
                break;
            }
        }
        for text in texts {
            let text = String::from_utf8(text).unwrap();
            assert_eq!(decode(&text).ok(), Base64UrlUnpadded::decode_vec(&text).ok(), "{text:?}");
        }
        assert!(decode("é").is_err() && decode("AAé").is_err());
    }

    #[test]
    fn decoding_replaces_earlier_bytes() {
        let mut bytes = vec![9; 100];
        decode_into("AQI", &mut bytes).unwrap();
        assert_eq!(bytes, [1, 2]);
        assert_eq!(decode_array::<2>("AQI"), Ok([1, 2]));
        assert_eq!(decode_array::<3>("AQI"), Err(NotCanonical));
    }
}
