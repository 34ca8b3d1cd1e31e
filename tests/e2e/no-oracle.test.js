/**
 * An unknown user, a wrong password and a disabled user cannot be told apart: by text, code or time. Answers without a hash are in
 * `no-oracle-without-hash.test.js`.
 */

import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { issuerFor, temporaryFolder } from "../support/issuer.js";
import { byLength, skipUnlessLong } from "../support/length.js";
import { addUserTo, cannotRunPostgres, environmentOf, onStore, startPostgres } from "../support/postgres.js";
import { compare } from "../support/timing.js";

/** Few attempts per user, each from its own address: no attempt is throttled. */
const USERS = Number(process.env.HALLPASS_ORACLE_USERS ?? byLength({ short: 40, long: 100 }));
const ROUNDS = 3;

/** The maximum difference, as a fraction of a hash's time. The jitter of a network is more. */
const BOUND = 0.03;

let addresses = 0;

/** Tries to sign in from the next address of loopback: the answer without its id, and the milliseconds that it took. */
function attempt({ port }, username) {
  const address = 2 + (addresses++ % 60_000);
  const localAddress = `127.1.${address >> 8}.${address & 255}`;
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ username, password: "wrongPassword" });
    const headers = { "content-type": "application/json", "content-length": body.length };
    const start = performance.now();
    const sent = request({ port, host: "127.0.0.1", localAddress, method: "POST", path: "/login", headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => (text += part));
      answer.on("end", () => {
        const took = performance.now() - start;
        const { request_id, ...rest } = JSON.parse(text);
        const { date, "x-request-id": id, ...others } = answer.headers;
        resolve({ took, told: JSON.stringify([answer.statusCode, others, rest]) });
      });
    });
    sent.on("error", reject).end(body);
  });
}

/** Tries the names of several kinds by turns, the order of the kinds another each time; the times of each kind. */
async function measure(kinds) {
  const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  const told = new Set();
  for (let round = 0; round < ROUNDS; round++) {
    for (let user = 0; user < USERS; user++) {
      const inTurn = Object.entries(kinds).sort(() => Math.random() - 0.5);
      for (const [kind, { issuer, name }] of inTurn) {
        const answer = await attempt(issuer, name(user, round));
        times[kind].push(answer.took);
        told.add(answer.told);
      }
    }
  }
  return { times, told };
}

function report(t, what, { mean, difference, detectable }) {
  const percent = (value) => `${((100 * value) / mean).toFixed(2)} %`;
  t.diagnostic(`${what}: ${mean.toFixed(2)} ms, differs by ${percent(difference)}; ${percent(detectable)} would show`);
}

test("on sled, an unknown user, a wrong password and a disabled user get the same response in the same time", async (t) => {
  const folder = temporaryFolder(t);
  await sameForAllNames(t, { HALLPASS_STORE: `sled:${folder}` });
});

const skip = cannotRunPostgres() || skipUnlessLong;
test("on PostgreSQL, the response and its time do not tell which names exist", { skip }, async (t) => {
  await sameForAllNames(t, environmentOf(await startPostgres(t)));
});

async function sameForAllNames(t, env) {
  for (let user = 0; user < USERS; user++) {
    addUserTo(env, { username: `user ${user}`, password: "examplePassword" });
    addUserTo(env, { username: `gone ${user}`, password: "examplePassword" });
    onStore(env, ["user", "disable", `gone ${user}`]);
  }
  const issuer = await issuerFor(t, { args: ["--log", "error"], env, readsLog: false });
  // Without users, the decoy is a hash with the issuer's own parameters.
  const empty = ["--store", `sled:${temporaryFolder(t)}`, "--argon2-memory", "23MiB"];
  const dearer = await issuerFor(t, { args: [...empty, "--log", "error"], readsLog: false });
  const { times, told } = await measure({
    "wrong password": { issuer, name: (user) => `user ${user}` },
    "unknown user": { issuer, name: (user, round) => `nobody ${user} ${round}` },
    "disabled user": { issuer, name: (user) => `gone ${user}` },
    "a hash that takes a fifth longer": { issuer: dearer, name: (user, round) => `nobody ${user} ${round}` },
  });
  assert.equal(told.size, 1, [...told].join("\n"));
  const { "wrong password": known, "a hash that takes a fifth longer": longer, ...unknown } = times;
  for (const [kind, samples] of Object.entries(unknown)) {
    const found = compare(samples, known);
    report(t, `${kind} against a wrong password`, found);
    // It fails only for a difference that is there and is large: noise makes `atLeast` smaller, never larger.
    assert.ok(found.atLeast <= BOUND * found.mean, `${kind}: at least ${found.atLeast} ms of ${found.mean} ms`);
  }
  const found = compare(longer, known);
  report(t, "a hash that takes a fifth longer", found);
  // On a machine that is too busy to see it, it says nothing about the others either, and the figures above say so.
  if (found.detectable < 0.1 * found.mean) {
    assert.ok(found.atLeast > BOUND * found.mean, "a difference that is there is seen");
  }
}

test("the statistics detect a difference of 10 % in noise of 20 %, and none without one", () => {
  let state = 1;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const samples = (mean) => Array.from({ length: 300 }, () => mean * (0.8 + 0.4 * random()) + (random() < 0.02 ? 100 : 0));
  const same = compare(samples(20), samples(20));
  const tenth = compare(samples(22), samples(20));
  assert.ok(same.atLeast <= BOUND * same.mean, JSON.stringify(same));
  assert.ok(tenth.atLeast > BOUND * tenth.mean, JSON.stringify(tenth));
  assert.ok(tenth.detectable < 0.07 * tenth.mean, JSON.stringify(tenth));
});
