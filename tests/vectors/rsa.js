/** RSA signatures by the arithmetic of RFC 8017, well padded and otherwise, with fixed salts. */

import { createHash } from "node:crypto";

/** A key of two primes. `raw(block)` signs a padded block; `size` and `bits` are those of the modulus. */
export function rsaKey([p, q], { e = 65537n, ...members } = {}) {
  const n = p * q;
  const order = (p - 1n) * (q - 1n);
  const d = inverse(e, order);
  const size = Math.ceil(n.toString(2).length / 8);
  // The Chinese remainder theorem saves three quarters of the work (RFC 8017 §5.1.2).
  const dp = d % (p - 1n);
  const dq = d % (q - 1n);
  const qi = inverse(q, p);
  const raw = (block) => {
    const m1 = power(number(block) % p, dp, p);
    const m2 = power(number(block) % q, dq, q);
    return bytes(m2 + q * modulo((m1 - m2) * qi, p), size);
  };
  const jwk = { kty: "RSA", n: bytes(n).toString("base64url"), e: bytes(e).toString("base64url"), ...members };
  return { kid: members.kid, n, e, bits: n.toString(2).length, size, jwk, raw };
}

/** The start of a DigestInfo: the hash's name in DER, without and with its NULL (RFC 8017 §9.2, note 1). */
const DIGEST_INFOS = {
  sha1: "3021300906052b0e03021a05000414",
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
};
export const WITHOUT_NULL = "302f300b0609608648016503040201" + "0420";

/** The hash of a text under its name, which may be another's. */
export function digestInfo(text, { hash = "sha256", name = hash, prefix = DIGEST_INFOS[name] } = {}) {
  return Buffer.concat([Buffer.from(prefix, "hex"), digest(hash, text)]);
}

/** A block of PKCS #1 v1.5 (RFC 8017 §9.2), whose every part can be another. */
export function pkcs1Block(size, content, { type = 1, filler = 255, separator = 0, garbage = "", first = 0 } = {}) {
  const padding = Buffer.alloc(size - content.length - garbage.length - 3, filler);
  return Buffer.concat([Buffer.from([first, type]), padding, Buffer.from([separator]), content, Buffer.from(garbage)]);
}

/** How a key signs by RS256 (RFC 7518 §3.3). */
export const rs256 = (key) => (text) => key.raw(pkcs1Block(key.size, digestInfo(text)));

/** A block of EMSA-PSS (RFC 8017 §9.1.1), whose every part can be another. */
export function pssBlock(bits, text, changes = {}) {
  const { salt = SALT, hash = "sha256", mgfHash = hash, trailer = 0xbc, separator = 1, filler = 0 } = changes;
  const size = Math.ceil(bits / 8);
  const H = digest(hash, Buffer.concat([Buffer.alloc(8), digest(hash, text), salt]));
  const length = size - H.length - 1;
  const db = Buffer.concat([Buffer.alloc(length - salt.length - 1, filler), Buffer.from([separator]), salt]);
  const masked = Buffer.from(mgf1(mgfHash, H, length).map((byte, index) => byte ^ db[index]));
  masked[0] &= 0xff >> (8 * size - bits);
  return Buffer.concat([masked, H, Buffer.from([trailer])]);
}

/** The salt of all signatures: as long as the hash (RFC 7518 §3.5). Signers draw it. */
const SALT = Buffer.alloc(32, 9);

/** How a key signs by PS256, or by something that only looks like it. */
export const ps256 = (key, changes) => (text) => key.raw(pssBlock(key.bits - 1, text, changes));

/** RFC 8017 appendix B.2.1. */
function mgf1(hash, seed, length) {
  const blocks = [];
  for (let counter = 0; 20 * counter < length; counter += 1) {
    blocks.push(digest(hash, Buffer.concat([seed, Buffer.from([0, 0, 0, counter])])));
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** The least number whose cube is not below the block's: a signature without a secret where e is 3. */
export function cubeRoot(block) {
  const cube = number(block);
  let low = 0n;
  let high = 1n << BigInt(Math.ceil((8 * block.length) / 3) + 1);
  while (low < high) {
    const middle = (low + high) / 2n;
    if (middle ** 3n < cube) low = middle + 1n;
    else high = middle;
  }
  return bytes(low, block.length);
}

/** The signature with the modulus added to it, in as many bytes; nothing where it has no room. */
export function plusModulus(key, signature) {
  const sum = number(signature) + key.n;
  return sum < 1n << BigInt(8 * key.size) ? bytes(sum, key.size) : undefined;
}

/** Numbers are written with their most significant byte first, in as many bytes as they need or as are asked for. */
export function bytes(value, size = Math.ceil(value.toString(16).length / 2)) {
  return Buffer.from(value.toString(16).padStart(2 * size, "0"), "hex");
}

export function number(bigEndian) {
  return BigInt(`0x${bigEndian.toString("hex")}`);
}

function digest(hash, text) {
  return createHash(hash).update(text).digest();
}

function power(base, exponent, modulus) {
  let result = 1n;
  for (const bit of exponent.toString(2)) result = (result * result * (bit === "1" ? base : 1n)) % modulus;
  return result;
}

function inverse(value, modulus) {
  let [a, b, x, y] = [modulo(value, modulus), modulus, 1n, 0n];
  while (a > 1n) [a, b, x, y] = [b % a, a, y - (b / a) * x, x];
  if (a === 0n) throw new Error("a public exponent without a private one");
  return modulo(x, modulus);
}

function modulo(value, modulus) {
  return ((value % modulus) + modulus) % modulus;
}
