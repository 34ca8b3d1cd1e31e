/** Keys by discovery: the issuer's metadata, its location, its checks, and its freshness. */

import assert from "node:assert/strict";
import { afterEach, before, beforeEach, mock, test } from "node:test";
import { createVerifier } from "hallpass";
import { AUDIENCE, freshKey } from "../../../tests/support/tokens.js";

const ISSUER = "https://auth.example/tenant";
const OPENID = "https://auth.example/tenant/.well-known/openid-configuration";
const OAUTH = "https://auth.example/.well-known/oauth-authorization-server/tenant";
const KEYS = "https://keys.example/jwks";
const MINUTE = 60_000;
const NOW = 1_790_000_000_000;
let first;
let second;
let requests;
let documents;

before(async () => {
  [first, second] = await Promise.all([freshKey("first"), freshKey("second")]);
});

beforeEach(() => {
  mock.timers.enable({ apis: ["Date"], now: NOW });
  requests = [];
  documents = { [OPENID]: { issuer: ISSUER, jwks_uri: KEYS }, [KEYS]: { keys: [first.jwk] } };
});

afterEach(() => mock.timers.reset());

/** Responds with these documents: an object is JSON, a function returns the response. */
async function fetchDocument(url, { headers }) {
  requests.push(url);
  const document = documents[url];
  if (typeof document === "function") return document(headers);
  return document === undefined ? new Response("not found", { status: 404 }) : Response.json(document);
}

const discovered = (changes = {}) => createVerifier({ issuer: ISSUER, audience: AUDIENCE, discovery: true, fetch: fetchDocument, ...changes });
const tokenOf = (key, issuer = ISSUER) => key.sign({ iss: issuer, exp: NOW / 1000 + 100_000 });
const refusedBecause = (verifier, token, message) => assert.rejects(verifier.verify(token), { code: "ERR_KEYS_UNREACHABLE", message });

test("the keys are those of the metadata, each fetched once at the first use", async () => {
  const verifier = discovered();
  const token = await tokenOf(first);
  assert.deepEqual(requests, []);
  for (let use = 0; use < 3; use += 1) assert.equal((await verifier.verify(token)).iss, ISSUER);
  verifier.verifySync(token);
  assert.deepEqual(requests, [OPENID, KEYS]);
});

test("RFC 8414's location is used if OpenID's has no valid metadata", async () => {
  const metadata = documents[OPENID];
  for (const answer of [undefined, () => new Response("<html>"), () => new Response("", { status: 401 })]) {
    documents = { ...documents, [OPENID]: answer, [OAUTH]: metadata };
    requests = [];
    await discovered().verify(await tokenOf(first));
    assert.deepEqual(requests, [OPENID, OAUTH, KEYS]);
  }
});

test("the locations of issuers with and without a path, and with a slash at the end", async () => {
  const locations = {
    "https://a.example": ["https://a.example/.well-known/openid-configuration", "https://a.example/.well-known/oauth-authorization-server"],
    "https://a.example/": ["https://a.example/.well-known/openid-configuration", "https://a.example/.well-known/oauth-authorization-server"],
    "https://a.example/x/y/": ["https://a.example/x/y/.well-known/openid-configuration", "https://a.example/.well-known/oauth-authorization-server/x/y"],
  };
  for (const [issuer, expected] of Object.entries(locations)) {
    requests = [];
    await assert.rejects(discovered({ issuer }).verify(await tokenOf(first, issuer)), { code: "ERR_KEYS_UNREACHABLE" });
    assert.deepEqual(requests, expected);
  }
});

test("metadata of another issuer is refused, and the message names both", async () => {
  const token = await tokenOf(first);
  for (const issuer of [`${ISSUER}/`, "https://AUTH.example/tenant", "https://other.example", undefined, [ISSUER], "x".repeat(5000)]) {
    documents[OPENID] = { issuer, jwks_uri: KEYS };
    await assert.rejects(discovered().verify(token), (error) => {
      assert.equal(error.code, "ERR_KEYS_UNREACHABLE");
      assert.match(error.message, /its `issuer` is .* instead of "https:\/\/auth\.example\/tenant"/);
      assert.ok(error.message.length < 700);
      return true;
    });
    assert.ok(!requests.includes(KEYS));
  }
});

test("jwks_uri must be an https: URL, or local", async () => {
  const token = await tokenOf(first);
  for (const [uri, fault] of [["http://keys.example/jwks", /https:/], ["/jwks", /absolute/], ["https://u:p@keys.example/", /password/], [7, /missing/], [undefined, /missing/]]) {
    documents[OPENID] = { issuer: ISSUER, jwks_uri: uri };
    await refusedBecause(discovered(), token, fault);
  }
  documents = { ...documents, [OPENID]: { issuer: ISSUER, jwks_uri: "http://keys.localhost/jwks" }, "http://keys.localhost/jwks": documents[KEYS] };
  await discovered().verify(token);
  documents = { ...documents, [OPENID]: { issuer: ISSUER, jwks_uri: "http://keys.example/jwks" }, "http://keys.example/jwks": documents[KEYS] };
  await discovered({ allowInsecureJwks: true }).verify(token);
});

test("metadata that is no JSON object, too large or a redirect is refused", async () => {
  const token = await tokenOf(first);
  const answers = [() => Response.json(null), () => Response.json([]), () => new Response("{"), () => new Response(" ".repeat(70_000)), () => Response.redirect(KEYS)];
  for (const answer of answers) {
    documents[OPENID] = answer;
    await refusedBecause(discovered(), token, /openid-configuration: .*oauth-authorization-server\/tenant: status 404/s);
  }
});

test("fresh metadata is used again for new keys, stale metadata is fetched again", async () => {
  const metadata = documents[OPENID];
  documents[OPENID] = () => Response.json(metadata, { headers: { "cache-control": "max-age=1200" } });
  const verifier = discovered();
  const token = await tokenOf(first);
  await verifier.verify(token);
  mock.timers.tick(6 * MINUTE);
  await verifier.verify(token);
  assert.deepEqual(requests, [OPENID, KEYS, KEYS]);
  mock.timers.tick(20 * MINUTE);
  await verifier.verify(token);
  assert.deepEqual(requests, [OPENID, KEYS, KEYS, OPENID, KEYS]);
});

test("a key set that has moved is found again, without the old one's entity tag", async () => {
  const tags = [];
  const moved = "https://keys.example/moved";
  const publish = (key) => (headers) => {
    tags.push(headers["if-none-match"]);
    return Response.json({ keys: [key.jwk] }, { headers: { etag: '"1"' } });
  };
  documents[KEYS] = publish(first);
  const verifier = discovered();
  await verifier.verify(await tokenOf(first));
  documents = { [OPENID]: { issuer: ISSUER, jwks_uri: moved }, [moved]: publish(second) };
  mock.timers.tick(6 * MINUTE);
  await verifier.verify(await tokenOf(second));
  mock.timers.tick(6 * MINUTE);
  await verifier.verify(await tokenOf(second));
  assert.deepEqual(tags, [undefined, undefined, '"1"']);
});

test("known keys serve while the metadata is unreachable, for maxStale", async () => {
  const verifier = discovered({ maxStale: 600 });
  const token = await tokenOf(first);
  await verifier.verify(token);
  documents = {};
  mock.timers.tick(6 * MINUTE);
  await verifier.verify(token);
  mock.timers.tick(10 * MINUTE);
  await refusedBecause(verifier, token, /too old/);
});

test("a snapshot of discovered keys replaces the first fetch", async () => {
  const verifier = discovered();
  const token = await tokenOf(first);
  await verifier.verify(token);
  const snapshot = verifier.exportKeys();
  assert.equal(snapshot.keySets[0].url, OPENID);
  requests = [];
  await discovered({ snapshot }).verify(token);
  assert.deepEqual(requests, []);
});

test("the metadata and the key set together take at most one response's time", async () => {
  mock.timers.reset();
  documents[KEYS] = () => new Promise(() => {});
  const timeout = mock.method(AbortSignal, "timeout", () => {
    const controller = new AbortController();
    setImmediate(() => controller.abort(new Error("the time is over")));
    return controller.signal;
  });
  await refusedBecause(discovered(), await tokenOf(first), /the time is over/);
  assert.equal(timeout.mock.callCount(), 1);
  timeout.mock.restore();
});
