/** Key sets and secrets: which are refused when they are read, and whose keys count (RFC 7517, RFC 8037 §2). */

import {
  base64url, claims, ec, header, hmac, hs256Header, issuer, issuerBySecret, key, keySet, otherKey, SECRET, secret, token, vector,
  withStrayBit,
} from "../build.js";
import { BEYOND_P, FORGERY, isForgedBy, OFF_CURVE, SMALL_ORDER } from "../ed25519.js";
import { RSA_KEY } from "./rfc.js";

const ofKeys = (name, keys, outcome, more) => vector(name, token(), outcome, { keys, ...more });
const refused = (name, keys, more) => ofKeys(name, keys, "ERR_KEY_SET_INVALID", more);
const changed = (changes) => keySet({ ...key.jwk, ...changes });
const unknown = { kty: "unheard-of" };

const sets = [
  ofKeys("an empty key set knows no key", keySet(), "ERR_KEY_UNKNOWN"),
  refused("a key set without keys is refused", {}),
  refused("a key set whose keys are an object is refused", { keys: { k1: key.jwk } }),
  refused("a key set that is an array is refused", [key.jwk]),
  refused("a key in the place of a key set is refused", key.jwk),
  refused("a key that is no object is refused", keySet("k1", key.jwk)),
  ofKeys("members of a key set that nobody knows are passed over", { ...keySet(key.jwk), x: 1 }, "accepted", { source: "RFC 7517 §5" }),
  ofKeys("members of a key that nobody knows are passed over", changed({ x5c: ["AAAA"], exp: 1 }), "accepted", { source: "RFC 7517 §4" }),
  ofKeys("64 keys are read", keySet(...Array(63).fill(unknown), key.jwk), "accepted"),
  refused("65 keys are refused", keySet(...Array(64).fill(unknown), key.jwk)),
  refused("two keys of one kid are refused", keySet(key.jwk, { ...otherKey.jwk, kid: key.kid })),
  vector("two keys of one kid and one algorithm are both skipped, and a third is used", token(header({ kid: "k3" })), "accepted",
    { keys: keySet({ ...key.jwk, kid: "k3" }, key.jwk, { ...otherKey.jwk, kid: key.kid }), source: "RFC 7517 §5" }),
  ofKeys("no key of an ambiguous kid is used", keySet(key.jwk, { ...otherKey.jwk, kid: key.kid }, { ...otherKey.jwk, kid: "k3" }),
    "ERR_KEY_UNKNOWN"),
  ofKeys("one kid of keys of different algorithms names the key of the token's algorithm", keySet({ ...ec.jwk, kid: key.kid }, key.jwk),
    "accepted", { source: "RFC 7517 §4.5" }),
  ofKeys("one key twice is one key", keySet(key.jwk, key.jwk), "accepted"),
  ofKeys("a key without a kid beside another is not in the way", keySet(key.jwk, { ...otherKey.jwk, kid: undefined }), "accepted"),
  refused("a kid that is a number is refused when the key set is read", changed({ kid: 1 })),
  ofKeys("a token's kid is unknown where the only key has none", changed({ kid: undefined }), "ERR_KEY_UNKNOWN"),
  vector("the only key, without a kid, is meant by a token without one", token(header({ kid: undefined })), "accepted",
    { keys: changed({ kid: undefined }) }),
  ofKeys("a public key beside a secret is used", keySet(key.jwk, { kty: "oct", kid: "s", k: base64url(SECRET) }), "accepted"),
  refused("a private key is refused: it must never have been published", changed({ d: base64url(key.seed) })),
  ofKeys("a private key beside a public one is skipped", keySet({ ...otherKey.jwk, d: base64url(otherKey.seed) }, key.jwk), "accepted"),
  ofKeys("the public half of a private key is never used", keySet({ ...key.jwk, d: base64url(key.seed) }, otherKey.jwk), "ERR_KEY_UNKNOWN"),
  ofKeys("another kind's private key beside a public one is skipped", keySet(key.jwk, { ...RSA_KEY, kid: "r", d: "AQAB" }), "accepted"),
];

const unusable = [
  ["an RSA key of 1024 bits", { kty: "RSA", n: RSA_KEY.n.slice(0, 172), e: "AQAB" }],
  ["an RSA key with padding", { ...RSA_KEY, n: `${RSA_KEY.n}==` }],
  ["an RSA key with an e of 5", { ...RSA_KEY, e: "BQ" }],
  ["a P-256 key without y", { ...ec.jwk, y: undefined }],
  ["a point of small order", { ...key.jwk, x: base64url(SMALL_ORDER[0][1]) }],
  ["a key whose kid is a number", { ...otherKey.jwk, kid: 1 }],
  ["a key whose alg is of another kind", { ...otherKey.jwk, kid: "bad", alg: "ES256" }],
].map(([what, jwk]) =>
  ofKeys(`${what} beside a good key is skipped`, keySet({ kid: "bad", ...jwk }, key.jwk), "accepted", { source: "RFC 7517 §5" }));

const absent = ["kid", "alg", "use", "key_ops", "d"].flatMap((name) =>
  [["null", null], ["an empty text", ""]].map(([what, value]) =>
    vector(`a key's ${name} that is ${what} is absent`, token(header({ kid: undefined })), "accepted", { keys: changed({ [name]: value }) })));

const kinds = [
  ofKeys("a key of an unknown kind is passed over", keySet(unknown, key.jwk), "accepted", { source: "RFC 7517 §5" }),
  ofKeys("a key for key agreement is passed over", keySet({ kty: "OKP", crv: "X25519", kid: "x", x: key.jwk.x }, key.jwk), "accepted"),
  ofKeys("a key for encryption is passed over", changed({ use: "enc" }), "ERR_KEY_UNKNOWN", { source: "RFC 7517 §4.2" }),
  ofKeys("a key whose operations do not name verify is passed over", changed({ key_ops: ["encrypt", "deriveBits"] }),
    "ERR_KEY_UNKNOWN", { source: "RFC 7517 §4.3" }),
  ofKeys("a key whose operations are no array is passed over", changed({ key_ops: "verify" }), "ERR_KEY_UNKNOWN"),
  ofKeys("a key whose operations name verify is read", changed({ key_ops: ["sign", "verify"] }), "accepted", { source: "RFC 7517 §4.3" }),
  ofKeys("a curve in another case is no curve that is understood", changed({ crv: "ed25519" }), "ERR_KEY_UNKNOWN"),
  ofKeys("a key that says Ed25519 takes a header that says EdDSA", changed({ alg: "Ed25519" }), "accepted", { source: "RFC 9864 §2.2" }),
  vector("a key that says EdDSA takes a header that says Ed25519", token(header({ alg: "Ed25519" })), "accepted",
    { keys: changed({ alg: "EdDSA" }), source: "RFC 9864 §2.2" }),
  refused("a key that says another algorithm than its curve's is refused", changed({ alg: "ES256" })),
  refused("an Ed25519 key that says HS256 is refused", changed({ alg: "HS256" })),
];

const points = [
  refused("a key without its point is refused", changed({ x: undefined })),
  refused("a point that is a number is refused", changed({ x: 7 })),
  refused("a point of no bytes is refused", changed({ x: "" })),
  refused("a point of 31 bytes is refused", changed({ x: base64url(Buffer.alloc(31, 1)) })),
  refused("a point of 33 bytes is refused", changed({ x: base64url(Buffer.from([...Buffer.from(key.jwk.x, "base64url"), 0])) })),
  refused("a padded point is refused", changed({ x: `${key.jwk.x}=` })),
  refused("a point with a stray bit is refused", changed({ x: withStrayBit(key.jwk.x) })),
  refused("a point that is not on the curve is refused", changed({ x: base64url(OFF_CURVE) })),
  refused("a point whose y is beyond p is refused", changed({ x: base64url(BEYOND_P) }), { source: "RFC 8032 §5.1.3" }),
  ...SMALL_ORDER.map(([name, point]) =>
    vector(`a point of small order, ${name}, is refused`, forged(point), "ERR_KEY_SET_INVALID",
      { keys: changed({ x: base64url(point) }) })),
];

/** A token that needs no secret: it fits a key of small order for who is not strict. */
function forged(point) {
  for (let number = 0; ; number += 1) {
    const given = token(header(), claims({ jti: `token-${number}` }), () => FORGERY);
    if (isForgedBy(point, given.slice(0, given.lastIndexOf(".")))) return given;
  }
}

const bySecret = (bytes, given = token(hs256Header(), claims(), hmac(bytes))) => [given, { keys: secret(bytes) }];
const ofSecret = (name, [given, more], outcome) => vector(name, given, outcome, { source: "RFC 7518 §3.2", ...more });
const secrets = [
  ofSecret("no secret is refused", bySecret(Buffer.alloc(0)), "ERR_KEY_SET_INVALID"),
  ofSecret("a secret of one byte is refused", bySecret(Buffer.alloc(1, 5)), "ERR_KEY_SET_INVALID"),
  ofSecret("a secret that is a password is refused", bySecret(Buffer.from("secret")), "ERR_KEY_SET_INVALID"),
  ofSecret("a secret of 31 bytes is refused", bySecret(Buffer.alloc(31, 5)), "ERR_KEY_SET_INVALID"),
  ofSecret("a secret of 32 bytes is accepted", bySecret(Buffer.alloc(32, 9)), "accepted"),
  ofSecret("a secret as long as the hash's block is accepted", bySecret(Buffer.alloc(64, 5)), "accepted"),
  ofSecret("a secret longer than the hash's block is accepted", bySecret(Buffer.alloc(65, 5)), "accepted"),
  ofSecret("a secret of every byte is accepted", bySecret(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))), "accepted"),
  ofSecret("a kid means nothing where there is a secret",
    bySecret(SECRET, token(hs256Header({ kid: "k1" }), claims(), hmac(SECRET))), "accepted"),
  ofSecret("a kid does not make another secret's token good",
    bySecret(SECRET, token(hs256Header({ kid: "k1" }), claims(), hmac(Buffer.alloc(32, 6)))), "ERR_SIGNATURE_INVALID"),
];

const A = "https://a.example";
const B = "https://b.example";
const from = (iss, signer, headerPart = header({ kid: undefined })) => token(headerPart, claims({ iss }), signer.sign);
const ofIssuers = (name, given, outcome, issuers = [issuer(A, keySet(key.jwk)), issuer(B, keySet(otherKey.jwk))]) =>
  vector(name, given, outcome, { issuers });
const oneIdEach = [issuer(A, keySet(key.jwk)), issuer(B, keySet({ ...otherKey.jwk, kid: key.kid }))];
const mixed = [issuer(A, keySet(key.jwk)), issuerBySecret(B, SECRET)];
const severalIssuers = [
  ofIssuers("the first issuer's token by its own key is accepted", from(A, key), "accepted"),
  ofIssuers("the second issuer's token by its own key is accepted", from(B, otherKey), "accepted"),
  ofIssuers("one issuer's key never makes a token of another good", from(B, key), "ERR_SIGNATURE_INVALID"),
  ofIssuers("one issuer's kid is unknown among another's keys", from(B, key, header()), "ERR_KEY_UNKNOWN"),
  ofIssuers("swapped keys of one kid are refused", from(A, otherKey, header()), "ERR_SIGNATURE_INVALID", oneIdEach),
  ofIssuers("two issuers may use one kid", from(B, otherKey, header()), "accepted", oneIdEach),
  ofIssuers("an issuer that is not among several is refused", from("https://c.example", key), "ERR_CLAIM_INVALID iss"),
  ofIssuers("no issuer where there are several is refused", from(undefined, key), "ERR_CLAIM_INVALID iss"),
  ofIssuers("an array of all issuers is refused", from([A, B], key), "ERR_CLAIM_INVALID iss"),
  ofIssuers("of several issuers, one by a secret: its token is accepted",
    token(hs256Header(), claims({ iss: B }), hmac(SECRET)), "accepted", mixed),
  ofIssuers("a public key never makes a token of an issuer by a secret good", from(B, key), "ERR_ALG_NOT_ALLOWED", mixed),
  ofIssuers("a secret never makes a token of an issuer by public keys good",
    token(hs256Header(), claims({ iss: A }), hmac(SECRET)), "ERR_ALG_NOT_ALLOWED", mixed),
  ofIssuers("a list of one issuer is as good as the issuer alone", from(A, key), "accepted", [issuer(A, keySet(key.jwk))]),
  ofIssuers("a list of one issuer refuses another by its claim", from(B, key), "ERR_CLAIM_INVALID iss", [issuer(A, keySet(key.jwk))]),
];

export default [...sets, ...unusable, ...absent, ...kinds, ...points, ...secrets, ...severalIssuers];
