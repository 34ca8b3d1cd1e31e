/** A call that ends in a stack overflow ends its wasm instance; the next call gets a new one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createVerifier, decode, isExpired } from "hallpass";
import { importPageBuild } from "../../../tests/support/page-build.js";
import { AUDIENCE, freshKey, ISSUER, withOneCharacterChanged } from "../../../tests/support/tokens.js";

/** Verifies recursively until the stack overflows, possibly during a call. */
function overflow(verifier, token) {
  const deeper = () => {
    verifier.verifySync(token);
    deeper();
  };
  assert.throws(deeper, RangeError);
}

test("all verifiers, with public keys or a secret, survive a stack overflow", async () => {
  const [key, es256] = await Promise.all([freshKey("k1"), freshKey("k1", "ES256")]);
  const token = await key.sign();
  const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] }, cache: { claims: "fresh" } });
  const plain = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] } });
  const several = createVerifier({
    audience: AUDIENCE,
    issuers: [{ issuer: ISSUER, jwks: { keys: [key.jwk] } }, { issuer: "https://b.example", secret: new Uint8Array(32) }],
  });
  const external = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [es256.jwk] } });
  const externalToken = await es256.sign();
  for (let round = 0; round < 5; round += 1) {
    overflow(plain, token);
    for (const each of [plain, verifier, several]) {
      assert.equal(each.verifySync(token).sub, "user-1");
      assert.throws(() => each.verifySync(withOneCharacterChanged(token)), { code: "ERR_SIGNATURE_INVALID" });
    }
    assert.equal((await external.verify(externalToken)).sub, "user-1");
    assert.equal(decode(token).claims.sub, "user-1");
    assert.equal(isExpired(token), false);
  }
});

test("a verification by WebCrypto survives a stack overflow", async () => {
  const { createVerifier } = await importPageBuild();
  const [key, es256] = await Promise.all([freshKey("k1"), freshKey("k1", "ES256")]);
  const plain = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] } });
  const external = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [es256.jwk] } });
  const pending = external.verify(await es256.sign());
  overflow(plain, await key.sign());
  assert.equal((await pending).sub, "user-1");
});
