/** Keys of a set that cannot be used are skipped and named (RFC 7517 §5). */

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { createVerifier } from "hallpass";
import { key, keySet, NOW, otherKey, token } from "../../../tests/vectors/build.js";

const policy = { issuer: "https://auth.example", audience: "api", now: () => NOW };
const shortRsa = { ...generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" }), kid: "short" };
const sets = keySet({ kty: "AKP", kid: "post-quantum" }, key.jwk, shortRsa, { ...otherKey.jwk, kid: undefined, use: "enc" });

test("the report names the keys that are not used, and the others verify", async () => {
  const verifier = createVerifier({ ...policy, jwks: sets });
  assert.equal((await verifier.verify(token())).sub, "user-1");
  assert.deepEqual(verifier.keyReport(), [
    { issuer: policy.issuer, index: 0, kid: "post-quantum", reason: "a key's `kty` and `crv` must be of a supported kind" },
    {
      issuer: policy.issuer, index: 2, kid: "short",
      reason: "an RSA key's `n` must be base64url of an odd number of 2048 to 8192 bits",
    },
    { issuer: policy.issuer, index: 3, reason: "a key's `use` or `key_ops` does not permit the verification of signatures" },
  ]);
});

test("a set of good keys and a secret have an empty report", () => {
  assert.deepEqual(createVerifier({ ...policy, jwks: keySet(key.jwk) }).keyReport(), []);
  assert.deepEqual(createVerifier({ ...policy, secret: new Uint8Array(32) }).keyReport(), []);
});

test("the report of fetched keys is empty before the fetch, and has the issuer of each key", async () => {
  const fetch = async (url) => Response.json(url.includes("one") ? keySet(shortRsa, key.jwk) : keySet(otherKey.jwk, shortRsa));
  const issuers = ["one", "two"].map((name) => ({ issuer: `https://${name}.example`, jwks: `https://${name}.example/jwks` }));
  const verifier = createVerifier({ issuers, audience: "api", now: () => NOW, fetch });
  assert.deepEqual(verifier.keyReport(), []);
  for (const { issuer } of issuers) {
    const unsigned = { alg: "EdDSA", typ: "at+jwt" };
    const claims = { iss: issuer, aud: "api", sub: "u1", exp: NOW + 300 };
    const { sign } = issuer.includes("one") ? key : otherKey;
    assert.equal((await verifier.verify(token(unsigned, claims, sign))).sub, "u1");
  }
  const found = verifier.keyReport().map(({ issuer, index, kid }) => [issuer, index, kid]);
  assert.deepEqual(found, [["https://one.example", 0, "short"], ["https://two.example", 1, "short"]]);
});

test("without any usable key the set is invalid, and the error is that of its key", async () => {
  const verifier = createVerifier({ ...policy, jwks: keySet(shortRsa) });
  const invalid = { code: "ERR_KEY_SET_INVALID", message: /2048 to 8192 bits/ };
  await assert.rejects(verifier.verify(token()), invalid);
  assert.throws(() => verifier.keyReport(), invalid);
});
