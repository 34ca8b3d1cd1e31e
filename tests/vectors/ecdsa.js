/** ECDSA (FIPS 186-5 §6.4) with deterministic nonces (RFC 6979), and points that are invalid as keys. */

import { createECDH, createHash, createHmac } from "node:crypto";

/** P-256: the prime of its field, its b (SEC 2 §2.4.2). */
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** A curve with its names in keys and in node:crypto, its order, and its hash. */
export const P256 = {
  name: "P-256", id: "prime256v1", hash: "sha256", size: 32,
  n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
};
export const SECP256K1 = {
  name: "secp256k1", id: "secp256k1", hash: "sha256", size: 32,
  n: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
};
export const P384 = {
  name: "P-384", id: "secp384r1", hash: "sha384", size: 48,
  n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
};

export const P521 = {
  name: "P-521", id: "secp521r1", hash: "sha512", size: 66,
  n: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
};

/** A key of equal bytes, which is not secret. `sign(text, hash)` returns r and s, concatenated. */
export function ecKey(curve, kid, byte) {
  const secret = Buffer.alloc(curve.size, byte);
  // A number of P-521 has 521 bits in 66 bytes.
  if (number(secret) >= curve.n) secret[0] = 0;
  return ecKeyOf(curve, secret, { kid });
}

/** The key of a private scalar, with additional members of its public JWK. */
export function ecKeyOf(curve, secret, members) {
  const [x, y] = coordinates(curve, secret);
  const jwk = { kty: "EC", crv: curve.name, x: x.toString("base64url"), y: y.toString("base64url"), ...members };
  const sign = (text, hash = curve.hash) => signature(curve, secret, createHash(hash).update(text).digest());
  return { kid: members.kid, secret, jwk, sign };
}

/** Changes the two numbers of a signature. */
export function withHalves(signature, change) {
  const size = signature.length / 2;
  return Buffer.concat(change(number(signature.subarray(0, size)), number(signature.subarray(size))).map((half) => bytes(half, size)));
}

/** The signature in the encoding of OpenSSL and X.509: a DER sequence of two integers (RFC 3279 §2.2.3). */
export function der(signature) {
  const integers = [signature.subarray(0, 32), signature.subarray(32)].map((half) => {
    const digits = half.subarray(half.findIndex((byte) => byte !== 0));
    return tlv(2, digits[0] < 128 ? digits : Buffer.concat([Buffer.alloc(1), digits]));
  });
  return tlv(0x30, Buffer.concat(integers));
}

function tlv(tag, content) {
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}

/** A point with y = 0: on its own curve it has order 2, and a verifier that does not check the curve accepts a forgery with it. */
export const ofOrderTwo = (x) => ({ x: base64url(x), y: base64url(0n) });

/**
 * A signature without a secret: with r of the base point and s of the hash, u1 is 1, and a point of order 2 adds nothing if u2 is
 * even. `undefined` if u2 is odd.
 */
export function forgedByOrderTwo(text) {
  const [r] = coordinates(P256, bytes(1n));
  const s = number(createHash("sha256").update(text).digest()) % P256.n;
  const u2 = modulo(number(r) * inverse(s, P256.n), P256.n);
  return u2 % 2n === 0n ? Buffer.concat([r, bytes(s)]) : undefined;
}

/** The point of the curve with x = 0; its secret is unknown. */
export const X_ZERO = { x: base64url(0n), y: base64url(root(B)) };

/** The next point. Its x is so small that x + p fits into 32 bytes too. */
const smallX = [...Array(100).keys()].map((number) => BigInt(number + 1)).find((x) => isSquare(cubic(x)));
export const SMALL_X = { x: base64url(smallX), y: base64url(root(cubic(smallX))) };
export const SMALL_X_BEYOND_P = { ...SMALL_X, x: base64url(smallX + P) };

/** A point with a small y, from Project Wycheproof's edge cases, encoded as y + p. */
const smallY = {
  x: 0xbcbb2914c79f045eaa6ecbbc612816b3be5d2d6796707d8125e9f851c18af015n,
  y: 0x000000001352bb4a0fa2ea4cceb9ab63dd684ade5a1127bcf300a698a7193bc2n,
};
export const SMALL_Y = { x: base64url(smallY.x), y: base64url(smallY.y) };
export const SMALL_Y_BEYOND_P = { ...SMALL_Y, y: base64url(smallY.y + P) };

/** A point of the curve's twist: no point of the curve has its x. */
const twistX = [...Array(100).keys()].map((number) => BigInt(number + 1)).find((x) => !isSquare(cubic(x)));
export const ON_TWIST = { x: base64url(twistX), y: base64url(root(P - cubic(twistX))) };

/** The negated point: the public key of the negative secret. */
export const negative = ({ x, y }) => ({ x, y: base64url(P - number(Buffer.from(y, "base64url"))) });

/** The right side of the curve's equation. */
function cubic(x) {
  return modulo(x ** 3n - 3n * x + B, P);
}

function isSquare(value) {
  return power(value, (P - 1n) / 2n) === 1n;
}

/** P is 3 modulo 4, so a square's root is a power of it. */
function root(square) {
  return power(square, (P + 1n) / 4n);
}

function power(base, exponent) {
  let result = 1n;
  for (const bit of exponent.toString(2)) result = (result * result * (bit === "1" ? base : 1n)) % P;
  return result;
}

function coordinates({ id, size }, secret) {
  const pair = createECDH(id);
  pair.setPrivateKey(secret);
  const point = pair.getPublicKey();
  return [point.subarray(1, 1 + size), point.subarray(1 + size)];
}

function signature(curve, secret, digest) {
  const { n, size } = curve;
  const hash = number(digest.subarray(0, size));
  const k = nonce(curve, secret, bytes(hash % n, size));
  const r = number(coordinates(curve, bytes(k, size))[0]) % n;
  const s = modulo(inverse(k, n) * (hash + r * number(secret)), n);
  return Buffer.concat([bytes(r, size), bytes(s, size)]);
}

/** RFC 6979 §3.2. */
function nonce({ hash, n }, secret, digest) {
  const hmac = (key, ...parts) => createHmac(hash, key).update(Buffer.concat(parts)).digest();
  const { length } = createHash(hash).digest();
  const bits = n.toString(2).length;
  let V = Buffer.alloc(length, 1);
  let K = Buffer.alloc(length);
  for (const step of [0, 1]) {
    K = hmac(K, V, Buffer.from([step]), secret, digest);
    V = hmac(K, V);
  }
  for (;;) {
    let T = Buffer.alloc(0);
    while (8 * T.length < bits) {
      V = hmac(K, V);
      T = Buffer.concat([T, V]);
    }
    const k = number(T) >> BigInt(8 * T.length - bits);
    if (k > 0n && k < n) return k;
    K = hmac(K, V, Buffer.alloc(1));
    V = hmac(K, V);
  }
}

/** The inverse modulo a prime, by Euclid. */
function inverse(value, prime) {
  let [a, b, x, y] = [modulo(value, prime), prime, 1n, 0n];
  while (a > 1n) [a, b, x, y] = [b % a, a, y - (b / a) * x, x];
  return modulo(x, prime);
}

function modulo(value, modulus) {
  return ((value % modulus) + modulus) % modulus;
}

/** Numbers are written with their most significant byte first. */
function number(bigEndian) {
  return BigInt(`0x${bigEndian.toString("hex")}`);
}

function bytes(value, size = 32) {
  return Buffer.from(value.toString(16).padStart(2 * size, "0"), "hex");
}

function base64url(value) {
  return bytes(value).toString("base64url");
}

/** RFC 6979 appendix A.2.5: who signs its example otherwise signs wrongly. */
function assertSignsAsTheRfcDoes() {
  const secret = Buffer.from("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721", "hex");
  const expected = "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716" +
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";
  const signed = ecKeyOf(P256, secret, {}).sign("sample").toString("hex").toUpperCase();
  if (signed !== expected) throw new Error("the example of RFC 6979 is signed otherwise");
}

assertSignsAsTheRfcDoes();
