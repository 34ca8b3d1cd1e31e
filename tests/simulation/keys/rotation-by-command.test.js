/** Rotations of keys by command under load, with restarts in every state of the keys. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep } from "../../support/client.js";
import { byLength } from "../../support/length.js";
import { IssuerUnderLoad, LEAD, until } from "./issuer-under-load.js";

const ROTATIONS = byLength({ short: 1, long: 3 });

test(`rotations by command (${ROTATIONS}), and a restart in every state of the keys, under load: no token is refused`, async (t) => {
  const issuer = await IssuerUnderLoad.open(t, "--key-rotation", "0");
  const { load } = issuer;
  const states = () => issuer.signingKeys().map(({ state }) => state).sort();
  const published = () => issuer.signingKeys().find(({ state }) => state === "published");
  for (let rotation = 1; rotation <= ROTATIONS; rotation += 1) {
    const { key, age } = published();
    if (age < LEAD) await issuer.restart("--key-rotation", "0");
    issuer.keys("rotate");
    await until("the next key signs", () => load.tokens.has(key));
    assert.equal(load.kids.at(-1), key);
    assert.ok(states().includes("retired"));
    // Just rotated: one key is retired, and the next one is published.
    await issuer.restart("--key-rotation", "0");
    await until("the next key is old enough", () => published().age > LEAD);
    await issuer.restart("--key-rotation", "0");
  }
  await until("the retired are gone", () => !states().includes("retired"));
  await issuer.restart("--key-rotation", "0");
  await sleep(1_000);
  assert.deepEqual(states(), ["in use", "published"]);
  assert.equal(load.kids.length, ROTATIONS + 1);
  await issuer.end(t);
});
