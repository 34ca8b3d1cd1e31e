/** Keys from a URL: a server that is down, slow or broken, sends too much, or rotates its keys. The tests control the time. */

import assert from "node:assert/strict";
import { afterEach, before, beforeEach, mock, test } from "node:test";
import { Readable } from "node:stream";
import { createVerifier } from "hallpass";
import { publish, publishWith, startKeyServer } from "../../../tests/support/key-server.js";
import { AUDIENCE, freshKey, ISSUER } from "../../../tests/support/tokens.js";

const MINUTE = 60_000;
let first;
let second;
let server;

before(async () => {
  [first, second] = await Promise.all([freshKey("first"), freshKey("second")]);
});

beforeEach(async () => {
  mock.timers.enable({ apis: ["Date"], now: 1_790_000_000_000 });
  server = await startKeyServer(publish(first.jwk));
});

afterEach(async () => {
  mock.timers.reset();
  await server.stop();
});

const byUrl = (changes = {}) =>
  createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: server.url, ...changes });
function* endless() {
  for (;;) yield " ".repeat(4096);
}
const longLived = (key) => key.sign({ exp: 1_800_000_000 });

test("keys are fetched once, at the first use", async () => {
  const verifier = byUrl();
  const token = await longLived(first);
  assert.equal(server.requests, 0);
  await verifier.verify(token);
  await verifier.verify(token);
  assert.equal(verifier.verifySync(token).sub, "user-1");
  assert.equal(server.requests, 1);
});

test("concurrent first uses share one fetch", async () => {
  const verifier = byUrl();
  const token = await longLived(first);
  const answers = await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token)));
  assert.equal(answers.length, 20);
  assert.equal(server.requests, 1);
});

test("a new key is fetched with its first token", async () => {
  const verifier = byUrl();
  await verifier.verify(await longLived(first));
  server.answer = publish(first.jwk, second.jwk);
  const token = await longLived(second);
  await Promise.all([verifier.verify(token), verifier.verify(token), verifier.verify(token)]);
  assert.equal(server.requests, 2);
});

test("without keys, a faulty server is an error of the keys, and the verifier recovers within a minute", async () => {
  const verifier = byUrl();
  const token = await longLived(first);
  const faults = {
    "hangs up": (request) => request.socket.destroy(),
    "answers 500": (_, response) => response.writeHead(500).end("{}"),
    "answers 304 without a version": (_, response) => response.writeHead(304).end(),
    "redirects": (_, response) => response.writeHead(302, { location: server.url }).end(),
    "sends 64 KiB and one byte": (_, response) => response.end(" ".repeat(64 * 1024 + 1)),
    "sends without end": (_, response) => Readable.from(endless()).pipe(response),
    "breaks off in the middle": (request, response) => response.write('{"keys":', () => request.socket.destroy()),
  };
  for (const [name, answer] of Object.entries(faults)) {
    server.answer = answer;
    await assert.rejects(verifier.verify(token), { code: "ERR_KEYS_UNREACHABLE" }, name);
    mock.timers.tick(MINUTE);
  }
  for (const text of ["", "<html>", "[]", '{"keys":[{"kty":"oct","k":"AAAA"}]}']) {
    server.answer = (_, response) => response.end(text);
    await assert.rejects(verifier.verify(token), { code: "ERR_KEY_SET_INVALID" }, text);
    mock.timers.tick(MINUTE);
  }
  server.answer = publish(first.jwk);
  assert.ok(await verifier.verify(token));
});

test("a fetch from a slow server times out after five seconds, for all waiting verifications", { timeout: 60_000 }, async () => {
  const verifier = byUrl();
  const token = await longLived(first);
  server.answer = (_, response) => {
    const dribble = setInterval(() => response.write(" "), 100);
    response.once("close", () => clearInterval(dribble));
  };
  const waiting = [verifier.verify(token), verifier.verify(token)];
  for (const verification of waiting) await assert.rejects(verification, { code: "ERR_KEYS_UNREACHABLE" });
  assert.equal(server.requests, 1);
});

test("a fetch function that ignores its signal times out after five seconds", { timeout: 60_000 }, async () => {
  const never = new Promise(() => {});
  for (const fetch of [() => never, async () => new Response(new ReadableStream({ pull: () => never }))]) {
    const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: server.url, fetch });
    // The timer of the timeout does not keep the process alive.
    const waiting = setInterval(() => {}, 1000);
    await assert.rejects(verifier.verify(await first.sign()), { code: "ERR_KEYS_UNREACHABLE" });
    clearInterval(waiting);
  }
});

test("a key set with a byte-order mark, or that is not UTF-8, is refused", async () => {
  const text = JSON.stringify({ keys: [first.jwk] });
  for (const body of [`\ufeff${text}`, Buffer.concat([Buffer.from([0xff]), Buffer.from(text)])]) {
    server.answer = (request, response) => response.end(body);
    const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: server.url });
    await assert.rejects(verifier.verify(await first.sign()), (error) =>
      ["ERR_KEYS_UNREACHABLE", "ERR_KEY_SET_INVALID"].includes(error.code));
  }
});

test("a request that ended during its fetch does not block later ones", { timeout: 10_000 }, async () => {
  let calls = 0;
  const never = () => new Promise(() => {});
  const verifier = byUrl({ fetch: (...request) => ((calls += 1) === 1 ? never() : fetch(...request)) });
  void verifier.verify(await longLived(first));
  const token = await longLived(first);
  const next = Array.from({ length: 20 }, () => verifier.verify(token));
  // So that they do not all poll at once.
  await new Promise((resolve) => setTimeout(resolve, 50));
  next.push(...Array.from({ length: 20 }, () => verifier.verify(token)));
  mock.timers.tick(6_000);
  for (const each of next) assert.ok(await each);
  assert.equal(calls, 2);
});

test("a key set is accepted with any media type, and an HTML page is refused", async () => {
  server.answer = publishWith({ "content-type": "text/plain" }, first.jwk);
  assert.ok(await byUrl().verify(await longLived(first)));
  server.answer = (_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>Sign in</title>");
  await assert.rejects(byUrl().verify(await longLived(first)), { code: "ERR_KEY_SET_INVALID" });
});

test("the request for keys bypasses the browser's cache", async () => {
  await byUrl().verify(await longLived(first));
  assert.equal(server.headers["cache-control"], "max-age=0");
});

test("several issuers have independent keys, failures and schedules", async () => {
  const other = await startKeyServer(publish(second.jwk));
  const issuers = [{ issuer: ISSUER, jwks: server.url }, { issuer: "https://other.example", jwks: new URL(other.url) }];
  const verifier = createVerifier({ audience: AUDIENCE, issuers });
  const foreign = await second.sign({ iss: "https://other.example", exp: 1_800_000_000 });
  server.answer = (request) => request.socket.destroy();
  await assert.rejects(verifier.verify(await longLived(first)), { code: "ERR_KEYS_UNREACHABLE" });
  assert.ok(await verifier.verify(foreign));
  assert.deepEqual([server.requests, other.requests], [1, 1]);
  await other.stop();
});

test("the option `fetch` fetches the keys", async () => {
  const asked = [];
  const verifier = byUrl({
    jwks: "https://auth.example/.well-known/jwks.json",
    fetch: async (url) => {
      asked.push(String(url));
      return Response.json({ keys: [first.jwk] });
    },
  });
  assert.ok(await verifier.verify(await longLived(first)));
  assert.deepEqual(asked, ["https://auth.example/.well-known/jwks.json"]);
});
