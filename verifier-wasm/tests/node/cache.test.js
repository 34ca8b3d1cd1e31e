/** The cache of verified tokens: its content, and when an entry becomes invalid. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createVerifier } from "hallpass";
import { TokenCache } from "../../dist/cache.js";
import { publish, startKeyServer } from "../../../tests/support/key-server.js";
import { AUDIENCE, freshKey, ISSUER, withOneCharacterChanged } from "../../../tests/support/tokens.js";

const NOW = 1_790_000_000;
const good = { iat: NOW, exp: NOW + 300, roles: ["admin"], tenant: { id: "t1" } };

/** A verifier with a clock that the test moves. */
function verifierFor(key, options) {
  const clock = { now: NOW };
  const verifier = createVerifier({
    issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] }, now: () => clock.now, ...options,
  });
  return { verifier, clock };
}

test("without a cache, every call returns a new object", async () => {
  const key = await freshKey("k1");
  const token = await key.sign(good);
  const { verifier } = verifierFor(key);
  const claims = verifier.verifySync(token);
  claims.roles.push("changed by a caller");
  assert.notEqual(verifier.verifySync(token), claims);
  assert.deepEqual(verifier.verifySync(token).roles, ["admin"]);
});

test("with a cache, a repeated token returns the same deeply frozen claims", async () => {
  const key = await freshKey("k1");
  const token = await key.sign(good);
  const { verifier } = verifierFor(key, { cache: true });
  const claims = verifier.verifySync(token);
  assert.equal(verifier.verifySync(`${token} `.trimEnd()), claims);
  assert.equal(await verifier.verify(token), claims);
  assert.ok(Object.isFrozen(claims) && Object.isFrozen(claims.roles) && Object.isFrozen(claims.tenant));
  assert.deepEqual(claims, verifierFor(key).verifier.verifySync(token));
});

test("with `claims: \"fresh\"`, each call returns a new object", async () => {
  const key = await freshKey("k1");
  const token = await key.sign(good);
  const { verifier } = verifierFor(key, { cache: { claims: "fresh" } });
  verifier.verifySync(token).roles.push("changed by a caller");
  assert.deepEqual(verifier.verifySync(token).roles, ["admin"]);
  assert.notEqual(verifier.verifySync(token), verifier.verifySync(token));
});

test("a cached token expires at its exp plus leeway, to the second", async () => {
  const key = await freshKey("k1");
  const token = await key.sign(good);
  for (const leeway of [0, 5]) {
    const { verifier, clock } = verifierFor(key, { cache: true, leeway });
    const claims = verifier.verifySync(token);
    clock.now = NOW + 299 + leeway;
    assert.equal(verifier.verifySync(token), claims);
    clock.now += 1;
    assert.throws(() => verifier.verifySync(token), { code: "ERR_TOKEN_EXPIRED" });
    await assert.rejects(verifier.verify(token), { code: "ERR_TOKEN_EXPIRED" });
  }
});

test("a cached token is invalid before its nbf if the clock is set back", async () => {
  const key = await freshKey("k1");
  const token = await key.sign({ ...good, nbf: NOW });
  const { verifier, clock } = verifierFor(key, { cache: true, leeway: 2 });
  verifier.verifySync(token);
  clock.now = NOW - 2;
  verifier.verifySync(token);
  clock.now = NOW - 3;
  assert.throws(() => verifier.verifySync(token), { code: "ERR_TOKEN_NOT_YET_VALID" });
});

test("a cached token exceeds maxTokenAge", async () => {
  const key = await freshKey("k1");
  const token = await key.sign(good);
  const { verifier, clock } = verifierFor(key, { cache: true, maxTokenAge: 60 });
  verifier.verifySync(token);
  clock.now = NOW + 59;
  verifier.verifySync(token);
  clock.now = NOW + 60;
  assert.throws(() => verifier.verifySync(token), { code: "ERR_TOKEN_TOO_OLD" });
});

test("a token that differs in one character is not found, and refused tokens are not cached", async () => {
  const key = await freshKey("k1");
  const token = await key.sign(good);
  const { verifier } = verifierFor(key, { cache: true });
  verifier.verifySync(token);
  for (let round = 0; round < 2; round += 1) {
    assert.throws(() => verifier.verifySync(withOneCharacterChanged(token)), { code: "ERR_SIGNATURE_INVALID" });
    assert.throws(() => verifier.verifySync(`${token}A`), { code: "ERR_SIGNATURE_INVALID" });
    assert.throws(() => verifier.verifySync(`${token} `), { code: "ERR_BASE64_INVALID" });
  }
});

test("a token with the same end as a cached one is not found", async () => {
  const key = await freshKey("k1");
  const token = await key.sign(good);
  const { verifier } = verifierFor(key, { cache: true });
  const claims = verifier.verifySync(token);
  const [header, , signature] = token.split(".");
  const others = Buffer.from(JSON.stringify({ ...claims, sub: "root" })).toString("base64url");
  assert.throws(() => verifier.verifySync(`${header}.${others}.${signature}`), { code: "ERR_SIGNATURE_INVALID" });
  assert.equal(verifier.verifySync(token), claims);
});

test("new keys invalidate cached tokens, and a refetch of the same keys does not", async (t) => {
  const [old, next] = await Promise.all([freshKey("k1"), freshKey("k2")]);
  const server = await startKeyServer(publish(old.jwk));
  t.after(() => server.stop());
  t.mock.timers.enable({ apis: ["Date"], now: NOW * 1000 });
  const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: server.url, cache: true });
  const token = await old.sign({ ...good, exp: NOW + 10_000 });
  const claims = await verifier.verify(token);
  t.mock.timers.setTime((NOW + 600) * 1000);
  assert.equal(await verifier.verify(token), claims);
  assert.equal(server.requests, 2);
  server.answer = publish(next.jwk);
  t.mock.timers.setTime((NOW + 1200) * 1000);
  await assert.rejects(verifier.verify(token), { code: "ERR_KEY_UNKNOWN" });
  assert.throws(() => verifier.verifySync(token), { code: "ERR_KEY_UNKNOWN" });
});

test("the cache respects its size and keeps recently used tokens", async () => {
  const key = await freshKey("k1");
  const tokens = await tokensOf(key, 20);
  const { verifier } = verifierFor(key, { cache: { size: 8 } });
  const kept = verifier.verifySync(tokens[0]);
  const dropped = verifier.verifySync(tokens[1]);
  for (const token of tokens.slice(2)) {
    verifier.verifySync(token);
    assert.equal(verifier.verifySync(tokens[0]), kept);
  }
  assert.notEqual(verifier.verifySync(tokens[1]), dropped);
});

/** Distinct valid tokens. */
function tokensOf(key, count) {
  return Promise.all(Array.from({ length: count }, (_, index) => key.sign({ ...good, jti: `token-${index}` })));
}

test("as many tokens as the cache holds, used in turn, are all hits", async () => {
  const key = await freshKey("k1");
  const tokens = await tokensOf(key, 50);
  const { verifier } = verifierFor(key, { cache: { size: 40 } });
  // Earlier tokens, of which some are used, give way to the working set.
  for (const token of tokens.slice(0, 15)) for (let use = 0; use < 2; use += 1) verifier.verifySync(token);
  const used = tokens.slice(10);
  for (let round = 0; round < 2; round += 1) for (const token of used) verifier.verifySync(token);
  const kept = used.map((token) => verifier.verifySync(token));
  for (let round = 0; round < 3; round += 1) {
    for (const [index, token] of used.entries()) assert.equal(verifier.verifySync(token), kept[index]);
  }
});

/** A cache, and functions for made-up tokens. Their claims are their texts. */
function tokenCache(size) {
  const verifier = {};
  const cache = new TokenCache(size, "fresh", (text) => text);
  const validity = { verifier, checkedBy: "wasm", from: 0, until: 10 };
  return {
    find: (token, under = verifier) => cache.find(token, under, 5),
    add: (token, text = token, under = verifier) => cache.add(token, text, { ...validity, verifier: under }),
  };
}

test("the cache never holds more tokens than its size, in any order of use", () => {
  const { find, add } = tokenCache(8);
  // A linear congruential generator: the same order in every run.
  let state = 1;
  for (let step = 0; step < 5_000; step += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    const token = `token-${(state >> 8) % 24}`;
    if (find(token) === undefined) add(token);
    assert.equal(find(token), token);
    if (step % 100 === 0) assert.ok(Array.from({ length: 24 }, (_, index) => find(`token-${index}`)).filter(Boolean).length <= 8);
  }
});

test("tokens whose ends are equal are all cached, and each returns its own claims", () => {
  const { find, add } = tokenCache(4);
  const end = "x".repeat(20);
  const tokens = ["a", "b", "c", "d", "e", "f"].map((name) => `${name}.${end}`);
  for (const token of tokens.slice(0, 4)) add(token);
  for (const token of tokens.slice(0, 4)) assert.equal(find(token), token);
  for (const token of tokens.slice(4)) add(token);
  assert.deepEqual(tokens.map((token) => find(token)), [undefined, undefined, ...tokens.slice(2)]);
});

test("a token that is verified again replaces its entry", () => {
  const { find, add } = tokenCache(2);
  const newKeys = {};
  add("token-1");
  add("token-2");
  add("token-1", "again", newKeys);
  assert.equal(find("token-1"), undefined);
  assert.equal(find("token-1", newKeys), "again");
  assert.equal(find("token-2"), "token-2");
});

test("a token whose signature node:crypto checked is cached for verify and verifySync", async () => {
  const key = await freshKey("k1", "ES256");
  const token = await key.sign(good);
  const { verifier } = verifierFor(key, { cache: true });
  const claims = await verifier.verify(token);
  assert.equal(await verifier.verify(token), claims);
  assert.equal(verifier.verifySync(token), claims);
});

test("an invalid cache option is refused by its name with its valid values", async () => {
  const key = await freshKey("k1");
  const refused = (cache, message) =>
    assert.throws(() => verifierFor(key, { cache }), { code: "ERR_OPTIONS_INVALID", message });
  refused("yes", /`cache` must be true, false or an object/);
  refused(null, /`cache`/);
  refused({ size: 1 }, /`cache.size` must be a whole number, 2 or more/);
  refused({ size: Infinity }, /`cache.size`/);
  refused({ claims: "shared" }, /`cache.claims` must be "frozen" or "fresh"/);
  refused({ ttl: 5 }, /`ttl` is not an option/);
});
