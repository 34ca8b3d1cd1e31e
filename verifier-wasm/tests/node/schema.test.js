/** Claims checked by the caller's schema: by three libraries, and by a plain object. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type } from "arktype";
import { createVerifier } from "hallpass";
import * as v from "valibot";
import { z } from "zod";
import { AUDIENCE, freshKey, ISSUER, withOneCharacterChanged } from "../../../tests/support/tokens.js";

const key = await freshKey("k1");
const verifierWith = (changes) => createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] }, ...changes });
const byHand = (validate) => ({ "~standard": { version: 1, vendor: "hallpass", validate } });

const SCHEMAS = {
  zod: z.object({ plan: z.enum(["free", "paid"]) }),
  valibot: v.object({ plan: v.picklist(["free", "paid"]) }),
  arktype: type({ plan: "'free' | 'paid'" }),
};

for (const [library, schema] of Object.entries(SCHEMAS)) {
  test(`${library}: matching claims are returned, others are ERR_CLAIM_INVALID with the claim`, async () => {
    const verifier = verifierWith({ schema });
    const good = await key.sign({ plan: "paid" });
    const { plan, sub } = await verifier.verify(good);
    assert.deepEqual({ plan, sub }, { plan: "paid", sub: "user-1" });
    assert.equal(verifier.verifySync(good).plan, "paid");
    for (const claims of [{}, { plan: "trial" }, { plan: 7 }]) {
      const token = await key.sign(claims);
      const expected = { name: "HallpassError", code: "ERR_CLAIM_INVALID", claim: "plan", reason: /^does not match the schema: ./, message: /^the claim `plan` does not match/ };
      await assert.rejects(verifier.verify(token), expected);
      assert.throws(() => verifier.verifySync(token), expected);
    }
  });
}

test("a schema runs last: an otherwise invalid token does not reach it", async () => {
  const asked = [];
  const verifier = verifierWith({ schema: byHand((value) => (asked.push(value), { value })) });
  for (const token of [withOneCharacterChanged(await key.sign()), await key.sign({ exp: 1 }), await key.sign({ aud: "web" })]) {
    await assert.rejects(verifier.verify(token));
  }
  assert.equal(asked.length, 0);
  await verifier.verify(await key.sign());
  assert.equal(asked.length, 1);
});

test("the schema's result replaces a claim", async () => {
  const schema = z.object({ exp: z.number().transform((seconds) => new Date(seconds * 1000)), plan: z.string().default("free") });
  const claims = await verifierWith({ schema }).verify(await key.sign({ exp: 1_900_000_000 }));
  assert.deepEqual([claims.exp, claims.plan], [new Date(1_900_000_000_000), "free"]);
});

test("an issue of a nested claim names the outer claim, and an issue of the claim set names `*`", async () => {
  const nested = verifierWith({ schema: z.object({ limits: z.object({ seats: z.number() }) }) });
  await assert.rejects(nested.verify(await key.sign({ limits: { seats: "two" } })), { claim: "limits" });
  const together = verifierWith({ schema: byHand(() => ({ issues: [{ message: "no" }] })) });
  await assert.rejects(together.verify(await key.sign()), { claim: "*", message: "the claim set does not match the schema: no" });
  const withObject = verifierWith({ schema: byHand(() => ({ issues: [{ message: "no", path: [{ key: "plan" }] }] })) });
  await assert.rejects(withObject.verify(await key.sign()), { claim: "plan" });
  const silent = verifierWith({ schema: byHand(() => ({ issues: [] })) });
  await assert.rejects(silent.verify(await key.sign()), { code: "ERR_CLAIM_INVALID" });
});

test("an asynchronous schema is refused, and causes no unhandled rejection", async () => {
  const verifier = verifierWith({ schema: byHand(() => Promise.reject(new Error("late"))) });
  await assert.rejects(verifier.verify(await key.sign()), { code: "ERR_OPTIONS_INVALID", message: /`schema` must be synchronous/ });
});

test("an exception of a schema reaches the caller, and the next token is verified", async () => {
  let isBroken = true;
  const schema = byHand((value) => {
    if (isBroken) throw new RangeError("mine");
    return { value };
  });
  const verifier = verifierWith({ schema });
  await assert.rejects(verifier.verify(await key.sign()), { name: "RangeError", message: "mine" });
  isBroken = false;
  assert.equal((await verifier.verify(await key.sign())).sub, "user-1");
});

test("a schema may verify tokens", async () => {
  const plain = verifierWith();
  const inner = await key.sign({ sub: "user-2" });
  const verifier = verifierWith({ schema: byHand((value) => ({ value: { ...value, by: plain.verifySync(inner).sub } })) });
  const { sub, by } = verifier.verifySync(await key.sign());
  assert.deepEqual([sub, by], ["user-1", "user-2"]);
});

test("a schema runs once for a cached token, and JSON values are frozen", async () => {
  let asked = 0;
  const dates = byHand((value) => (asked += 1, { value: { seen: new Date(0), bytes: new Uint8Array(2), list: [{ a: 1 }], ...value } }));
  const verifier = verifierWith({ schema: dates, cache: true });
  const token = await key.sign();
  const claims = await verifier.verify(token);
  assert.equal(await verifier.verify(token), claims);
  assert.equal(asked, 1);
  assert.ok(Object.isFrozen(claims) && Object.isFrozen(claims.list[0]));
  const fresh = verifierWith({ schema: dates, cache: { claims: "fresh" } });
  assert.notEqual(await fresh.verify(token), await fresh.verify(token));
});

test("claims that the schema rejects are not cached", async () => {
  let isGood = false;
  const verifier = verifierWith({ cache: true, schema: byHand((value) => (isGood ? { value } : { issues: [{ message: "no" }] })) });
  const token = await key.sign();
  await assert.rejects(verifier.verify(token), { code: "ERR_CLAIM_INVALID" });
  isGood = true;
  assert.ok(await verifier.verify(token));
});

test("cached claims may be circular", async () => {
  const verifier = verifierWith({ cache: true, schema: byHand((value) => {
    const circle = { ...value };
    circle.self = circle;
    return { value: circle };
  }) });
  assert.ok(await verifier.verify(await key.sign()));
});
