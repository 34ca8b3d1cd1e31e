/** RSA keys (RFC 7518 §6.3): which are refused when they are read, however good the signature that comes with them. */

import { createPublicKey } from "node:crypto";
import { BY_PROMISE, base64url, claims, ec, keySet, rs256Header, rsa, token, vector, withStrayBit } from "../build.js";
import { bytes, digestInfo, pkcs1Block, rs256, rsaKey } from "../rsa.js";
import * as primes from "../rsa-primes.js";

const signedBy = (signer) => token(rs256Header(), claims(), signer);
const GOOD = signedBy(rs256(rsa));
const ofKey = (name, changes, outcome, { given = GOOD, ...more } = {}) =>
  vector(name, given, outcome, { keys: keySet({ ...rsa.jwk, ...changes }), ...more });
const refused = (name, changes, more) => ofKey(name, changes, "ERR_KEY_SET_INVALID", more);
const integer = (value) => base64url(bytes(value));

const signedOf = (bits, outcome, more) => {
  const key = rsaKey(primes[`BITS_${bits}`], { kid: rsa.kid });
  const does = outcome === "accepted" ? "accepted" : "refused, however well it signs";
  return ofKey(`a modulus of ${bits} bits is ${does}`, key.jwk, outcome, { given: signedBy(rs256(key)), ...more });
};
const shortest = { source: "RFC 7518 §3.3" };
const sizes = [
  signedOf(1024, "ERR_KEY_SET_INVALID", shortest),
  signedOf(2047, "ERR_KEY_SET_INVALID", shortest),
  signedOf(4096, "accepted", BY_PROMISE),
  signedOf(8192, "accepted", BY_PROMISE),
  signedOf(8193, "ERR_KEY_SET_INVALID"),
  refused("a modulus of 512 bits is refused", { n: integer((1n << 511n) + 1n) }, shortest),
  refused("a modulus of 8 bits is refused", { n: integer(0xc5n) }, shortest),
  refused("a modulus of 16384 bits is refused", { n: integer((1n << 16383n) + 1n) }),
  ofKey("the least modulus of 2048 bits is read", { n: integer((1n << 2047n) + 1n) }, "ERR_SIGNATURE_INVALID",
    BY_PROMISE),
  ofKey("the greatest modulus of 2048 bits is read", { n: integer((1n << 2048n) - 1n) }, "ERR_SIGNATURE_INVALID",
    BY_PROMISE),
];

const padded = (text) => pkcs1Block(rsa.size, digestInfo(text));
const ofExponent = (name, e, outcome, given, more) => ofKey(name, { e: integer(e) }, outcome, { given, ...more });
const signedWith = (e) => signedBy(rs256(rsaKey(primes.BITS_2048, { e })));
const exponents = [
  ofExponent("an e of 0 is refused", 0n, "ERR_KEY_SET_INVALID"),
  ofExponent("an e of 1 is refused: every block signs itself", 1n, "ERR_KEY_SET_INVALID", signedBy(padded),
    { source: "RFC 8017 §3.1" }),
  ofExponent("an e of 2 is refused", 2n, "ERR_KEY_SET_INVALID"),
  ofExponent("an e of 65536 is refused", 65536n, "ERR_KEY_SET_INVALID"),
  ofExponent("an e of 17 is accepted", 17n, "accepted", signedWith(17n), BY_PROMISE),
  ofExponent("an e of 37 is accepted", 37n, "accepted", signedWith(37n), BY_PROMISE),
  ...[5n, 257n, 2n ** 32n - 1n, 2n ** 32n + 1n].map((e) =>
    ofExponent(`an e of ${e} is refused: not every runtime takes it`, e, "ERR_KEY_SET_INVALID", signedWith(e))),
  ofExponent("an e as long as the modulus is refused", rsa.n - 2n, "ERR_KEY_SET_INVALID"),
  ofExponent("an e that is the modulus is refused", rsa.n, "ERR_KEY_SET_INVALID"),
  refused("n and e swapped are refused", { n: rsa.jwk.e, e: rsa.jwk.n }),
];

const decoded = (member) => Buffer.from(rsa.jwk[member], "base64url");
const ofSpellings = (member) => [
  ["is missing", undefined], ["is a number", 65537], ["is null", null], ["is an array", [rsa.jwk[member]]],
  ["is empty", ""],
  ["is one zero", base64url(Buffer.alloc(1))],
  ["is decimal", String(rsa[member])],
  ["has white space in it", `${rsa.jwk[member].slice(0, 2)} ${rsa.jwk[member].slice(2)}`],
].map(([what, value]) => refused(`an RSA key whose ${member} ${what} is refused`, { [member]: value },
  { source: "RFC 7518 §2" }));
const plain = Buffer.from(decoded("n")).toString("base64");
const spki = createPublicKey({ format: "jwk", key: rsa.jwk }).export({ format: "der", type: "spki" });
const spellings = [
  ...ofSpellings("n"),
  ...ofSpellings("e"),
  ofKey("n and e with leading zeros are the same numbers",
    { n: base64url(Buffer.concat([Buffer.alloc(1), decoded("n")])), e: base64url(Buffer.concat([Buffer.alloc(2), decoded("e")])) },
    "accepted", BY_PROMISE),
  refused("a padded n is refused", { n: plain.replaceAll("+", "-").replaceAll("/", "_") }),
  refused("an n in the other alphabet is refused", { n: plain.replaceAll("=", "") }),
  refused("an n with a stray bit is refused", { n: withStrayBit(rsa.jwk.n) }),
  refused("a padded e is refused", { e: "Aw==" }),
  refused("an e in hexadecimal is refused", { e: "010001" }),
  refused("an e with a stray bit is refused", { e: withStrayBit("Aw") }),
  refused("an even n is refused", { n: integer(rsa.n - 1n) }),
  refused("an RSA key in DER is refused", { n: base64url(spki), e: undefined }),
  refused("a P-256 key that says it is RSA is refused", { ...ec.jwk, kty: "RSA", n: undefined, e: undefined }),
  refused("an RSA key that says it is on P-256 is refused", { kty: "EC", crv: "P-256" }),
];

const kinds = [
  ofKey("an RSA key whose kind is in small letters is passed over", { kty: "rsa" }, "ERR_KEY_UNKNOWN",
    { source: "RFC 7517 §5" }),
  ofKey("an RSA key of 1024 bits for encryption is passed over", { n: integer((1n << 1023n) + 1n), use: "enc" },
    "ERR_KEY_UNKNOWN",
    { source: "RFC 7517 §4.2" }),
  ofKey("an RSA key for signatures is read", { use: "sig" }, "accepted", BY_PROMISE),
  ofKey("an RSA key with its certificates is read, and they are not",
    { x5c: ["AAAA"], x5t: "AAAA", key_ops: ["verify"], ext: false }, "accepted",
    BY_PROMISE),
];

export default [...sizes, ...exponents, ...spellings, ...kinds];
