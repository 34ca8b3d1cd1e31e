/** The algorithms with SHA-384 and SHA-512 (RFC 7518 §3.2 to §3.5): ES384, ES512, RS384, RS512, PS384, PS512, HS384 and HS512. */

import {
  an, base64url, BY_PROMISE, claims, ec, ES256, header, hmac, keySet, NOW, otherRsa, PS256, RS256, rsa, SECRET, secret, token, vector,
  withStrayBit,
} from "../build.js";
import { ecKey, P384, P521, withHalves } from "../ecdsa.js";
import { bytes, digestInfo, number, pkcs1Block, ps256, rsaKey } from "../rsa.js";
import { BITS_2048 } from "../rsa-primes.js";

const LENGTHS = { sha256: 32, sha384: 48, sha512: 64 };
const salt = (hash) => Buffer.alloc(LENGTHS[hash], 9);
const bits = (hash) => hash.slice(3);

/** How a key signs by PKCS #1 v1.5 or PSS with a hash. */
const rs = (hash) => (key) => (text) => key.raw(pkcs1Block(key.size, digestInfo(text, { hash })));
const ps = (hash) => (key) => ps256(key, { hash, salt: salt(hash) });

/** An algorithm with one of its keys, and how that key and another one sign. */
const kind = (alg, hash, jwk, sign, other) =>
  ({ alg, hash, jwk, sign, other, headerOf: (changes) => header({ alg, kid: jwk.kid, ...changes }) });
const ofCurve = (alg, hash, curve) => {
  const [key, other] = [7, 8].map((byte) => ecKey(curve, alg, byte));
  return { ...kind(alg, hash, key.jwk, key.sign, other.sign), curve, key };
};
const ofRsa = (alg, hash, signs) => {
  const jwk = { ...rsa.jwk, kid: alg, alg };
  return kind(alg, hash, jwk, signs(hash)(rsa), signs(hash)(otherRsa));
};

const ES = [ofCurve("ES384", "sha384", P384), ofCurve("ES512", "sha512", P521)];
const RS = [ofRsa("RS384", "sha384", rs), ofRsa("RS512", "sha512", rs)];
const PS = [ofRsa("PS384", "sha384", ps), ofRsa("PS512", "sha512", ps)];
const PUBLIC = [...ES, ...RS, ...PS];

const signedBy = ({ headerOf }, signer, claimsPart = claims()) => token(headerOf(), claimsPart, signer);
const reached = (mine, name, given, outcome, more) => vector(name, given, outcome, { keys: keySet(mine.jwk), ...BY_PROMISE, ...more });
const refused = (mine, name, given, more) => reached(mine, name, given, "ERR_SIGNATURE_INVALID", more);

const common = PUBLIC.flatMap((mine) => {
  const { alg, sign, other, headerOf, jwk } = mine;
  const changed = (change) => signedBy(mine, (text) => change(sign(text)));
  const signingInput = signedBy(mine, sign).split(".", 2).join(".");
  return [
    reached(mine, `a good token by ${alg} is accepted`, signedBy(mine, sign), "accepted"),
    reached(mine, `${an(alg)} token without a kid is accepted by the key of its algorithm`, token(headerOf({ kid: undefined }), claims(), sign),
      "accepted"),
    reached(mine, `an expired token by ${alg} has expired`, signedBy(mine, sign, claims({ exp: NOW })), "ERR_TOKEN_EXPIRED"),
    refused(mine, `another key's ${alg} signature is refused`, signedBy(mine, other)),
    refused(mine, `claims that were changed after ${alg} signed them are refused`, signedBy(mine, () => sign(signingInput), claims({ sub: "admin" }))),
    refused(mine, `${an(alg)} signature of no bytes is refused`, signedBy(mine, () => "")),
    refused(mine, `${an(alg)} signature without its last byte is refused`, changed((signature) => signature.subarray(0, -1))),
    refused(mine, `${an(alg)} signature with a zero before it is refused`, changed((signature) => Buffer.concat([Buffer.alloc(1), signature]))),
    refused(mine, `${an(alg)} signature with a zero after it is refused`, changed((signature) => Buffer.concat([signature, Buffer.alloc(1)]))),
    refused(mine, `${an(alg)} signature with its last bit flipped is refused`,
      changed((signature) => signature.fill(signature.at(-1) ^ 1, signature.length - 1))),
    vector(`alg none over a good ${alg} signature is refused`, token(headerOf({ alg: "none" }), claims(), sign), "ERR_ALG_NOT_ALLOWED",
      { keys: keySet(jwk), source: "RFC 8725 §3.1" }),
    vector(`an HMAC with ${an(alg)} key's JWK as the secret is refused`,
      token(headerOf({ alg: `HS${bits(mine.hash)}` }), claims(), hmac(JSON.stringify(jwk), mine.hash)), "ERR_ALG_NOT_ALLOWED",
      { keys: keySet(jwk), source: "RFC 8725 §2.1, CVE-2016-10555" }),
  ];
});

/** A stray bit needs a signature whose length is no multiple of three bytes; those of 96 and 132 bytes have none. */
const stray = [...RS, ...PS].map((mine) =>
  vector(`a stray bit in ${an(mine.alg)} signature is refused`, withStrayBit(signedBy(mine, mine.sign)), "ERR_BASE64_INVALID",
    { keys: keySet(mine.jwk) }));

/** Every algorithm's token meets every other one's key. */
const others = [...PUBLIC, ES256, RS256, PS256].flatMap((mine) => PUBLIC.filter((theirs) => theirs.alg !== mine.alg).flatMap((theirs) => [
  vector(`a good ${theirs.alg} token is refused by ${an(mine.alg)} key of its kid`, signedBy(theirs, theirs.sign), "ERR_ALG_NOT_ALLOWED",
    { keys: keySet({ ...mine.jwk, alg: mine.alg, kid: theirs.jwk.kid }), source: "RFC 8725 §3.1" }),
  vector(`${an(theirs.alg)} signature under ${mine.alg} is refused by a key for ${mine.alg}`, token(mine.headerOf(), claims(), theirs.sign),
    "ERR_SIGNATURE_INVALID", { keys: keySet(mine.jwk), ...BY_PROMISE }),
]));

const RSA_SAYS_NOTHING = rsaKey(BITS_2048, { kid: "r1" }).jwk;
const defaults = [...RS, ...PS].map((mine) =>
  vector(`an RSA key without alg is for RS256, not for ${mine.alg}`, token(mine.headerOf({ kid: "r1" }), claims(), mine.sign),
    "ERR_ALG_NOT_ALLOWED", { keys: keySet(RSA_SAYS_NOTHING) }));

const psychic = { source: "CVE-2022-21449" };
const curves = ES.flatMap((mine) => {
  const { alg, curve: { n, name, size }, key, sign } = mine;
  const halves = (change) => signedBy(mine, (text) => withHalves(sign(text), change));
  const ofKey = (what, changes, outcome, more) => vector(what, signedBy(mine, sign), outcome, { keys: keySet({ ...mine.jwk, ...changes }), ...more });
  const keyRefused = (what, changes) => ofKey(what, changes, "ERR_KEY_SET_INVALID");
  const [x, y] = ["x", "y"].map((coordinate) => Buffer.from(key.jwk[coordinate], "base64url"));
  const padded = (coordinate) => base64url(Buffer.concat([Buffer.alloc(1), coordinate]));
  return [
    reached(mine, `${an(alg)} key that says ${alg} is for that`, signedBy(mine, sign), "accepted", { keys: keySet({ ...mine.jwk, alg }) }),
    reached(mine, `${an(alg)} signature with the other of its two s is accepted`, halves((r, s) => [r, n - s]), "accepted",
      { source: "RFC 7518 §3.4, FIPS 186-5 §6.4.2" }),
    ...[
      ["r and s are zero", [0n, 0n]], ["r is zero and s is one", [0n, 1n]], ["r is one and s is zero", [1n, 0n]], ["r and s are n", [n, n]],
      ["r and s are one", [1n, 1n]], ["r and s are n less one", [n - 1n, n - 1n]], ["every bit is set", Array(2).fill(2n ** BigInt(8 * size) - 1n)],
    ].map(([what, pair]) => refused(mine, `${an(alg)} signature where ${what} is refused`, halves(() => pair), psychic)),
    refused(mine, `${an(alg)} signature whose s is n is refused`, halves((r) => [r, n]), psychic),
    refused(mine, `${an(alg)} signature with its halves swapped is refused`, halves((r, s) => [s, r])),
    ...["sha256", "sha384", "sha512"].filter((hash) => hash !== mine.hash).map((hash) =>
      refused(mine, `${an(alg)} key's signature of a hash by ${hash} is refused`, signedBy(mine, (text) => sign(text, hash)))),
    ...["EdDSA", "ES256", "RS256", "PS256", "HS256", alg === "ES384" ? "ES512" : "ES384"].map((other) =>
      keyRefused(`a ${name} key that says ${other} is refused, another kind's`, { alg: other })),
    keyRefused(`a ${name} key with x and y swapped is refused`, { x: key.jwk.y, y: key.jwk.x }),
    keyRefused(`a ${name} key whose y has one bit flipped is refused`, { y: base64url(bytes(number(y) ^ 1n, size)) }),
    keyRefused(`a ${name} key whose x has a zero before it is refused`, { x: padded(x) }),
    keyRefused(`a ${name} key without y is refused`, { y: undefined }),
    keyRefused(`a ${name} point of zeros is refused`, { x: base64url(Buffer.alloc(size)), y: base64url(Buffer.alloc(size)) }),
    keyRefused(`a ${name} point of all bits is refused`, { x: base64url(Buffer.alloc(size, 255)), y: base64url(Buffer.alloc(size, 255)) }),
    keyRefused(`a point of P-256 is refused as one of ${name}`, { x: ec.jwk.x, y: ec.jwk.y }),
    keyRefused(`a private ${name} key is refused: it must never have been published`, { d: base64url(key.secret) }),
  ];
});

const salts = PS.flatMap((mine) => {
  const { alg, hash } = mine;
  const salted = (changes) => signedBy(mine, ps256(rsa, { hash, salt: salt(hash), ...changes }));
  return [
    ...[0, 32, 48, 64].filter((length) => length !== LENGTHS[hash]).map((length) =>
      refused(mine, `${an(alg)} signature with a salt of ${length} bytes is refused`, salted({ salt: Buffer.alloc(length, 9) }),
        { source: "RFC 7518 §3.5" })),
    refused(mine, `${an(alg)} signature with a mask by SHA-256 is refused`, salted({ mgfHash: "sha256" }), { source: "RFC 7518 §3.5" }),
  ];
});

const HMACS = [["HS256", "sha256", 32], ["HS384", "sha384", 48], ["HS512", "sha512", 64]].map(([alg, hash, length]) =>
  ({ alg, hash, length, secret: Buffer.alloc(length, 5), headerOf: (changes) => header({ alg, kid: undefined, ...changes }) }));
const [HS256] = HMACS;
const hmacs = HMACS.flatMap((mine) => {
  const { alg, hash, length, headerOf } = mine;
  const keys = secret(mine.secret, alg);
  const sign = hmac(mine.secret, hash);
  const short = mine.secret.subarray(1);
  const of = (name, given, outcome, more) => vector(name, given, outcome, { keys, ...more });
  return [
    of(`a good token by a secret for ${alg} is accepted`, token(headerOf(), claims(), sign), "accepted"),
    of(`a kid means nothing beside a secret for ${alg}`, token(headerOf({ kid: "any" }), claims(), sign), "accepted"),
    of(`${an(alg)} tag of half its length is refused`, token(headerOf(), claims(), (text) => sign(text).subarray(0, length / 2)),
      "ERR_SIGNATURE_INVALID", { source: "RFC 7518 §3.2" }),
    of(`${an(alg)} tag by another secret is refused`, token(headerOf(), claims(), hmac(Buffer.alloc(length, 6), hash)), "ERR_SIGNATURE_INVALID"),
    of(`a secret of ${length - 1} bytes for ${alg} is refused`, token(headerOf(), claims(), hmac(short, hash)), "ERR_KEY_SET_INVALID",
      { keys: secret(short, alg), source: "RFC 7518 §3.2" }),
    ...HMACS.filter((theirs) => theirs.alg !== alg).flatMap((theirs) => [
      of(`${an(theirs.alg)} token is refused by a secret for ${alg}`, token(theirs.headerOf(), claims(), hmac(mine.secret, theirs.hash)),
        "ERR_ALG_NOT_ALLOWED", { source: "RFC 8725 §3.1" }),
      of(`a tag by ${theirs.hash} under ${alg} is refused`, token(headerOf(), claims(), hmac(mine.secret, theirs.hash)), "ERR_SIGNATURE_INVALID"),
    ]),
  ];
});

/** Secrets in a key set (RFC 7518 §6.4) of the verifier's own configuration. */
const oct = (changes) => ({ kty: "oct", kid: "s", k: base64url(SECRET), ...changes });
const byOct = (name, headerPart, outcome, keys, signer = hmac(SECRET), more = {}) => vector(name, token(headerPart, claims(), signer), outcome, { keys, ...more });
const named = (changes) => HS256.headerOf({ kid: "s", ...changes });
const secretsInSets = [
  byOct("a secret in a key set is found by its kid", named(), "accepted", keySet(oct(), ec.jwk)),
  byOct("a secret in a key set is found by its algorithm", named({ kid: undefined }), "accepted", keySet(oct(), ec.jwk)),
  byOct("a secret in a key set without a kid is for any kid", named(), "accepted", keySet(oct({ kid: undefined }), ec.jwk)),
  byOct("a secret in a key set is unknown under another kid", named({ kid: "t" }), "ERR_KEY_UNKNOWN", keySet(oct(), ec.jwk)),
  byOct("a secret that says HS512 is for that", named({ alg: "HS512" }), "accepted", keySet(oct({ alg: "HS512", k: base64url(Buffer.alloc(64, 5)) })),
    hmac(Buffer.alloc(64, 5), "sha512")),
  byOct("a secret that says HS512 is not for HS256", named(), "ERR_ALG_NOT_ALLOWED", keySet(oct({ alg: "HS512", k: base64url(Buffer.alloc(64, 5)) })),
    hmac(Buffer.alloc(64, 5))),
  byOct("a secret in a key set that is shorter than its hash is refused", named({ alg: "HS512" }), "ERR_KEY_SET_INVALID",
    keySet(oct({ alg: "HS512" })), hmac(SECRET, "sha512"), { source: "RFC 7518 §3.2" }),
  byOct("a secret in a key set for RS256 is refused", named(), "ERR_KEY_SET_INVALID", keySet(oct({ alg: "RS256" }))),
  byOct("a secret in a key set for encryption is passed over", named(), "ERR_KEY_UNKNOWN", keySet(oct({ use: "enc" }))),
  byOct("a secret in a key set with padding is refused", named(), "ERR_KEY_SET_INVALID", keySet(oct({ k: `${base64url(SECRET)}=` }))),
  byOct("a public key that has a k is refused, even as a secret", named(), "ERR_KEY_SET_INVALID", keySet({ ...ec.jwk, kid: "s", k: base64url(SECRET) })),
  byOct("beside a secret, a token by a public key of an unknown kid is by an unknown key", ES256.headerOf({ kid: "e9" }), "ERR_KEY_UNKNOWN",
    keySet(oct({ kid: undefined }), ec.jwk), ec.sign),
  byOct("an HMAC with the public key beside a secret is refused", HS256.headerOf({ kid: ec.kid }), "ERR_ALG_NOT_ALLOWED", keySet(oct(), ec.jwk),
    hmac(JSON.stringify(ec.jwk)), { source: "RFC 8725 §2.1, CVE-2016-10555" }),
];

export default [...common, ...stray, ...others, ...defaults, ...curves, ...salts, ...hmacs, ...secretsInSets];
