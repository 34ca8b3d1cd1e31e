/** Weeks of the real issuer's keys with the real verifier, in simulated time: no valid token is refused, and no revoked key is trusted too long. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createVerifier } from "hallpass";
import { byLength, skipUnlessLong } from "../../support/length.js";
import { BROKEN, BROKEN_ISSUERS, breakVerifier } from "./broken.js";
import { writeHistory } from "./history.js";
import { createJoseVerifier, JOSE_KINDS } from "./jose.js";
import { liveThrough } from "./life.js";
import { KINDS } from "./verifiers.js";

/** The number of histories and their days, with one verifier of each kind. */
const HISTORIES = Number(process.env.HALLPASS_KEY_HISTORIES ?? 1);
const DAYS = Number(process.env.HALLPASS_KEY_DAYS ?? byLength({ short: 1, long: 5 }));

/** The seed of the first history; each further one is one more. */
const SEED = Number(process.env.HALLPASS_SEED ?? 0);

/** Maximum histories until a fault is detected. */
const SOON = 6;

const options = { timeout: 6 * 3_600_000 };

/** The last histories of the unbroken issuer: most tests need the first. */
const written = new Map();

function historyOf(test, seed) {
  if (!written.has(seed)) {
    if (written.size >= SOON) written.clear();
    written.set(seed, writeHistory(test, { seed, days: DAYS }));
  }
  return written.get(seed);
}

const list = (numbers) => Object.entries(numbers).map(([name, number]) => `${number} ${name}`).join(", ");

test(`${HISTORIES} histories of ${DAYS} days refuse no valid token and trust no revoked key longer than promised`, options, async (t) => {
  const sums = {};
  const worst = {};
  for (let seed = SEED; seed < SEED + HISTORIES; seed += 1) {
    const lived = await liveThrough({ lines: historyOf(t, seed), seed, createVerifier });
    assert.deepEqual(lived.violations, [], `seed ${seed}`);
    for (const [name, count] of Object.entries(lived.counts)) sums[name] = (sums[name] ?? 0) + count;
    for (const [name, seconds] of Object.entries(lived.worst)) worst[name] = Math.max(worst[name] ?? 0, seconds);
  }
  t.diagnostic(`${KINDS.length} verifiers, ${list(sums)}`);
  t.diagnostic(`seconds at worst: ${list(worst)}`);
  for (const name of ["rotations", "revocations", "failures", "good", "stolenAccepted", "stolenRefused", "cutOff"]) assert.ok(sums[name] > 0, `no ${name}`);
});

const longOptions = { ...options, skip: skipUnlessLong };

for (const broken of BROKEN) {
  test(`a faulty verifier is detected: ${broken.name}`, longOptions, async (t) => {
    const kinds = KINDS.filter(({ name }) => broken.kinds === undefined || broken.kinds.test(name));
    const Broken = await breakVerifier(t, broken);
    await isFoundOut(t, (seed) => liveThrough({ lines: historyOf(t, seed), seed, createVerifier: Broken, kinds }));
  });
}

for (const [rule, name] of Object.entries(BROKEN_ISSUERS)) {
  test(`a faulty issuer is detected: ${name}`, longOptions, async (t) => {
    await isFoundOut(t, (seed) => liveThrough({ lines: writeHistory(t, { seed, days: DAYS, broken: rule }), seed, createVerifier }));
  });
}

async function isFoundOut(test, live) {
  for (let seed = 0; seed < SOON; seed += 1) {
    const { violations, counts } = await live(seed);
    if (violations.length > 0) return test.diagnostic(`history ${seed + 1}, after ${counts.questions} questions: ${violations[0]}`);
  }
  assert.fail(`${SOON} histories find nothing`);
}

test("verifiers with jose follow their own rules in the same history", longOptions, async (t) => {
  for (const kind of JOSE_KINDS) {
    const { counts, worst, violations } = await liveThrough({
      lines: historyOf(t, SEED), seed: SEED, createVerifier: createJoseVerifier, kinds: [kind], enough: Infinity,
    });
    const refused = violations.filter((violation) => violation.includes("refuses a good token")).length;
    const accepted = Math.max(worst.inTouch, worst.cutOff);
    t.diagnostic(`${kind.name}: ${counts.good} good, ${refused} refused, ${counts.cutOff} refused while cut off; a revoked key for ${accepted} s at most`);
    assert.ok(counts.good > 0);
  }
});
