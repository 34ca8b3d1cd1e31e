/** A verifier with keys as an option: what it accepts and refuses. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createVerifier, HallpassError } from "hallpass";
import { SignJWT } from "jose";
import { accessClaims, AUDIENCE, freshKey, ISSUER, withOneCharacterChanged } from "../../../tests/support/tokens.js";

let key;
let verifier;

const options = (changes = {}) => ({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] }, ...changes });

before(async () => {
  key = await freshKey("k1");
  verifier = createVerifier(options());
});

/** The error of `verify`, which must equal that of `verifySync`. */
async function refusal(token, by = verifier) {
  const error = await by.verify(token).then(() => assert.fail("accepted"), (thrown) => thrown);
  assert.ok(error instanceof HallpassError, error);
  assert.throws(() => by.verifySync(token), { code: error.code });
  return error;
}

test("a valid token is accepted, and its claims are returned", async () => {
  const token = await key.sign({ roles: ["admin"] });
  const claims = await verifier.verify(token);
  assert.equal(claims.sub, "user-1");
  assert.deepEqual(claims.roles, ["admin"]);
  assert.deepEqual(verifier.verifySync(token), claims);
});

test("the verifier keeps its secret when the caller overwrites the bytes", async () => {
  for (const from of [(bytes) => Buffer.from(bytes), (bytes) => Uint8Array.from(bytes)]) {
    const secret = from(Array.from({ length: 32 }, (_, place) => place + 1));
    const sign = (bytes) => new SignJWT(accessClaims()).setProtectedHeader({ alg: "HS256", typ: "at+jwt" }).sign(bytes);
    const good = await sign(Uint8Array.from(secret));
    const forged = await sign(new Uint8Array(32));
    const bySecret = createVerifier({ issuer: ISSUER, audience: AUDIENCE, secret });
    secret.fill(0);
    assert.equal((await bySecret.verify(good)).sub, "user-1");
    assert.equal((await refusal(forged, bySecret)).code, "ERR_SIGNATURE_INVALID");
  }
});

test("a claim name with a line break leaves the message complete", async () => {
  const strict = createVerifier(options({ requiredClaims: ["a\nb"] }));
  assert.match((await refusal(await key.sign(), strict)).message, /the claim `a b` is missing/);
});

test("an expired token is refused, and leeway is granted", async () => {
  const past = Math.floor(Date.now() / 1000) - 10;
  const token = await key.sign({ exp: past });
  assert.equal((await refusal(token)).code, "ERR_TOKEN_EXPIRED");
  assert.ok(await createVerifier(options({ leeway: 60 })).verify(token));
  assert.ok(await createVerifier(options({ now: () => past - 1 })).verify(token));
});

test("a token that is not valid yet is refused", async () => {
  const token = await key.sign({ nbf: Math.floor(Date.now() / 1000) + 100 });
  assert.equal((await refusal(token)).code, "ERR_TOKEN_NOT_YET_VALID");
});

test("a token with one changed character is refused, at every position", async () => {
  const token = await key.sign();
  assert.equal((await refusal(withOneCharacterChanged(token))).code, "ERR_SIGNATURE_INVALID");
  for (let index = 0; index < token.length; index += 1) {
    const changed = token.slice(0, index) + (token[index] === "x" ? "y" : "x") + token.slice(index + 1);
    assert.throws(() => verifier.verifySync(changed), HallpassError, `character ${index}`);
  }
});

test("a token of another issuer or for another audience is refused with the claim", async () => {
  const foreign = await refusal(await key.sign({ iss: "https://evil.example" }));
  assert.deepEqual([foreign.code, foreign.claim, foreign.reason], ["ERR_CLAIM_INVALID", "iss", "is not the expected issuer"]);
  const misdirected = await refusal(await key.sign({ aud: "web" }));
  assert.deepEqual([misdirected.code, misdirected.claim], ["ERR_CLAIM_INVALID", "aud"]);
  assert.ok(await verifier.verify(await key.sign({ aud: ["web", AUDIENCE] })));
});

test("null leaves issuer and audience unchecked", async () => {
  const lax = createVerifier(options({ issuer: null, audience: null }));
  assert.ok(await lax.verify(await key.sign({ iss: "https://other.example", aud: "web" })));
});

test("a token with an unknown key, of another type, or unsigned is refused", async () => {
  const unknown = await freshKey("k2");
  assert.equal((await refusal(await unknown.sign())).code, "ERR_KEY_UNKNOWN");
  assert.equal((await refusal(await key.sign({}, { typ: "JWT" }))).code, "ERR_TYP_NOT_ACCEPTED");
  const impostor = await freshKey("k1");
  assert.equal((await refusal(await impostor.sign())).code, "ERR_SIGNATURE_INVALID");
  const [, claims] = (await key.sign()).split(".");
  const header = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url");
  assert.equal((await refusal(`${header}.${claims}.AQ`)).code, "ERR_ALG_NOT_ALLOWED");
});

test("an invalid time of the clock is an error", async () => {
  const token = await key.sign({ exp: 1 });
  for (const time of [NaN, -1, Infinity, Date.now(), undefined]) {
    assert.equal((await refusal(token, createVerifier(options({ now: () => time })))).code, "ERR_TIME_INVALID");
  }
});

test("an invalid key set is ERR_KEY_SET_INVALID", async () => {
  const token = await key.sign();
  for (const jwks of [{}, { keys: [{ kty: "oct", k: "AAAA" }] }, { keys: [{ ...key.jwk, kid: 7 }] }]) {
    assert.equal((await refusal(token, createVerifier(options({ jwks })))).code, "ERR_KEY_SET_INVALID");
  }
});

test("no error contains the token or a part of it", async () => {
  const good = await key.sign();
  const expired = await key.sign({ exp: 1 });
  const unknownKey = await (await freshKey("k2")).sign();
  for (const token of [withOneCharacterChanged(good), expired, unknownKey, `${good}.x`, good.slice(0, -1), `${good}=`]) {
    const error = await refusal(token);
    const text = [error.stack, String(error), JSON.stringify(error), error.claim, error.reason].join();
    for (const segment of token.split(".").filter(({ length }) => length > 8)) {
      assert.ok(!text.includes(segment), error.code);
    }
  }
});
