/** The parts of vectors: fixed keys, hand-written tokens, and the defaults that a vector changes. */

import { createHmac, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { ecKey, P256 } from "./ecdsa.js";
import { BITS_2048, BITS_2048_TOO } from "./rsa-primes.js";
import { ps256, rs256, rsaKey } from "./rsa.js";

/** The time at which vectors are verified, in seconds since 1970. */
export const NOW = 1_790_000_000;

const ISSUER = "https://auth.example";

/** Encodes text or bytes as base64url, and an object as its JSON. */
export function base64url(part) {
  const isData = typeof part === "string" || part instanceof Uint8Array;
  return Buffer.from(isData ? part : JSON.stringify(part)).toString("base64url");
}

/** An Ed25519 key of 32 equal bytes, which is not secret. `sign(text)` returns the 64 bytes. */
export function ed25519Key(kid, byte) {
  return ed25519KeyOf(Buffer.alloc(32, byte), { kid });
}

/** The Ed25519 key of a seed (RFC 8032 §5.1.5), with additional members of its public JWK. */
export function ed25519KeyOf(seed, members) {
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const privateKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(privateKey);
  const { x } = publicKey.export({ format: "jwk" });
  const jwk = { kty: "OKP", crv: "Ed25519", x, ...members };
  return { kid: members.kid, seed, publicKey, jwk, sign: (text) => sign(null, Buffer.from(text), privateKey) };
}

/** The issuer's key, and an attacker's. */
export const key = ed25519Key("k1", 7);
export const otherKey = ed25519Key("k2", 8);

/** The same for P-256 and RSA. An RSA key without an algorithm is for RS256. */
export const ec = ecKey(P256, "e1", 7);
export const otherEc = ecKey(P256, "e2", 8);
export const rsa = rsaKey(BITS_2048, { kid: "r1" });
export const otherRsa = rsaKey(BITS_2048_TOO, { kid: "r2" });
export const pss = rsaKey(BITS_2048, { kid: "p1", alg: "PS256" });
export const otherPss = rsaKey(BITS_2048_TOO, { kid: "p2", alg: "PS256" });

/**
 * For a vector whose token reaches the signature check with a key of these types: JavaScript checks it with WebCrypto, which is
 * asynchronous.
 */
export const BY_PROMISE = { sync: "ERR_ALG_NEEDS_ASYNC" };

/** A shared secret, and how it signs. */
export const SECRET = Buffer.alloc(32, 5);
export const hmac = (secret, hash = "sha256") => (text) => createHmac(hash, secret).update(text).digest();

/** A valid header and valid claims, with changes; a member that is `undefined` is omitted. */
export const header = (changes) => ({ alg: "EdDSA", typ: "at+jwt", kid: key.kid, ...changes });
export const hs256Header = (changes) => header({ alg: "HS256", kid: undefined, ...changes });
export const es256Header = (changes) => header({ alg: "ES256", kid: ec.kid, ...changes });
export const rs256Header = (changes) => header({ alg: "RS256", kid: rsa.kid, ...changes });
export const ps256Header = (changes) => header({ alg: "PS256", kid: pss.kid, ...changes });
export const claims = (changes) =>
  ({ iss: ISSUER, sub: "user-1", aud: "api", iat: NOW, exp: NOW + 300, jti: "token-1", ...changes });

/** Each type of public key: its algorithm, a valid header, its signer, and the members of its vectors. */
export const EDDSA = { alg: "EdDSA", jwk: key.jwk, headerOf: header, sign: key.sign, more: {} };
export const ES256 = { alg: "ES256", jwk: ec.jwk, headerOf: es256Header, sign: ec.sign, more: BY_PROMISE };
export const RS256 = { alg: "RS256", jwk: rsa.jwk, headerOf: rs256Header, sign: rs256(rsa), more: BY_PROMISE };
export const PS256 = { alg: "PS256", jwk: pss.jwk, headerOf: ps256Header, sign: ps256(pss), more: BY_PROMISE };

/** The JSON text of an object with one hand-written value. */
export function spelled(object, name, text) {
  return JSON.stringify({ ...object, [name]: "@" }).replace('"@"', () => text);
}

/** A signed token with any header and claims, each an object, a text or bytes. */
export function token(headerPart = header(), claimsPart = claims(), signer = key.sign) {
  const signingInput = `${base64url(headerPart)}.${base64url(claimsPart)}`;
  return `${signingInput}.${base64url(signer(signingInput))}`;
}

/** The first of a series of valid tokens, which differ in their `jti`, for which the signer returns a signature. */
export function firstToken(headerPart, signer, from = 1) {
  for (let number = from; ; number += 1) {
    const text = token(headerPart, claims({ jti: `token-${number}` }), () => "").slice(0, -1);
    const signature = signer(text);
    if (signature !== undefined) return `${text}.${base64url(signature)}`;
  }
}

/** The same bytes, of a segment or a whole token, with an unused bit of the last character set. */
export function withStrayBit(text) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (text.split(".").at(-1).length % 4 === 0) throw new Error("no bit to spare");
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)) + 1];
}

/** The keys of a vector: public ones, or a shared secret. */
export const keySet = (...keys) => ({ keys });
export const secret = (bytes, alg) => ({ secret: base64url(bytes), ...(alg && { alg }) });

/** An issuer among several. */
export const issuer = (name, jwks) => ({ issuer: name, jwks });
export const issuerBySecret = (name, bytes) => ({ issuer: name, ...secret(bytes) });

/**
 * One vector. The outcome is "accepted" or a code, followed by the invalid claim: "ERR_CLAIM_INVALID exp". The defaults are the
 * issuer's key, its policy and the time. `sync` is the code of `verifySync` if it differs.
 */
export function vector(name, given, outcome, { source, policy, keys, issuers, now = NOW, sync } = {}) {
  const [expected, claim] = outcome.split(" ");
  const expectedIssuer = issuers ? {} : { issuer: ISSUER };
  return {
    name,
    ...(source && { source }),
    policy: { ...expectedIssuer, audience: "api", ...policy },
    ...(issuers ? { issuers } : { keys: keys ?? keySet(key.jwk) }),
    now,
    token: given,
    expected,
    ...(claim && { claim }),
    ...(sync && { sync }),
  };
}

/** The name of an algorithm in a sentence. */
export const an = (alg) => `${alg.startsWith("PS") ? "a" : "an"} ${alg}`;

/** The vector of a token with a valid header, signed with the issuer's key. */
export const ofClaims = (name, claimsPart, outcome, more) => vector(name, token(header(), claimsPart), outcome, more);

/** The vector of a token with valid claims, signed with the issuer's key. */
export const ofHeader = (name, headerPart, outcome, more) => vector(name, token(headerPart), outcome, more);
