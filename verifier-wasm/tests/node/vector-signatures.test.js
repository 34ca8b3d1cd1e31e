/**
 * Checks the ECDSA and RSA signatures of the vectors with two implementations that share no code with their program:
 * `jose`, and OpenSSL behind `node:crypto`.
 */

import assert from "node:assert/strict";
import { constants, createPublicKey, verify } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { compactVerify, importJWK } from "jose";
import { folder } from "../../../tests/support/vector-suite.js";
import { textOf } from "../../../tests/support/vectors.js";

const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
const vectors = files.flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")));
/** The vectors whose tokens reach the signature check. */
const reached = vectors.filter(({ sync }) => sync === "ERR_ALG_NEEDS_ASYNC");
const fits = ({ expected }) => expected !== "ERR_SIGNATURE_INVALID";

/**
 * Known errors of these implementations: OpenSSL, which Node's WebCrypto and so `jose` use, accepts a PSS signature that is shorter
 * than the modulus (RFC 8017 §8.1.2 requires the same length).
 */
const MISJUDGED = ["a PS256 signature that has lost its leading zero is refused"];

const OPENSSL = {
  ES: { dsaEncoding: "ieee-p1363" },
  RS: { padding: constants.RSA_PKCS1_PADDING },
  PS: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
};

const judges = {
  jose: async (token, alg, jwk) => compactVerify(token, await importJWK({ ...jwk, alg })).then(() => true, () => false),
  OpenSSL: async (token, alg, jwk) => {
    const dot = token.lastIndexOf(".");
    const text = token.slice(0, dot);
    const signature = token.slice(dot + 1);
    const key = { key: createPublicKey({ format: "jwk", key: jwk }), ...OPENSSL[alg.slice(0, 2)] };
    return verify(`sha${alg.slice(2)}`, Buffer.from(text), key, Buffer.from(signature, "base64url"));
  },
};

/** Whether a key is for an algorithm: its own, else the only or the most common one of its type. */
const isFor = (algorithm, { kty, crv, alg }) =>
  (alg || { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" }[crv] || (kty === "RSA" && "RS256")) === algorithm;

for (const [name, isGood] of Object.entries(judges)) {
  test(`${name} agrees with the vectors on ${reached.length} signatures`, async () => {
    assert.ok(reached.some(fits) && !reached.every(fits));
    for (const vector of reached) {
      const token = textOf(vector.token);
      const [header, claims] = token.split(".").slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
      const set = vector.keys ?? vector.issuers.find(({ issuer }) => issuer === claims.iss).jwks;
      const jwk = set.keys.find((key) => isFor(header.alg, key) && [undefined, key.kid].includes(header.kid));
      assert.equal(await isGood(token, header.alg, jwk), fits(vector) || MISJUDGED.includes(vector.name), vector.name);
    }
  });
}
