/** Random histories of the real client against the real issuer: a valid user is never signed out, a signed-out one never comes back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PageSession } from "../../verifier-wasm/dist/client/session.js";
import { runHistory } from "./simulation/history.js";
import { libfaketime, startIssuerWithClock } from "./simulation/issuer.js";

const HISTORIES = Number(process.env.HALLPASS_CLIENT_HISTORIES ?? 150);
const SEED = Number(process.env.HALLPASS_SEED ?? 0);
const START = Date.parse("2030-01-01T00:00:00Z");

test("honest", { skip: libfaketime() === undefined && "libfaketime is not installed", timeout: 600_000 }, async (t) => {
  const issuer = await startIssuerWithClock(t, { start: START / 1000 });
  let epoch = START;
  const counts = {};
  for (let seed = SEED; seed < SEED + HISTORIES; seed += 1) {
    const history = await runHistory({ seed, issuer, epoch, PageSession });
    epoch += Math.ceil(history.lasted / 1000) * 1000 + 3_600_000;
    for (const [name, count] of Object.entries(history.counts)) counts[name] = (counts[name] ?? 0) + count;
    const thefts = issuer.thefts();
    if (history.violations.length + thefts.length > 0) console.log(seed, history.violations, thefts, "\n  " + history.steps.join("\n  "));
    assert.ok(history.violations.length + thefts.length === 0);
  }
  console.log(counts);
});
