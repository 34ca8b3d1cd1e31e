/** Decodes the module's text (`xtask/src/module_text.rs`), which is smaller than base64 once it is compressed. */

/** Printable ASCII without the characters that strings or HTML escape. The last two begin a pair. */
const ALPHABET = " !#%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~";

/** The number of bytes with a character of their own. */
const FREQUENT = ALPHABET.length - 2;

/** The length of the head: hexadecimal digits with one bit for each of the 256 bytes, the lowest first. */
const HEAD = 64;

/** The bytes of the text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  // In bytes and in place, because the loop runs once, unoptimized: strings and calls would take several times as long.
  const bytes = new TextEncoder().encode(text);
  const { first, second, others } = tablesOf(text);
  let length = 0;
  for (let index = HEAD; index < bytes.length; index += 1) {
    const byte = first[bytes[index]!]!;
    bytes[length] = byte >= 0 ? byte : others[second[bytes[(index += 1)]!]! - 1 - byte]!;
    length += 1;
  }
  return bytes.subarray(0, length);
}

/**
 * By a character's code: `first` is its byte, or `-1 - n` if it begins a pair, where `n` is the first of the other bytes of that
 * pair; `second` is its position in the alphabet.
 */
function tablesOf(text: string): { first: Int16Array; second: Uint8Array; others: Uint8Array } {
  const first = new Int16Array(128);
  const second = new Uint8Array(128);
  const others = new Uint8Array(256);
  for (let position = 0; position < ALPHABET.length; position += 1) {
    second[ALPHABET.charCodeAt(position)] = position;
    if (position >= FREQUENT) first[ALPHABET.charCodeAt(position)] = -1 - (position - FREQUENT) * ALPHABET.length;
  }
  let frequent = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    const isFrequent = (parseInt(text[byte >> 2]!, 16) >> (byte & 3)) & 1;
    if (isFrequent) first[ALPHABET.charCodeAt(frequent++)] = byte;
    else others[byte - frequent] = byte;
  }
  return { first, second, others };
}
