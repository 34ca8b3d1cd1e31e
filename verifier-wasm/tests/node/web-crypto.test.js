/** ECDSA and RSA: their signatures are checked by `node:crypto`, in pages by WebCrypto, all else in the wasm module. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as forServers from "hallpass";
import { importPageBuild } from "../../../tests/support/page-build.js";
import { publish, startKeyServer } from "../../../tests/support/key-server.js";
import { AUDIENCE, freshKey, ISSUER, withOneCharacterChanged } from "../../../tests/support/tokens.js";

const ALGORITHMS = ["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

/** A promise and what settles it; Node 20 has no `Promise.withResolvers`. */
function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

const forPages = await importPageBuild();
const BUILDS = { "by node:crypto": forServers, "by WebCrypto": forPages };

const verifierFor = ({ createVerifier }, ...keys) => createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: keys.map(({ jwk }) => jwk) } });

const everyWay = Object.entries(BUILDS).flatMap(([name, hallpass]) => ALGORITHMS.map((alg) => [alg, name, hallpass]));

for (const [alg, name, hallpass] of everyWay) {
  test(`a valid ${alg} token is verified asynchronously ${name}, and its claims are returned`, async () => {
    const key = await freshKey("k1", alg);
    const verifier = verifierFor(hallpass, key);
    assert.equal((await verifier.verify(await key.sign({ sub: "user-7" }))).sub, "user-7");
    assert.equal((await verifier.verify(await key.sign({ sub: "user-8" }))).sub, "user-8");
  });

  test(`an ${alg} token with an invalid signature and invalid claims is refused ${name} for its signature`, async () => {
    const key = await freshKey("k1", alg);
    const expired = await key.sign({ exp: 1 });
    const verifier = verifierFor(hallpass, key);
    await assert.rejects(verifier.verify(withOneCharacterChanged(expired)), { code: "ERR_SIGNATURE_INVALID" });
    await assert.rejects(verifier.verify(expired), { code: "ERR_TOKEN_EXPIRED", claim: "exp" });
    const other = await freshKey("k1", alg);
    await assert.rejects(verifierFor(hallpass, other).verify(await key.sign()), { code: "ERR_SIGNATURE_INVALID" });
  });
}

for (const alg of ALGORITHMS) {
  test(`verifySync accepts a valid ${alg} token in Node, and refuses an invalid one`, async () => {
    const key = await freshKey("k1", alg);
    const verifier = verifierFor(forServers, key);
    const token = await key.sign({ sub: "user-7" });
    assert.equal(verifier.verifySync(token).sub, "user-7");
    assert.throws(() => verifier.verifySync(withOneCharacterChanged(token)), { code: "ERR_SIGNATURE_INVALID" });
    assert.throws(() => verifier.verifySync(`${token.slice(0, token.lastIndexOf("."))}.AA`), { code: "ERR_SIGNATURE_INVALID" });
  });

  test(`verifySync refuses any ${alg} token with ERR_ALG_NEEDS_ASYNC in a page`, async () => {
    const key = await freshKey("k1", alg);
    const token = await key.sign();
    for (const given of [token, withOneCharacterChanged(token)]) {
      assert.throws(() => verifierFor(forPages, key).verifySync(given), { code: "ERR_ALG_NEEDS_ASYNC", message: /use `verify`/ });
    }
  });
}

test("a token that WebCrypto checked is cached for verify only; verifySync still refuses it", async () => {
  const key = await freshKey("k1", "ES256");
  const token = await key.sign();
  const verifier = forPages.createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] }, cache: true });
  const claims = await verifier.verify(token);
  assert.equal(await verifier.verify(token), claims);
  assert.throws(() => verifier.verifySync(token), { code: "ERR_ALG_NEEDS_ASYNC" });
});

test("a key set may have keys of every type, each for its own algorithm only", async () => {
  const keys = await Promise.all(["EdDSA", ...ALGORITHMS].map((alg) => freshKey(alg, alg)));
  const verifier = verifierFor(forServers, ...keys);
  for (const key of keys) {
    await verifier.verify(await key.sign());
    for (const other of keys.filter((each) => each !== key)) {
      await assert.rejects(verifier.verify(await key.sign({}, { kid: other.jwk.kid })), { code: "ERR_ALG_NOT_ALLOWED" });
    }
  }
});

test("a key that is removed while WebCrypto verifies is not accepted", async (t) => {
  const [withdrawn, next] = await Promise.all([freshKey("k1", "ES256"), freshKey("k2", "ES256")]);
  const server = await startKeyServer(publish(withdrawn.jwk));
  t.after(() => server.stop());
  const verifier = forPages.createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: server.url });
  await verifier.verify(await withdrawn.sign());

  const { subtle } = globalThis.crypto;
  const own = subtle.verify;
  const asked = withResolvers();
  const released = withResolvers();
  t.after(() => delete subtle.verify);
  subtle.verify = async (...request) => {
    delete subtle.verify;
    asked.resolve();
    await released.promise;
    return own.apply(subtle, request);
  };
  const slow = verifier.verify(await withdrawn.sign());
  await asked.promise;
  server.answer = publish(next.jwk);
  await verifier.verify(await next.sign());
  released.resolve();
  await assert.rejects(slow, { code: "ERR_KEY_UNKNOWN" });
});

test("without WebCrypto, the error names what is missing", async () => {
  const key = await freshKey("k1", "ES256");
  const verifier = verifierFor(forPages, key);
  const token = await key.sign();
  const own = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
  try {
    await assert.rejects(verifier.verify(token), { code: "ERR_WEBCRYPTO_MISSING", message: /https:/ });
  } finally {
    Object.defineProperty(globalThis, "crypto", own);
  }
  await verifier.verify(token);
});
