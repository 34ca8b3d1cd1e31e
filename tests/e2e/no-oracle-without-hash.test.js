/**
 * Answers without a hash take the same time whether a name exists or not. No hash hides a difference of microseconds here, so an
 * attacker could measure it: many requests for each of many names, over keep-alive connections.
 */

import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { test } from "node:test";
import { sleep } from "../support/client.js";
import { run, startIssuer, temporaryFolder } from "../support/issuer.js";
import { KeepAlive, postBytes } from "../support/keep-alive.js";
import { skipUnlessLong } from "../support/length.js";
import { cannotRunPostgres, environmentOf, startPostgres } from "../support/postgres.js";
import { distinguish } from "../support/timing.js";

/** Names of each kind, and the measurements of each name. An earlier build was detected with a tenth of them (100; AUC 0.95 to 0.99). */
const NAMES = Number(process.env.HALLPASS_ORACLE_NAMES ?? 40);
const ROUNDS = Number(process.env.HALLPASS_ORACLE_ROUNDS ?? 1000);

/** Milliseconds per kind of response: a busy machine takes fewer samples. */
const MAX_MILLISECONDS = Number(process.env.HALLPASS_ORACLE_MILLISECONDS ?? 12_000);

/**
 * How far from 0.5 an AUC must be at least to fail. With 40 names of each kind the AUC's own error is 0.065, so that one of 0.77
 * fails as a rule, and one of 0.5 does so in less than one of ten million runs.
 */
const BOUND = 0.1;

/** Failures of an address, and of a name, before the first delay. */
const FREE_AT_ADDRESS = 60;
const FREE_AT_NAME = 5;

/** An Argon2id hash of the password that is as expensive as the issuer's default, and one that takes half a second and fits none. */
const HASH = "$argon2id$v=19$m=19456,t=2,p=1$YMA96MWUdsiV4WgtK+InOA$QUWgByH65+mZOLMcUcI/kpm2sD9KXlwtbo1cLJn497A";
const EXPENSIVE_HASH = HASH.replace("m=19456,t=2", "m=122880,t=6");

const PASSWORD = "examplePassword";
const numbers = Array.from({ length: NAMES }, (_, number) => String(number).padStart(3, "0"));
const existing = numbers.map((number) => `user${number}`);
const unknown = numbers.map((number) => `none${number}`);

let addresses = 0;
const anotherAddress = () => {
  const number = addresses++;
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
};

const loginFrom = (address, username, password = "wrongPassword") =>
  postBytes("/login", { username, password }, { "x-forwarded-for": address });

/** Users with records of different sizes. */
function lines(hash) {
  const roles = Array.from({ length: 20 }, (_, number) => `a-rather-long-role-${number}`);
  const entries = existing.map((username, number) => ({ username, hash, roles: number % 2 ? roles : [] }));
  return [...entries, { username: "owner", hash }].map((entry) => `${JSON.stringify(entry)}\n`).join("");
}

/** An issuer with the users, on the store of the environment. */
async function issuerOver(t, env, { hash = HASH, args = [] } = {}) {
  const { status, stderr } = run(["user", "import", "-", "--format", "jsonl"], { input: lines(hash), env });
  assert.equal(status, 0, stderr);
  const options = ["--issuer", "http://localhost:8080", "--trusted-proxy", "127.0.0.1", "--allow-registration", "--log", "error"];
  const issuer = await startIssuer({ args: [...options, ...args], env, readsLog: false });
  t.after(() => issuer.kill());
  return issuer;
}

/** Sends all requests concurrently over a few connections; returns their statuses. */
async function all(issuer, requests) {
  const rest = [...requests];
  const statuses = [];
  const ask = async () => {
    const connection = new KeepAlive(issuer.port);
    for (let bytes = rest.pop(); bytes !== undefined; bytes = rest.pop()) {
      statuses.push((await connection.ask(bytes))?.status);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: 4 }, ask));
  return statuses;
}

/** A uniformly random order: no kind may have a preferred position in a round. */
function shuffled(list) {
  const order = [];
  const rest = [...list];
  while (rest.length > 0) order.push(...rest.splice(randomInt(rest.length), 1));
  return order;
}

/**
 * Times the requests of both kinds by turns, each round in another order, until there are enough samples or the time is up.
 * Only answers of that status count; where `others` end it, another one does.
 */
async function measure(issuer, status, kinds, { others = "end" } = {}) {
  const subjects = Object.entries(kinds).flatMap(([kind, requests]) => requests.map((bytes) => ({ kind, bytes, samples: [] })));
  const connection = new KeepAlive(issuer.port);
  const end = performance.now() + MAX_MILLISECONDS;
  const texts = new Set();
  sampling: for (let round = 0; round < ROUNDS; round++) {
    for (const subject of shuffled(subjects)) {
      if (performance.now() > end) break sampling;
      const bytes = typeof subject.bytes === "function" ? subject.bytes() : subject.bytes;
      const answer = await connection.ask(bytes, others === "end" ? 10_000 : 20);
      if (answer?.status !== status) {
        if (others === "end") break sampling;
        continue;
      }
      subject.samples.push(answer.took);
      texts.add(answer.text.replace(/"request_id":"[^"]*"/, ""));
    }
  }
  connection.close();
  assert.ok(texts.size <= 1, [...texts].join("\n"));
  const samplesOf = (kind) => subjects.filter((subject) => subject.kind === kind).map(({ samples }) => samples);
  return Object.keys(kinds).map(samplesOf);
}

function check(t, what, [one, other]) {
  const fewest = Math.min(...[...one, ...other].map(({ length }) => length));
  if (fewest < 10) return t.diagnostic(`${what}: the machine is too busy for ten samples of each name`);
  const { auc, atLeast, detectable, times } = distinguish(one, other);
  const [difference, error] = [times.difference, times.detectable].map((value) => value.toFixed(2));
  t.diagnostic(
    `${what}: ${times.mean.toFixed(1)} µs, differs by ${difference} µs (${error} µs would show); AUC ${auc.toFixed(3)} over ` +
      `${one.length} + ${other.length} names, ${fewest} samples each (0.5 ± ${detectable.toFixed(2)} would show)`,
  );
  assert.ok(atLeast <= BOUND, `${what}: names can be told apart with an AUC of ${auc}, at least ${0.5 + atLeast}`);
}

/** Fails at names and from one address until each must wait 16 s: the failures that are free, and four more. */
async function exhaust(issuer, names, address) {
  const others = Array.from({ length: FREE_AT_ADDRESS - 1 }, (_, number) => loginFrom(address, `other${number}`));
  const free = names.flatMap((name) => Array.from({ length: FREE_AT_NAME - 1 }, () => loginFrom(anotherAddress(), name)));
  await all(issuer, [...free, ...others]);
  for (let delay = 1; delay <= 16; delay *= 2) {
    const begun = performance.now();
    await all(issuer, [...names.map((name) => loginFrom(anotherAddress(), name)), loginFrom(address, `another${delay}`)]);
    if (delay < 16) await sleep(Math.max(0, delay * 1000 + 50 - (performance.now() - begun) / 2));
  }
}

/** The result of an attempt at each name, by kind. */
const ofNames = (request) => ({ existing: existing.map(request), unknown: unknown.map(request) });

async function limited(t, issuer) {
  const address = "192.0.2.1";
  await exhaust(issuer, [...existing, ...unknown], address);
  const atAddress = await measure(issuer, 429, ofNames((name) => loginFrom(address, name)));
  const registration = (name) => postBytes("/register", { username: name, password: PASSWORD }, { "x-forwarded-for": address });
  const registered = await measure(issuer, 429, ofNames(registration));
  check(t, "429 of an address", atAddress);
  check(t, "429 of /register", registered);
}

async function limitedByName(t, issuer) {
  await exhaust(issuer, [...existing, ...unknown], "192.0.2.2");
  check(t, "429 of a name", await measure(issuer, 429, ofNames((name) => () => loginFrom(anotherAddress(), name))));
}

async function weak(t, issuer) {
  const weak = (name) => postBytes("/register", { username: name, password: "short" });
  check(t, "422 of /register", await measure(issuer, 422, ofNames(weak)));
}

/** Tokens with invalid tags: with ids of existing sessions, and of others. */
async function forged(t, issuer) {
  const connection = new KeepAlive(issuer.port);
  const login = postBytes("/login", { username: "owner", password: PASSWORD, transport: "body" }, { "x-forwarded-for": anotherAddress() });
  const tokens = [];
  while (tokens.length < NAMES) {
    const { status, text } = await connection.ask(login);
    if (status === 200) tokens.push(Buffer.from(JSON.parse(text).refresh_token.slice("hprt_".length), "base64url"));
  }
  connection.close();
  const forge = (token, id) => {
    const forged = Buffer.from(token);
    id.copy(forged, 4);
    randomBytes(16).copy(forged, forged.length - 16);
    return postBytes("/refresh", { refresh_token: `hprt_${forged.toString("base64url")}` });
  };
  const kinds = {
    existing: tokens.map((token) => forge(token, token.subarray(4, 20))),
    unknown: tokens.map((token) => forge(token, randomBytes(16))),
  };
  check(t, "400 of /refresh", await measure(issuer, 400, kinds));
}

/** A few clients keep the queue full. */
async function overloaded(t, env) {
  const args = ["--hashing-workers", "1", "--hashing-deadline", "2s"];
  const issuer = await issuerOver(t, env, { hash: EXPENSIVE_HASH, args });
  let isOver = false;
  const clients = Array.from({ length: 12 }, async (_, number) => {
    const connection = new KeepAlive(issuer.port);
    for (let attempt = 0; !isOver; attempt++) {
      const answer = await connection.ask(loginFrom(anotherAddress(), `filler${number} ${attempt}`));
      if (answer?.status === 503) await sleep(5);
    }
    connection.close();
  });
  await sleep(500);
  const measured = await measure(issuer, 503, ofNames((name) => () => loginFrom(anotherAddress(), name)), { others: "are left out" });
  isOver = true;
  check(t, "503", measured);
  await issuer.kill();
  await Promise.all(clients);
}

async function eachAnswer(t, env, another) {
  const issuer = await issuerOver(t, env);
  await t.test("429 of an address, at /login and /register", (t) => limited(t, issuer));
  await t.test("429 of a name", (t) => limitedByName(t, issuer));
  await t.test("422 of /register", (t) => weak(t, issuer));
  await t.test("400 of /refresh", (t) => forged(t, issuer));
  await issuer.stop();
  await t.test("503 of a full queue", (t) => overloaded(t, another));
}

test("on sled, the time of responses without a hash does not reveal which names exist", { skip: skipUnlessLong }, async (t) => {
  const store = () => ({ HALLPASS_STORE: `sled:${temporaryFolder(t)}` });
  await eachAnswer(t, store(), store());
});

const skip = cannotRunPostgres() || skipUnlessLong;
test("on PostgreSQL, the time of responses without a hash does not reveal which names exist", { skip }, async (t) => {
  const server = await startPostgres(t);
  server.query("CREATE DATABASE another");
  const env = environmentOf(server);
  await eachAnswer(t, env, { ...env, HALLPASS_STORE: env.HALLPASS_STORE.replace("/postgres", "/another") });
});

test("the rank statistics detect a difference of 3 µs in noise, and none without one", () => {
  let state = 1;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const name = (mean) => Array.from({ length: 100 }, () => mean + 30 * random() + (random() < 0.05 ? 5000 * random() : 0));
  const names = (mean) => Array.from({ length: 40 }, () => name(mean));
  const same = distinguish(names(80), names(80));
  const other = distinguish(names(83), names(80));
  assert.ok(same.atLeast <= BOUND, JSON.stringify(same));
  assert.ok(other.atLeast > BOUND, JSON.stringify(other));
});
