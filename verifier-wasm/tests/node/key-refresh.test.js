/** The lifetime of fetched keys: headers, background refresh, outages, invented key ids, and clocks that jump. */

import assert from "node:assert/strict";
import { afterEach, before, beforeEach, mock, test } from "node:test";
import { createVerifier } from "hallpass";
import { hang, hangUp, publish, publishVersion, publishWith, startKeyServer } from "../../../tests/support/key-server.js";
import { AUDIENCE, freshKey, ISSUER } from "../../../tests/support/tokens.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
let first;
let second;
let server;
let firstToken;
let secondToken;

before(async () => {
  [first, second] = await Promise.all([freshKey("first"), freshKey("second")]);
  [firstToken, secondToken] = await Promise.all([first, second].map((key) => key.sign({ exp: 1_900_000_000 })));
});

beforeEach(async () => {
  mock.timers.enable({ apis: ["Date"], now: 1_790_000_000_000 });
  server = await startKeyServer(publish(first.jwk));
});

afterEach(async () => {
  mock.timers.reset();
  mock.restoreAll();
  await server.stop();
});

const pass = (milliseconds) => mock.timers.tick(milliseconds);
const byUrl = (changes = {}) => createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: server.url, ...changes });

/** A verifier that has fetched the server's current keys. */
async function withKeys(changes) {
  const verifier = byUrl(changes);
  await verifier.verify(firstToken);
  return verifier;
}

/** Waits for a background task. */
async function until(condition) {
  for (let look = 0; !(await condition()); look += 1) {
    assert.ok(look < 500, `not within five seconds: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The milliseconds for which keys with these headers are used before a verification waits for newer ones. */
async function lifeOf(headers) {
  server.answer = publishWith(headers, first.jwk);
  const verifier = await withKeys();
  const requests = server.requests;
  server.answer = hang;
  let life = 0;
  const step = 15 * SECOND;
  for (; life <= 2 * HOUR; life += step, pass(step)) {
    const answer = await Promise.race([verifier.verify(firstToken), new Promise((resolve) => setTimeout(resolve, 30))]);
    if (answer === undefined) break;
  }
  await until(() => server.requests > requests);
  return life;
}

test("keys are fresh for the max-age of Cache-Control, within limits, and five minutes without it", async () => {
  const lives = [
    [{}, 5 * MINUTE],
    [{ "cache-control": "public" }, 5 * MINUTE],
    [{ "cache-control": "public, max-age=600" }, 10 * MINUTE],
    [{ "cache-control": 'Max-Age="600", must-revalidate' }, 10 * MINUTE],
    [{ "cache-control": "s-maxage=900, max-age=120" }, 2 * MINUTE],
    [{ "cache-control": "max-age=600", age: "480" }, 2 * MINUTE],
    [{ "cache-control": "max-age=600", age: "585" }, 15 * SECOND],
    [{ "cache-control": "max-age=15" }, 30 * SECOND],
    [{ "cache-control": "max-age=600", age: "soon" }, 10 * MINUTE],
    [{ "cache-control": "max-age=300", age: "4000" }, 30 * SECOND],
    [{ "cache-control": "max-age=0" }, 30 * SECOND],
    [{ "cache-control": "no-store" }, 30 * SECOND],
    [{ "cache-control": "no-cache, max-age=600" }, 30 * SECOND],
    [{ "cache-control": "max-age=31536000, immutable" }, HOUR],
    [{ "cache-control": "max-age=99999999999999999999" }, HOUR],
    [{ "cache-control": "max-age=-5" }, 5 * MINUTE],
  ];
  for (const [headers, life] of lives) assert.equal(await lifeOf(headers), life, JSON.stringify(headers));
});

test("a removed key is accepted until the key set is stale, and not longer", async () => {
  const verifier = await withKeys();
  server.answer = publish(second.jwk);
  pass(5 * MINUTE);
  await assert.rejects(verifier.verify(firstToken), { code: "ERR_KEY_UNKNOWN" });
  assert.ok(await verifier.verify(secondToken));
});

test("after three quarters of their freshness, keys are fetched once in the background, and verifications do not wait", async () => {
  const verifier = await withKeys();
  let release;
  server.answer = (...exchange) => (release = () => publish(second.jwk)(...exchange));
  pass(3.75 * MINUTE - 1);
  await verifier.verify(firstToken);
  assert.equal(server.requests, 1);
  pass(1);
  for (let use = 0; use < 5; use += 1) assert.ok(await verifier.verify(firstToken));
  assert.ok(verifier.verifySync(firstToken));
  await until(() => release);
  assert.ok(await verifier.verify(firstToken));
  release();
  await until(async () => (await verifier.verify(secondToken).catch(() => undefined)) !== undefined);
  await assert.rejects(verifier.verify(firstToken), { code: "ERR_KEY_UNKNOWN" });
});

test("an unchanged key set is a 304 without a body, and keys and cached tokens stay", async () => {
  server.answer = publishVersion('"v1"', { "cache-control": "max-age=120" }, first.jwk);
  const verifier = await withKeys({ cache: true });
  const claims = await verifier.verify(firstToken);
  assert.equal(server.headers["if-none-match"], undefined);
  pass(2 * MINUTE);
  assert.equal(await verifier.verify(firstToken), claims);
  assert.equal(server.headers["if-none-match"], '"v1"');
  assert.equal(server.requests, 2);
  pass(1.5 * MINUTE - 1);
  await verifier.verify(firstToken);
  assert.equal(server.requests, 2);
});

test("a 304 without headers keeps the freshness, one with headers changes it", async () => {
  server.answer = publishVersion('W/"v1"', { "cache-control": "max-age=120" }, first.jwk);
  const verifier = await withKeys();
  for (const [headers, life] of [[{}, 2 * MINUTE], [{ "cache-control": "max-age=600" }, 10 * MINUTE], [{}, 10 * MINUTE]]) {
    server.answer = (_, response) => response.writeHead(304, headers).end();
    pass(10 * MINUTE);
    await verifier.verify(firstToken);
    const { requests } = server;
    pass(life * 0.75 - 1);
    await verifier.verify(firstToken);
    assert.equal(server.requests, requests);
  }
});

test("a changed ETag brings the new keys, and an invalid ETag is ignored", async () => {
  server.answer = publishVersion('"v1"', {}, first.jwk);
  const verifier = await withKeys();
  server.answer = publishVersion('"v2"', {}, second.jwk);
  pass(5 * MINUTE);
  assert.ok(await verifier.verify(secondToken));
  for (const etag of [`"${"x".repeat(257)}"`, "bare", '"a b"']) {
    server.answer = publishWith({ etag }, second.jwk);
    pass(5 * MINUTE);
    await verifier.verify(secondToken);
    pass(5 * MINUTE);
    await verifier.verify(secondToken);
    assert.equal(server.headers["if-none-match"], undefined, etag);
  }
});

test("unknown key ids cause at most one fetch in 30 seconds", async () => {
  const verifier = await withKeys();
  const refused = () => assert.rejects(verifier.verify(secondToken), { code: "ERR_KEY_UNKNOWN" });
  await Promise.all(Array.from({ length: 100 }, refused));
  pass(30 * SECOND - 1);
  await refused();
  assert.equal(server.requests, 2);
  pass(1);
  await refused();
  assert.equal(server.requests, 3);
});

test("valid tokens do not wait for the fetch of an unknown key", { timeout: 4_000 }, async () => {
  const verifier = await withKeys();
  server.answer = hang;
  const made = Array.from({ length: 100 }, () => verifier.verify(secondToken).catch(() => {}));
  await until(() => server.requests === 2);
  for (let use = 0; use < 100; use += 1) assert.ok(await verifier.verify(firstToken));
  assert.ok(verifier.verifySync(firstToken));
  assert.equal(server.requests, 2);
  await server.stop();
  await Promise.all(made);
  server = await startKeyServer(publish());
});

test("while the issuer is down, known keys are used: one verification waits, the others do not", { timeout: 4_000 }, async () => {
  const verifier = await withKeys();
  server.answer = hangUp;
  pass(5 * MINUTE);
  assert.ok(await verifier.verify(firstToken));
  assert.equal(server.requests, 2);
  server.answer = hang;
  pass(MINUTE);
  for (let use = 0; use < 100; use += 1) assert.ok(await verifier.verify(firstToken));
  await until(() => server.requests === 3);
});

test("after a failed background refresh, a verification still waits once the keys are stale", async () => {
  const ended = [];
  const verifier = await withKeys({ waitUntil: (promise) => ended.push(promise) });
  server.answer = hangUp;
  pass(4 * MINUTE);
  await verifier.verify(firstToken);
  await Promise.all(ended);
  server.answer = publish(second.jwk);
  pass(MINUTE);
  await assert.rejects(verifier.verify(firstToken), { code: "ERR_KEY_UNKNOWN" });
});

test("stale keys are used for one hour during an outage, and the verifier recovers with the issuer", async () => {
  const verifier = await withKeys();
  server.answer = hangUp;
  pass(5 * MINUTE + HOUR - 1);
  assert.ok(await verifier.verify(firstToken));
  assert.ok(verifier.verifySync(firstToken));
  pass(1);
  const tooOld = (error) => {
    assert.equal(error.code, "ERR_KEYS_UNREACHABLE");
    assert.equal(error.cause.code, "ERR_KEYS_UNREACHABLE");
    return true;
  };
  await assert.rejects(verifier.verify(firstToken), tooOld);
  assert.throws(() => verifier.verifySync(firstToken), tooOld);
  server.answer = publish(first.jwk);
  pass(MINUTE);
  assert.ok(await verifier.verify(firstToken));
  assert.ok(verifier.verifySync(firstToken));
});

test("`maxStale` limits the use of stale keys, and 0 forbids it", async () => {
  for (const maxStale of [0, 60]) {
    const verifier = await withKeys({ maxStale });
    server.answer = hangUp;
    pass(5 * MINUTE + maxStale * SECOND - 1);
    assert.ok(await verifier.verify(firstToken));
    pass(1);
    await assert.rejects(verifier.verify(firstToken), { code: "ERR_KEYS_UNREACHABLE" });
    server.answer = publish(first.jwk);
  }
});

test("an invalid key set does not replace valid keys", async () => {
  const verifier = await withKeys();
  server.answer = (_, response) => response.end("<html>");
  pass(5 * MINUTE);
  assert.ok(await verifier.verify(firstToken));
  pass(HOUR);
  await assert.rejects(verifier.verify(firstToken), (error) => error.cause.code === "ERR_KEY_SET_INVALID");
});

test("the wait after failures doubles up to a minute, with jitter", async () => {
  const waits = [];
  server.answer = (_, response) => response.writeHead(500).end();
  for (const draw of [0, 1 - Number.EPSILON]) {
    mock.method(Math, "random", () => draw);
    const verifier = byUrl();
    const fail = () => assert.rejects(verifier.verify(firstToken), { code: "ERR_KEYS_UNREACHABLE" });
    await fail();
    for (let failure = 0; failure < 8; failure += 1) {
      const { requests } = server;
      let waited = 0;
      for (; server.requests === requests; waited += 100) {
        pass(100);
        await fail();
      }
      waits.push(waited / SECOND);
    }
  }
  assert.deepEqual(waits, [0.5, 1, 2, 4, 8, 16, 30, 30, 1, 2, 4, 8, 16, 32, 60, 60]);
});

test("no request is sent during the wait after a failure", async () => {
  server.answer = hangUp;
  mock.method(Math, "random", () => 0);
  const verifier = byUrl();
  await assert.rejects(verifier.verify(firstToken), { code: "ERR_KEYS_UNREACHABLE" });
  for (let use = 0; use < 100; use += 1) {
    await assert.rejects(verifier.verify(firstToken), { code: "ERR_KEYS_UNREACHABLE" });
    assert.throws(() => verifier.verifySync(firstToken), { code: "ERR_KEYS_NOT_LOADED" });
  }
  assert.equal(server.requests, 1);
});

test("a success resets the count of failures", async () => {
  mock.method(Math, "random", () => 0);
  const verifier = byUrl();
  server.answer = hangUp;
  for (let failure = 0; failure < 4; failure += 1) {
    await assert.rejects(verifier.verify(firstToken), { code: "ERR_KEYS_UNREACHABLE" });
    pass(MINUTE);
  }
  server.answer = publish(first.jwk);
  await verifier.verify(firstToken);
  server.answer = hangUp;
  pass(5 * MINUTE);
  await verifier.verify(firstToken);
  server.answer = publish(second.jwk);
  pass(SECOND / 2);
  assert.ok(await verifier.verify(secondToken));
});

test("verifySync never waits, and fetches missing or old keys in the background", async () => {
  const verifier = byUrl();
  assert.throws(() => verifier.verifySync(firstToken), { code: "ERR_KEYS_NOT_LOADED" });
  const isGood = (token) => () => {
    try {
      return verifier.verifySync(token);
    } catch {
      return false;
    }
  };
  await until(isGood(firstToken));
  assert.equal(server.requests, 1);
  server.answer = publish(second.jwk);
  pass(5 * MINUTE);
  assert.ok(verifier.verifySync(firstToken));
  await until(isGood(secondToken));
  assert.throws(() => verifier.verifySync(firstToken), { code: "ERR_KEY_UNKNOWN" });
  pass(2 * HOUR);
  assert.throws(() => verifier.verifySync(secondToken), { code: "ERR_KEYS_NOT_LOADED" });
  await until(isGood(secondToken));
});

test("verifySync fetches an unknown key in the background, once in 30 seconds", async () => {
  const ended = [];
  const verifier = await withKeys({ waitUntil: (promise) => ended.push(promise) });
  const refused = () => assert.throws(() => verifier.verifySync(secondToken), { code: "ERR_KEY_UNKNOWN" });
  for (let use = 0; use < 10; use += 1) {
    refused();
    await Promise.all(ended);
  }
  assert.equal(server.requests, 2);
  server.answer = publish(first.jwk, second.jwk);
  pass(30 * SECOND);
  refused();
  await Promise.all(ended);
  assert.ok(verifier.verifySync(secondToken));
  assert.equal(server.requests, 3);
});

test("waitUntil is called for background fetches only, and its exceptions are ignored", async () => {
  const told = [];
  const waitUntil = (promise) => told.push(promise);
  const verifier = await withKeys({ waitUntil });
  assert.equal(told.length, 0);
  pass(4 * MINUTE);
  await verifier.verify(firstToken);
  await verifier.verify(firstToken);
  assert.equal(told.length, 1);
  await told[0];
  pass(4 * MINUTE);
  await verifier.verify(firstToken, { waitUntil: (promise) => told.push(promise.then(() => "of this call")) });
  assert.equal(await told[1], "of this call");
  pass(4 * MINUTE);
  const broken = () => {
    throw new Error("no request");
  };
  assert.ok(await verifier.verify(firstToken, { waitUntil: broken }));
});

test("another request takes over an abandoned background fetch when its lease expires", async () => {
  let calls = 0;
  const never = () => new Promise(() => {});
  const verifier = await withKeys({ fetch: (...request) => ((calls += 1) === 2 ? never() : fetch(...request)) });
  server.answer = publish(second.jwk);
  pass(4 * MINUTE);
  await verifier.verify(firstToken);
  await verifier.verify(firstToken);
  assert.equal(calls, 2);
  pass(2 * MINUTE);
  assert.ok(await verifier.verify(secondToken));
  assert.equal(calls, 3);
});

test("a late response of an abandoned fetch does not restore removed keys", async () => {
  let late;
  let calls = 0;
  const slow = () => new Promise((resolve) => (late = () => resolve(Response.json({ keys: [first.jwk] }))));
  const verifier = await withKeys({ fetch: (...request) => ((calls += 1) === 2 ? slow() : fetch(...request)) });
  server.answer = publish(second.jwk);
  pass(4 * MINUTE);
  await verifier.verify(firstToken);
  pass(2 * MINUTE);
  assert.ok(await verifier.verify(secondToken));
  late();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(verifier.verifySync(secondToken));
  assert.equal(calls, 3);
});

test("after a background fetch that ended with its request during an outage, the next request waits for its own fetch", async () => {
  let calls = 0;
  const never = () => new Promise(() => {});
  const verifier = await withKeys({ fetch: (...request) => ((calls += 1) === 3 ? never() : fetch(...request)) });
  server.answer = hangUp;
  pass(5 * MINUTE);
  await verifier.verify(firstToken);
  server.answer = publish(second.jwk);
  pass(SECOND);
  await verifier.verify(firstToken);
  pass(7 * SECOND);
  await assert.rejects(verifier.verify(firstToken), { code: "ERR_KEY_UNKNOWN" });
});

test("an unexpected 304 is a failure", async () => {
  const verifier = await withKeys({ maxStale: 60 });
  server.answer = (_, response) => response.writeHead(304).end();
  pass(5 * MINUTE);
  assert.ok(await verifier.verify(firstToken));
  pass(MINUTE);
  await assert.rejects(verifier.verify(firstToken), { code: "ERR_KEYS_UNREACHABLE" });
});

test("a clock that is set back does not prolong the life of a key", async () => {
  let steady = performance.now();
  mock.method(performance, "now", () => steady);
  const verifier = await withKeys();
  server.answer = publish(second.jwk);
  mock.timers.setTime(1_600_000_000_000);
  steady += 5 * MINUTE;
  await assert.rejects(verifier.verify(firstToken), { code: "ERR_KEY_UNKNOWN" });
  assert.ok(await verifier.verify(secondToken));
});

test("a clock that is set back causes no fetch, and one that is set forward at most one", async () => {
  const verifier = await withKeys({ now: () => 1_790_000_000 });
  mock.timers.setTime(1_600_000_000_000);
  await verifier.verify(firstToken);
  assert.equal(server.requests, 1);
  mock.timers.setTime(4_000_000_000_000);
  for (let use = 0; use < 5; use += 1) await verifier.verify(firstToken);
  assert.equal(server.requests, 2);
});

for (const what of ["first", "next"]) {
  test(`if the machine sleeps during the fetch of the ${what} keys, they are fetched again`, async () => {
    let calls = 0;
    const slow = async (...request) => {
      calls += 1;
      const answer = await fetch(...request);
      if (calls === (what === "first" ? 1 : 2)) {
        server.answer = publish(second.jwk);
        pass(2 * HOUR);
      }
      return answer;
    };
    const verifier = byUrl({ fetch: slow });
    if (what === "next") {
      await verifier.verify(firstToken);
      pass(5 * MINUTE);
    }
    await assert.rejects(verifier.verify(firstToken), { code: "ERR_KEY_UNKNOWN" });
    assert.ok(await verifier.verify(secondToken));
  });
}

test("a machine whose monotonic clock stopped during sleep fetches again", async () => {
  mock.method(performance, "now", () => 1_000);
  const verifier = await withKeys();
  server.answer = publish(second.jwk);
  pass(HOUR);
  await assert.rejects(verifier.verify(firstToken), { code: "ERR_KEY_UNKNOWN" });
});
