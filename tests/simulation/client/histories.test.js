/** Random histories of the real client with the real issuer: no valid user is signed out, and no signed-out user returns. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PageSession } from "../../../verifier-wasm/dist/client/session.js";
import { byLength, skipUnlessLong } from "../../support/length.js";
import { breakClient, BROKEN } from "./broken.js";
import { libfaketime, PASSWORD, startIssuerWithClock, USERS } from "./issuer.js";
import { Runs } from "./runs.js";

/** The number of histories; each has up to ten tabs and forty steps. */
const HISTORIES = Number(process.env.HALLPASS_CLIENT_HISTORIES ?? byLength({ short: 50, long: 200 }));

/** The seed of the first history; each further one is one more. */
const SEED = Number(process.env.HALLPASS_SEED ?? 0);

/** Maximum histories until a faulty client is detected. */
const SOON = 300;

const options = { skip: libfaketime() === undefined && "libfaketime is not installed: nothing else moves the issuer's clock", timeout: 3_600_000 };

test(`${HISTORIES} random histories keep every valid user signed in and every other user signed out`, options, async (t) => {
  const runs = await Runs.start(t);
  const sums = {};
  for (let seed = SEED; seed < SEED + HISTORIES; seed += 1) {
    const { violations, steps, counts } = await runs.run(seed, PageSession);
    assert.ok(violations.length === 0, `seed ${seed}: ${violations.join("; ")}\n  ${steps.join("\n  ")}`);
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
  }
  assert.deepEqual(await runs.end(), []);
  t.diagnostic(Object.entries(sums).map(([name, count]) => `${count} ${name}`).join(", "));
  for (const [name, count] of Object.entries(sums)) assert.ok(count > 0, `no ${name}`);
});

test("the issuer's clock can be moved, and its theft alarm is detected", options, async (t) => {
  const start = Date.parse("2030-01-01T00:00:00Z") / 1000;
  const issuer = await startIssuerWithClock(t, { start });
  const post = async (path, body) => JSON.parse((await issuer.post(path, JSON.stringify(body))).text);
  const tokens = [(await post("/login", { username: USERS[0], password: PASSWORD, transport: "body" })).refresh_token];
  for (let use = 1; use <= 3; use += 1) {
    issuer.setTime(start + 100 * use);
    tokens.push((await post("/refresh", { refresh_token: tokens.at(-1) })).refresh_token);
  }
  assert.equal(new Set(tokens).size, 4);
  assert.equal((await post("/refresh", { refresh_token: tokens[0] })).error, "invalid_grant");
  await issuer.stop();
  assert.equal(issuer.thefts().length, 1);
});

for (const broken of BROKEN) {
  const skip = options.skip || skipUnlessLong;
  test(`a faulty client is detected: ${broken.name}`, { ...options, skip }, async (t) => {
    const runs = await Runs.start(t);
    const Broken = await breakClient(t, broken);
    for (let seed = 0; seed < SOON; seed += 1) {
      const { violations } = await runs.run(seed, Broken, broken.kinds);
      if (violations.length === 0) continue;
      t.diagnostic(`history ${seed + 1}: ${violations[0].split("\n")[0]}`);
      assert.deepEqual((await runs.run(seed, PageSession, broken.kinds)).violations, []);
      return;
    }
    assert.fail(`${SOON} histories find nothing`);
  });
}
