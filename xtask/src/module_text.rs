//! The wasm module as text for JavaScript, which is smaller than base64 once it is compressed.
//!
//! Base64 spreads a byte over two characters, so that a compressor finds hardly any repetition: the module takes a third
//! more than its bytes. Here each of the most frequent bytes is one character, and each other byte is one of two prefixes
//! and a character. `verifier-wasm/ts/module-text.ts` decodes it.

use std::fmt::Write as _;

/// The characters that stand for themselves in every JavaScript string and in HTML: printable ASCII without
/// `"`, `$`, `'`, `<`, `\` and `` ` ``. The last two are the prefixes.
const ALPHABET: &[u8; 89] =
    b" !#%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~";

/// The number of bytes with a character of their own.
const FREQUENT: usize = ALPHABET.len() - 2;

/// Encodes bytes: first 64 hexadecimal digits, which name the frequent bytes, one bit for each of the 256 bytes with the
/// lowest bit first; then the text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let is_frequent = frequent_bytes(bytes);
    let mut text = String::with_capacity(2 * bytes.len());
    for digit in is_frequent.as_chunks::<4>().0 {
        let value = digit.iter().rev().fold(0, |value, bit| value << 1 | u8::from(*bit));
        // Writing to a string cannot fail.
        let _ = write!(text, "{value:x}");
    }
    let codes = codes(&is_frequent);
    for byte in bytes {
        text.push_str(&codes[usize::from(*byte)]);
    }
    text
}

/// Which of the 256 bytes are the most frequent ones.
fn frequent_bytes(bytes: &[u8]) -> [bool; 256] {
    let mut counts = [0_usize; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let mut order: Vec<usize> = (0..256).collect();
    order.sort_by_key(|byte| std::cmp::Reverse(counts[*byte]));
    let mut is_frequent = [false; 256];
    for byte in &order[..FREQUENT] {
        is_frequent[*byte] = true;
    }
    is_frequent
}

/// The text of each byte, in the order of the bytes among the frequent and among the other ones.
fn codes(is_frequent: &[bool; 256]) -> Vec<String> {
    let character = |index: usize| char::from(ALPHABET[index]);
    let (mut frequent, mut other) = (0, 0);
    let code = |is_frequent: &bool| {
        if *is_frequent {
            frequent += 1;
            return character(frequent - 1).to_string();
        }
        other += 1;
        let index = other - 1;
        String::from_iter([character(FREQUENT + index / ALPHABET.len()), character(index % ALPHABET.len())])
    };
    is_frequent.iter().map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_its_own_text_and_no_text_begins_with_that_of_another() {
        let bytes: Vec<u8> = (0..=255).flat_map(|byte| vec![byte; 1 + usize::from(byte % 7)]).collect();
        let codes = codes(&frequent_bytes(&bytes));
        for (index, code) in codes.iter().enumerate() {
            let is_prefix = |other: &String| other.starts_with(code.as_str());
            assert_eq!(codes.iter().filter(|other| is_prefix(other)).count(), 1, "byte {index}");
            assert!(code.bytes().all(|character| ALPHABET.contains(&character)));
        }
    }

    #[test]
    fn frequent_bytes_take_one_character_and_the_head_names_them() {
        let text = encode(&[255, 255, 255, 200, 200]);
        // Of the bytes that do not occur, the first 85 count as frequent.
        let head = format!("{}1{}1{}8", "f".repeat(21), "0".repeat(28), "0".repeat(12));
        let first = char::from(ALPHABET[85]);
        let last = char::from(ALPHABET[86]);
        assert_eq!(text, format!("{head}{last}{last}{last}{first}{first}"));
    }
}
