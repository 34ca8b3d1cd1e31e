/** Ed25519 signatures and points that no honest signer makes, by the arithmetic of RFC 8032 §5.1. */

import { createHash } from "node:crypto";

/** The order of the base point. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The neutral point; in its second spelling its y is p + 1, not 1. */
export const NEUTRAL = point("01" + "00".repeat(31));
export const NEUTRAL_AGAIN = point("ee" + "ff".repeat(30) + "7f");

/** A point of order 8. */
export const ORDER_8 = point("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");

/** Every point of small order in every spelling: the canonical ones first, then those with y >= p or the sign of x = 0 set. */
export const SMALL_ORDER = [
  ["order 1", NEUTRAL],
  ["order 2", point("ec" + "ff".repeat(30) + "7f")],
  ["order 4", point("00".repeat(32))],
  ["order 4, negative", point("00".repeat(31) + "80")],
  ["order 8", ORDER_8],
  ["order 8, negative", point("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")],
  ["order 8, the other pair", point("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")],
  ["order 8, the other pair, negative", point("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")],
  ["order 1, sign of x set", point("01" + "00".repeat(30) + "80")],
  ["order 2, sign of x set", point("ec" + "ff".repeat(31))],
  ["order 1, y beyond p", NEUTRAL_AGAIN],
  ["order 1, y beyond p, sign of x set", point("ee" + "ff".repeat(31))],
  ["order 4, y is p", point("ed" + "ff".repeat(30) + "7f")],
  ["order 4, y is p, negative", point("ed" + "ff".repeat(31))],
];

/** A point on the curve whose y is 3 and is spelled p + 3 (RFC 8032 §5.1.3 refuses it); nobody knows its secret. */
export const BEYOND_P = point("f0" + "ff".repeat(30) + "7f");

/** A y that no point of the curve has. */
export const OFF_CURVE = point("02" + "00".repeat(31));

/** The signature with the order added to its s: the same to who does not look (RFC 8032 §8.4). */
export function withSecondS(signature) {
  return Buffer.concat([signature.subarray(0, 32), bytes(number(signature.subarray(32)) + L)]);
}

/**
 * A signer who takes `R` for the nonce's point and 0 for the nonce. With R neutral, s B = R + k A holds to the letter:
 * only who is strict refuses it.
 */
export function withNonceZero(key, R) {
  const A = key.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return (text) => Buffer.concat([R, bytes((challenge(R, A, text) * secretScalar(key.seed)) % L)]);
}

/** A signature that fits every message by a key of order 1, and one message in eight by other keys of small order. */
export const FORGERY = Buffer.concat([NEUTRAL, Buffer.alloc(32)]);

/** Whether that forgery fits this message by this key of small order. */
export function isForgedBy(point, text) {
  return challenge(NEUTRAL, point, text) % 8n === 0n;
}

function challenge(R, A, text) {
  return number(createHash("sha512").update(R).update(A).update(text).digest()) % L;
}

function secretScalar(seed) {
  const half = createHash("sha512").update(seed).digest().subarray(0, 32);
  half[0] &= 248;
  half[31] = (half[31] & 127) | 64;
  return number(half);
}

function point(hex) {
  return Buffer.from(hex, "hex");
}

/** Numbers are written with their least byte first. */
function number(littleEndian) {
  return BigInt(`0x${Buffer.from(littleEndian).reverse().toString("hex")}`);
}

function bytes(value) {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse();
}
