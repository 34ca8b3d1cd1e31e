/** ES256 (RFC 7518 §3.4): its keys (§6.2), and signatures that do not fit, nearly fit, or fit in a second way. */

import { createHash, createPublicKey } from "node:crypto";
import {
  BY_PROMISE, base64url, claims, ec, es256Header, firstToken, keySet, NOW, otherEc, token, vector, withStrayBit,
} from "../build.js";
import * as ecdsa from "../ecdsa.js";

const { n } = ecdsa.P256;
const keys = keySet(ec.jwk);
const signedBy = (signer) => token(es256Header(), claims(), signer);
const changed = (change) => signedBy((text) => change(ec.sign(text)));
const halves = (change) => changed((signature) => ecdsa.withHalves(signature, change));

const reached = (name, given, outcome, more) => vector(name, given, outcome, { keys, ...BY_PROMISE, ...more });
const accepted = (name, given, more) => reached(name, given, "accepted", more);
const refused = (name, given, more) => reached(name, given, "ERR_SIGNATURE_INVALID", more);

/** Whichever of s and n - s is the low one. */
const low = (s) => (s < n - s ? s : n - s);
const anySecond = { source: "RFC 7518 §3.4, FIPS 186-5 §6.4.2" };
const good = [
  accepted("a good token by ES256 is accepted", signedBy(ec.sign)),
  accepted("an ES256 signature with the lower of its two s is accepted", halves((r, s) => [r, low(s)]), anySecond),
  accepted("an ES256 signature with the higher of its two s is accepted: the low one is a rule of Bitcoin's",
    halves((r, s) => [r, n - low(s)]), anySecond),
  reached("an expired token by ES256 has expired", token(es256Header(), claims({ exp: NOW }), ec.sign),
    "ERR_TOKEN_EXPIRED"),
  reached("a token by ES256 for another audience is refused", token(es256Header(), claims({ aud: "web" }), ec.sign),
    "ERR_CLAIM_INVALID aud"),
];

/** What a good token's signature is over. */
const signingInput = signedBy(ec.sign).split(".", 2).join(".");
const ES384 = ecdsa.ecKey(ecdsa.P384, "e1", 7);
const ES256K = ecdsa.ecKey(ecdsa.SECP256K1, "e1", 7);
const foreign = [
  refused("another key's ES256 signature is refused", signedBy(otherEc.sign)),
  refused("claims that were changed after ES256 signed them are refused",
    token(es256Header(), claims({ sub: "admin" }), () => ec.sign(signingInput))),
  refused("an ES256 signature of the claims alone is refused", signedBy((text) => ec.sign(text.split(".")[1]))),
  refused("an ES256 signature of the hash of the text is refused",
    signedBy((text) => ec.sign(createHash("sha256").update(text).digest()))),
  ...["sha1", "sha384", "sha512"].map((hash) =>
    refused(`an ES256 key's signature of a hash by ${hash} is refused`, signedBy((text) => ec.sign(text, hash)))),
  refused("a signature on secp256k1 by the same secret is refused", signedBy(ES256K.sign)),
  refused("a signature of 96 bytes, on P-384, is refused", signedBy(ES384.sign)),
];

const psychic = { source: "CVE-2022-21449" };
const ranges = [
  ["r and s are zero", [0n, 0n]], ["r is zero and s is one", [0n, 1n]], ["r is one and s is zero", [1n, 0n]],
  ["r and s are n", [n, n]], ["r is n and s is one", [n, 1n]], ["r is one and s is n", [1n, n]],
  ["r and s are one", [1n, 1n]], ["r and s are n less one", [n - 1n, n - 1n]], ["r and s are n and one",
    [n + 1n, n + 1n]],
  ["every bit is set", [2n ** 256n - 1n, 2n ** 256n - 1n]],
].map(([what, pair]) => refused(`an ES256 signature where ${what} is refused`, halves(() => pair), psychic));
const outside = [
  refused("an ES256 signature whose r is zero is refused", halves((r, s) => [0n, s]), psychic),
  refused("an ES256 signature whose s is zero is refused", halves((r) => [r, 0n]), psychic),
  refused("an ES256 signature whose r is n is refused", halves((r, s) => [n, s]), psychic),
  refused("an ES256 signature whose s is n is refused", halves((r) => [r, n]), psychic),
  refused("an ES256 signature whose r is n less itself is refused", halves((r, s) => [n - r, s])),
  refused("an ES256 signature with its halves swapped is refused", halves((r, s) => [s, r])),
];

const tail = (...more) => (signature) => Buffer.concat([signature, ...more]);
const cut = (...ends) => (signature) => signature.subarray(...ends);
const lengths = [
  refused("an ES256 signature of no bytes is refused", signedBy(() => "")),
  refused("an ES256 signature of 32 bytes is refused", changed(cut(0, 32))),
  refused("an ES256 signature of 63 bytes is refused", changed(cut(0, 63))),
  refused("an ES256 signature without its first byte is refused", changed(cut(1))),
  refused("an ES256 signature of 65 bytes is refused", changed(tail(Buffer.alloc(1)))),
  refused("an ES256 signature with a zero before it is refused",
    changed((bytes) => Buffer.concat([Buffer.alloc(1), bytes]))),
  refused("an ES256 signature twice over is refused", changed((bytes) => Buffer.concat([bytes, bytes]))),
  refused("an ES256 signature with its halves in 48 bytes each is refused",
    halves((r, s) => [r, s]).replace(/[^.]*$/, (text) => {
      const bytes = Buffer.from(text, "base64url");
      return base64url(Buffer.concat([Buffer.alloc(16), bytes.subarray(0, 32), Buffer.alloc(16), bytes.subarray(32)]));
    })),
  refused("an ES256 signature in DER is refused", changed(ecdsa.der), { source: "RFC 7518 §3.4" }),
  refused("an ES256 signature whose r has lost its leading zero is refused",
    firstToken(es256Header(), (text) => shortened(ec.sign(text)))),
  accepted("an ES256 signature whose r begins with a zero is accepted",
    firstToken(es256Header(), (text) => (ec.sign(text)[0] === 0 ? ec.sign(text) : undefined))),
  vector("a stray bit in an ES256 signature is refused", withStrayBit(signedBy(ec.sign)), "ERR_BASE64_INVALID",
    { keys }),
];

/** The signature without the zero that its r begins with; nothing where it begins with none. */
function shortened(signature) {
  return signature[0] === 0 ? signature.subarray(1) : undefined;
}

const ofKey = (name, changes, outcome, given = signedBy(ec.sign), more = {}) =>
  vector(name, given, outcome, { keys: keySet({ ...ec.jwk, ...changes }), ...more });
const keyRefused = (name, changes, more) => ofKey(name, changes, "ERR_KEY_SET_INVALID", undefined, more);
const decoded = (coordinate) => Buffer.from(ec.jwk[coordinate], "base64url");
const ofLengths = (coordinate) => [
  [`is missing`, undefined], ["is a number", 7], ["is null", null], ["is empty", ""],
  ["has 31 bytes", base64url(decoded(coordinate).subarray(1))],
  ["has 33 bytes, the first a zero", base64url(Buffer.concat([Buffer.alloc(1), decoded(coordinate)]))],
  ["has 33 bytes, the last a zero", base64url(Buffer.concat([decoded(coordinate), Buffer.alloc(1)]))],
  ["is padded", `${ec.jwk[coordinate]}=`], ["has a stray bit", withStrayBit(ec.jwk[coordinate])],
  ["is hexadecimal", decoded(coordinate).toString("hex")],
].map(([what, value]) => keyRefused(`a P-256 key whose ${coordinate} ${what} is refused`, { [coordinate]: value }));

const orderTwo = [0n, 5n].map((x) => [x, ecdsa.ofOrderTwo(x)]);
const forged = firstToken(es256Header(), ecdsa.forgedByOrderTwo);
const parity = decoded("y").at(-1) & 1 ? 3 : 2;
const spki = createPublicKey({ format: "jwk", key: ec.jwk }).export({ format: "der", type: "spki" });
const points = [
  ...ofLengths("x"),
  ...ofLengths("y"),
  keyRefused("a compressed P-256 point in x is refused",
    { x: base64url(Buffer.concat([Buffer.from([parity]), decoded("x")])),
      y: undefined }, { source: "RFC 7518 §6.2.1" }),
  keyRefused("a whole P-256 point in x is refused",
    { x: base64url(Buffer.concat([Buffer.from([4]), decoded("x"), decoded("y")])), y: undefined }),
  keyRefused("a P-256 key in DER is refused", { x: base64url(spki), y: undefined }),
  keyRefused("a P-256 key with x and y swapped is refused", { x: ec.jwk.y, y: ec.jwk.x }),
  keyRefused("a point that is not on P-256 is refused", { y: otherEc.jwk.y }),
  keyRefused("a point of secp256k1 is refused as one of P-256", { ...ES256K.jwk, crv: "P-256" }),
  keyRefused("a point of P-384 is refused as one of P-256", { ...ES384.jwk, crv: "P-256" }),
  keyRefused("a point of P-256's twist is refused", ecdsa.ON_TWIST),
  keyRefused("a P-256 point whose x is beyond p is refused", ecdsa.SMALL_X_BEYOND_P),
  keyRefused("a P-256 point whose y is beyond p is refused", ecdsa.SMALL_Y_BEYOND_P),
  keyRefused("a P-256 key whose x has lost its leading zeros is refused", { ...ecdsa.SMALL_X, x: "BQ" },
    { source: "RFC 7518 §6.2.1.2" }),
  keyRefused("a P-256 point of all bits is refused",
    { x: base64url(Buffer.alloc(32, 255)), y: base64url(Buffer.alloc(32, 255)) }),
  ...orderTwo.map(([x, point]) =>
    ofKey(`a point of order 2 of another curve, with x ${x}, is refused: forgeries fit it`, point,
      "ERR_KEY_SET_INVALID", forged,
      { source: "RFC 8725 §3.4, CVE-2017-16007" })),
];

const unfit = [["a P-256 point whose x is 0 is read", ecdsa.X_ZERO],
  ["a P-256 point with a small x is read", ecdsa.SMALL_X],
  ["a P-256 point with a small y is read", ecdsa.SMALL_Y], ["the P-256 point below the axis is read, another key",
    ecdsa.negative(ec.jwk)],
].map(([name, point]) => ofKey(name, point, "ERR_SIGNATURE_INVALID", undefined, BY_PROMISE));

const passedOver = (name, changes, source = "RFC 7517 §5") => ofKey(name, changes, "ERR_KEY_UNKNOWN", undefined,
  { source });
const curves = [
  ofKey("a key on P-384 is for ES384", ES384.jwk, "ERR_ALG_NOT_ALLOWED"),
  passedOver("a key on secp256k1 is passed over", ES256K.jwk),
  passedOver("a P-256 key whose curve is in small letters is passed over", { crv: "p-256" }),
  passedOver("a P-256 key whose curve is under its other name is passed over", { crv: "secp256r1" }),
  passedOver("a P-256 key without its curve is passed over", { crv: undefined }),
  passedOver("a P-256 key whose curve is given by parameters is passed over", { crv: { p: "AQ", a: "AQ", b: "AQ" } },
    "CVE-2020-0601"),
  passedOver("a P-256 key whose kind is in small letters is passed over", { kty: "ec" }),
  passedOver("a P-256 curve in an OKP key is passed over", { kty: "OKP" }),
];

export default [...good, ...foreign, ...ranges, ...outside, ...lengths, ...points, ...unfit, ...curves];
