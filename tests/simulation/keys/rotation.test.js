/**
 * Rotations of a real issuer under load with real verifiers and short intervals: by its schedule, by command, and across restarts
 * in every state of its keys; and a revocation, whose duration is measured.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep } from "../../support/client.js";
import { addUser, run, startIssuer, temporaryFolder } from "../../support/issuer.js";
import { Load } from "./load.js";
import { hasten, now, verifiers } from "./scaled.js";

const ISSUER = "http://localhost:8080";

/** Seconds: the freshness of a key set, and the maximum age of an issuer's own view. */
const MAX_AGE = 3;
const LAG = 1;
const TIMES = ["--key-set-max-age", `${MAX_AGE}s`, "--key-ring-lag", `${LAG}s`, "--access-ttl", "6s", "--refresh-grace", "0"];

/** Seconds between the publication of a key and its first use. */
const LEAD = MAX_AGE + LAG;

/** Maximum milliseconds that a test waits for a condition. */
const PATIENCE = 90_000;

async function until(what, condition) {
  const end = now() + PATIENCE;
  while (!(await condition())) {
    assert.ok(now() < end, `${what}: not within ${PATIENCE / 1000} s`);
    await sleep(50);
  }
}

/** An issuer on one folder that can be restarted, and its load. */
class House {
  #folder;
  #issuer;
  load;

  static async open(test, ...options) {
    const house = new House();
    house.#folder = temporaryFolder(test);
    addUser(house.#folder);
    hasten(test);
    await house.start(...options);
    test.after(() => house.#issuer.kill());
    const place = () => house.#issuer.url;
    house.verifiers = verifiers({ issuer: ISSUER, maxAge: MAX_AGE, place });
    house.load = new Load(place, house.verifiers);
    await house.#everyVerifierHasKeys();
    return house;
  }

  /** A verifier without keys correctly refuses every token while the issuer restarts: the tests begin after its first fetch. */
  async #everyVerifierHasKeys() {
    const names = Object.keys(this.verifiers);
    const hasKeys = (name) => [...this.load.acceptedAt.keys()].some((first) => first.startsWith(`${name} `));
    await until("every verifier has accepted a token", () => names.every(hasKeys));
  }

  async start(...options) {
    const args = ["--store", `sled:${this.#folder}`, "--issuer", ISSUER, ...TIMES, ...options];
    this.#issuer = await startIssuer({ args, readsLog: false });
  }

  async restart(...options) {
    await this.#issuer.stop();
    await this.start(...options);
  }

  /** A command on the keys while the issuer runs. */
  keys(...args) {
    const { status, stdout, stderr } = run(["keys", ...args, "--store", `sled:${this.#folder}`]);
    assert.equal(status, 0, stderr);
    return stdout;
  }

  signingKeys() {
    return this.keys("list", "--json").trim().split("\n").map((line) => JSON.parse(line)).filter(({ purpose }) => purpose === "EdDSA");
  }

  used() {
    return this.signingKeys().find(({ state }) => state === "in use").key;
  }

  async end(test) {
    const { counts } = this.load;
    await until("a hundred tokens are verified, early and late", () => counts.verified > 100 && counts.verifiedLate > 100);
    await this.load.end();
    assert.deepEqual(this.load.refusals, []);
    test.diagnostic(Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(", "));
  }
}

test("five scheduled rotations under load: neither the package nor jose refuses a token", async (t) => {
  const house = await House.open(t, "--key-rotation", "5s");
  await until("five rotations", () => house.load.kids.length > 5);
  await house.end(t);
  t.diagnostic(`${house.load.kids.length} keys have signed`);
});

test("three rotations by command, and a restart in every state of the keys, under load: no token is refused", async (t) => {
  const house = await House.open(t, "--key-rotation", "0");
  const { load } = house;
  const states = () => house.signingKeys().map(({ state }) => state).sort();
  const published = () => house.signingKeys().find(({ state }) => state === "published");
  for (let rotation = 1; rotation <= 3; rotation += 1) {
    const { key, age } = published();
    if (age < LEAD) await house.restart("--key-rotation", "0");
    house.keys("rotate");
    await until("the next key signs", () => load.tokens.has(key));
    assert.equal(load.kids.at(-1), key);
    assert.ok(states().includes("retired"));
    // Just rotated: one key is retired, and the next one is published.
    await house.restart("--key-rotation", "0");
    await until("the next key is old enough", () => published().age > LEAD);
    await house.restart("--key-rotation", "0");
  }
  await until("the retired are gone", () => !states().includes("retired"));
  await house.restart("--key-rotation", "0");
  await sleep(1_000);
  assert.deepEqual(states(), ["in use", "published"]);
  assert.equal(load.kids.length, 4);
  await house.end(t);
});

test("every verifier refuses a revoked key within the promised time, and accepts the next one at once", async (t) => {
  const house = await House.open(t, "--key-rotation", "0");
  const { load } = house;
  const key = house.used();
  await until("the next key can be known to everybody", () => house.signingKeys().every(({ age }) => age > LEAD + 2 * LAG));
  await until("tokens are verified", () => load.tokens.has(key));
  load.revoked.add(key);
  const ordered = now();
  house.keys("revoke", key);
  const revoked = now();
  const lastAccepted = await watch(house, key);
  const next = house.used();
  for (const name of Object.keys(house.verifiers)) {
    await until(`${name} accepts the next key`, () => load.acceptedAt.has(`${name} ${next}`));
    const seconds = (lastAccepted[name] - revoked) / 1000;
    t.diagnostic(`${name}: the last token by the revoked key ${seconds} s after the command, the first by the next ${(load.acceptedAt.get(`${name} ${next}`) - revoked) / 1000} s after`);
    // jose counts from the response, not from the request: a response may be as old as an issuer's view.
    assert.ok(seconds <= MAX_AGE + (name === "jose" ? LAG : 0), `${name}: ${seconds} s`);
  }
  t.diagnostic(`the command took ${revoked - ordered} ms`);
  await house.end(t);
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
