/** A revocation of a key under load, whose duration is measured. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep } from "../../support/client.js";
import { IssuerUnderLoad, LAG, LEAD, MAX_AGE, PATIENCE, until } from "./issuer-under-load.js";
import { now } from "./scaled.js";

test("every verifier refuses a revoked key within the promised time, and accepts the next one at once", async (t) => {
  const issuer = await IssuerUnderLoad.open(t, "--key-rotation", "0");
  const { load } = issuer;
  const key = issuer.used();
  await until("the next key can be known to everybody", () => issuer.signingKeys().every(({ age }) => age > LEAD + 2 * LAG));
  await until("tokens are verified", () => load.tokens.has(key));
  load.revoked.add(key);
  const ordered = now();
  issuer.keys("revoke", key);
  const revoked = now();
  const lastAccepted = await watch(issuer, key);
  const next = issuer.used();
  for (const name of Object.keys(issuer.verifiers)) {
    await until(`${name} accepts the next key`, () => load.acceptedAt.has(`${name} ${next}`));
    const seconds = (lastAccepted[name] - revoked) / 1000;
    t.diagnostic(`${name}: the last token by the revoked key ${seconds} s after the command, the first by the next ${(load.acceptedAt.get(`${name} ${next}`) - revoked) / 1000} s after`);
    // jose counts from the response, not from the request: a response may be as old as an issuer's view.
    assert.ok(seconds <= MAX_AGE + (name === "jose" ? LAG : 0), `${name}: ${seconds} s`);
  }
  t.diagnostic(`the command took ${revoked - ordered} ms`);
  await issuer.end(t);
});

/** Verifies the newest token of a key until all verifiers have refused it for a while; returns when each accepted it last. */
async function watch({ verifiers, load }, key) {
  const last = {};
  const refusedSince = {};
  const isOver = () => Object.keys(verifiers).every((name) => now() - (refusedSince[name] ?? Infinity) > 1_000);
  const end = now() + PATIENCE;
  while (!isOver()) {
    assert.ok(now() < end, "a revoked key is trusted for ever");
    for (const [name, verify] of Object.entries(verifiers)) {
      const asked = now();
      const isGood = await verify(load.tokens.get(key)).then(() => true, () => false);
      last[name] ??= asked;
      if (isGood) last[name] = asked;
      refusedSince[name] = isGood ? undefined : (refusedSince[name] ?? asked);
    }
    await sleep(20);
  }
  return last;
}
