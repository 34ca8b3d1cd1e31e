/** Snapshots of keys: export and import. */

import assert from "node:assert/strict";
import { afterEach, before, beforeEach, mock, test } from "node:test";
import { createVerifier } from "hallpass";
import { hangUp, publish, publishVersion, startKeyServer } from "../../../tests/support/key-server.js";
import { AUDIENCE, freshKey, ISSUER } from "../../../tests/support/tokens.js";

const MINUTE = 60_000;
let key;
let token;
let server;

before(async () => {
  key = await freshKey("k1");
  token = await key.sign({ exp: 1_900_000_000 });
});

beforeEach(async () => {
  mock.timers.enable({ apis: ["Date"], now: 1_790_000_000_000 });
  mock.method(performance, "now", () => Date.now());
  server = await startKeyServer(publishVersion('"v1"', { "cache-control": "max-age=600" }, key.jwk));
});

afterEach(async () => {
  mock.timers.reset();
  mock.restoreAll();
  await server.stop();
});

const verifierWith = (changes) => createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: server.url, ...changes });

/** The snapshot of a verifier that has fetched its keys, as a text store returns it. */
async function exported() {
  const verifier = verifierWith();
  await verifier.verify(token);
  return JSON.parse(JSON.stringify(verifier.exportKeys()));
}

test("a snapshot is plain data: public keys, their URL and issuer, and their age", async () => {
  assert.deepEqual(await exported(), {
    version: 1,
    keySets: [{
      url: server.url, issuer: ISSUER, keySet: JSON.stringify({ keys: [key.jwk] }), etag: '"v1"', fetchedAt: 1_790_000_000, maxAge: 600,
    }],
  });
});

test("there is no snapshot before the first fetch, and none of keys that are an option", () => {
  assert.equal(verifierWith().exportKeys(), undefined);
  assert.equal(verifierWith({ jwks: { keys: [key.jwk] } }).exportKeys(), undefined);
  assert.equal(createVerifier({ issuer: null, audience: null, secret: new Uint8Array(32) }).exportKeys(), undefined);
});

test("a verifier with a snapshot verifies synchronously and without a fetch", async () => {
  const verifier = verifierWith({ snapshot: await exported() });
  assert.ok(verifier.verifySync(token));
  assert.ok(await verifier.verify(token));
  assert.equal(server.requests, 1);
});

test("a snapshot keeps its age over a second export, and its ETag is sent", async () => {
  const snapshot = await exported();
  mock.timers.tick(4 * MINUTE);
  const verifier = verifierWith({ snapshot });
  assert.deepEqual(verifier.exportKeys(), snapshot);
  mock.timers.tick(6 * MINUTE);
  await verifier.verify(token);
  assert.equal(server.requests, 2);
  assert.equal(server.headers["if-none-match"], '"v1"');
});

test("a stale snapshot is used while the issuer is down, up to maxStale", async () => {
  const snapshot = await exported();
  server.answer = hangUp;
  mock.timers.tick(69 * MINUTE);
  assert.ok(await verifierWith({ snapshot }).verify(token));
  mock.timers.tick(MINUTE);
  await assert.rejects(verifierWith({ snapshot }).verify(token), { code: "ERR_KEYS_UNREACHABLE" });
});

test("a snapshot from the future causes a fetch", async () => {
  const snapshot = await exported();
  mock.timers.setTime(1_780_000_000_000);
  const verifier = verifierWith({ snapshot, now: () => 1_790_000_000 });
  await verifier.verify(token);
  assert.equal(server.requests, 2);
});

test("a snapshot of another issuer, URL or version, or with an unknown shape, is ignored", async () => {
  const snapshot = await exported();
  const changed = (changes) => ({ ...snapshot, keySets: [{ ...snapshot.keySets[0], ...changes }] });
  const ignored = [
    null, {}, [], { version: 1 }, { version: 1, keySets: [null, 7, "x", {}] }, { ...snapshot, version: 2 },
    changed({ url: `${server.url}?other` }), changed({ issuer: "https://other.example" }), changed({ issuer: null }),
    changed({ keySet: { keys: [] } }), changed({ keySet: "<html>" }), changed({ keySet: '{"keys":[{"kty":"oct","k":"AAAA"}]}' }),
    changed({ etag: "a\r\nb: c" }), changed({ etag: 7 }), changed({ fetchedAt: "now" }), changed({ fetchedAt: NaN }), changed({ maxAge: 1.5 }),
  ];
  for (const other of ignored) {
    const verifier = verifierWith({ snapshot: other });
    assert.throws(() => verifier.exportKeys() ?? verifierWith().verifySync(token), { code: "ERR_KEYS_NOT_LOADED" }, JSON.stringify(other));
    assert.ok(await verifier.verify(token), JSON.stringify(other));
  }
});

test("the freshness of a snapshot has the same maximum as that of a response", async () => {
  const snapshot = await exported();
  snapshot.keySets[0].maxAge = 365 * 86_400;
  mock.timers.tick(60 * MINUTE);
  await verifierWith({ snapshot }).verify(token);
  assert.equal(server.requests, 2);
});

test("a snapshot that is a text, or not an object, is refused", () => {
  for (const snapshot of ["{}", 7, true]) {
    assert.throws(() => verifierWith({ snapshot }), { code: "ERR_OPTIONS_INVALID", message: /`snapshot`.*JSON\.parse/ });
  }
});

test("a snapshot contains several issuers, and each one finds its key set", async () => {
  const other = await freshKey("k2");
  const otherServer = await startKeyServer(publish(other.jwk));
  const options = {
    audience: AUDIENCE,
    issuers: [{ issuer: ISSUER, jwks: server.url }, { issuer: "https://other.example", jwks: otherServer.url }],
  };
  const tokens = [token, await other.sign({ iss: "https://other.example" })];
  const fetching = createVerifier(options);
  for (const each of tokens) await fetching.verify(each);
  const snapshot = fetching.exportKeys();
  assert.equal(snapshot.keySets.length, 2);
  const restored = createVerifier({ ...options, snapshot: { ...snapshot, keySets: snapshot.keySets.toReversed?.() ?? [...snapshot.keySets].reverse() } });
  for (const each of tokens) assert.ok(restored.verifySync(each));
  await otherServer.stop();
});
