/** Shared secrets: their algorithms, beside public keys, and in key sets. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { createVerifier } from "hallpass";
import { SignJWT } from "jose";
import { publish, startKeyServer } from "../../../tests/support/key-server.js";
import { accessClaims, AUDIENCE, freshKey, ISSUER } from "../../../tests/support/tokens.js";

const options = { issuer: ISSUER, audience: AUDIENCE };
const bySecret = (secret, alg, header = {}) =>
  new SignJWT(accessClaims({})).setProtectedHeader({ alg, typ: "at+jwt", ...header }).sign(secret);
const oct = (secret, members) => ({ kty: "oct", k: Buffer.from(secret).toString("base64url"), ...members });

const ALGORITHMS = ["HS256", "HS384", "HS512"];
const shared = randomBytes(64);
const signed = Object.fromEntries(await Promise.all(ALGORITHMS.map(async (alg) => [alg, await bySecret(shared, alg)])));

test("a secret is for HS256, unless secretAlg names another algorithm", () => {
  for (const own of ALGORITHMS) {
    const verifier = createVerifier({ ...options, secret: shared, ...(own !== "HS256" && { secretAlg: own }) });
    assert.equal(verifier.verifySync(signed[own]).sub, "user-1");
    for (const other of ALGORITHMS.filter((alg) => alg !== own)) {
      const message = `the header's \`alg\` must be that of the key: expected "${own}", found "${other}"`;
      assert.throws(() => verifier.verifySync(signed[other]), { code: "ERR_ALG_NOT_ALLOWED", message });
    }
  }
});

test("a secret that is shorter than its hash is refused, and the message names both", async () => {
  for (const [secretAlg, bytes] of [["HS256", 32], ["HS384", 48], ["HS512", 64]]) {
    const verifier = createVerifier({ ...options, secret: randomBytes(bytes - 1), secretAlg });
    const message = `a secret for ${secretAlg} must have at least ${bytes} bytes`;
    assert.throws(() => verifier.verifySync(signed[secretAlg]), { code: "ERR_KEY_SET_INVALID", message });
  }
});

test("an issuer may have fetched keys and a secret, each for its own algorithm", async (t) => {
  const key = await freshKey("k1", "ES256");
  const server = await startKeyServer(publish(key.jwk));
  t.after(() => server.stop());
  const secret = randomBytes(32);
  const verifier = createVerifier({ ...options, jwks: server.url, secret });
  assert.equal((await verifier.verify(await key.sign())).sub, "user-1");
  for (const header of [{}, { kid: "k1" }, { kid: "other" }]) {
    assert.equal((await verifier.verify(await bySecret(secret, "HS256", header))).sub, "user-1");
  }
  const forged = await bySecret(Buffer.from(JSON.stringify(key.jwk)), "HS256", { kid: "k1" });
  await assert.rejects(verifier.verify(forged), { code: "ERR_SIGNATURE_INVALID" });
  const foreign = await freshKey("k2", "ES256");
  await assert.rejects(verifier.verify(await foreign.sign()), { code: "ERR_KEY_UNKNOWN" });
});

test("a key set that is given as an object may have secrets; a fetched one may not", async (t) => {
  const [secret, key] = [randomBytes(32), await freshKey("k1")];
  const jwks = { keys: [oct(secret, { kid: "s1" }), key.jwk] };
  const token = await bySecret(secret, "HS256", { kid: "s1" });
  const given = createVerifier({ ...options, jwks });
  assert.equal(given.verifySync(token).sub, "user-1");
  assert.equal(given.verifySync(await key.sign()).sub, "user-1");

  const server = await startKeyServer(publish(...jwks.keys));
  t.after(() => server.stop());
  const fetched = createVerifier({ ...options, jwks: server.url });
  assert.equal((await fetched.verify(await key.sign())).sub, "user-1");
  await assert.rejects(fetched.verify(token), { code: "ERR_KEY_UNKNOWN" });
  assert.match(fetched.keyReport()[0].reason, /must not contain secrets/);
});

test("no error shows a secret", async () => {
  const secret = randomBytes(16);
  const { k } = oct(secret);
  const verifiers = [createVerifier({ ...options, secret }), createVerifier({ ...options, jwks: { keys: [oct(secret)] } })];
  for (const verifier of verifiers) {
    assert.throws(() => verifier.verifySync(signed.HS256), (error) => !`${error.stack}${JSON.stringify(error)}`.includes(k));
  }
});
