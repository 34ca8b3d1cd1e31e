/** The adapters in the real frameworks: Hono, and Express 5, Express 4 and Fastify on a listening server. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { basename } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import express5 from "express";
import express4 from "express4";
import fastify from "fastify";
import { createVerifier } from "hallpass";
import { authenticate as authenticateExpress } from "hallpass/express";
import { authenticate as authenticateFastify } from "hallpass/fastify";
import { authenticate as authenticateHono } from "hallpass/hono";
import { Hono } from "hono";
import { AUDIENCE, freshKey, ISSUER, withOneCharacterChanged } from "../../../tests/support/tokens.js";

const COOKIE = "__Host-hallpass_access";
const PLAIN_COOKIE = "hallpass_access";
const LOCAL_ISSUER = "http://localhost:8080";
const UNREACHABLE = "https://localhost:1/jwks.json";
const key = await freshKey("k1");
const good = await key.sign({ plan: "paid" });
const local = await key.sign({ iss: LOCAL_ISSUER });

/** The codes that `onRefusal` has received. */
const refusals = [];

/** The routes of each framework, each with a verifier and options. */
function routes() {
  const options = { issuer: ISSUER, audience: AUDIENCE };
  const verifier = createVerifier({ ...options, jwks: { keys: [key.jwk] } });
  const broken = createVerifier({ ...options, jwks: { keys: [key.jwk] }, now: () => NaN });
  return {
    "/plain": [verifier],
    "/cookie": [verifier, { cookie: COOKIE }],
    "/local": [createVerifier({ ...options, issuer: LOCAL_ISSUER, jwks: { keys: [key.jwk] } }), { cookie: COOKIE }],
    "/mixed": [createVerifier({ audience: AUDIENCE, issuers: [LOCAL_ISSUER, ISSUER].map((issuer) => ({ issuer, jwks: { keys: [key.jwk] } })) }), { cookie: COOKIE }],
    "/unchecked": [createVerifier({ ...options, issuer: null, jwks: { keys: [key.jwk] } }), { cookie: COOKIE }],
    "/optional": [verifier, { optional: true, cookie: COOKIE }],
    "/down": [createVerifier({ ...options, jwks: UNREACHABLE }), { onRefusal: ({ code }) => refusals.push(code) }],
    "/reported": [verifier, { onRefusal: ({ code }) => refusals.push(code) }],
    "/unusable": [createVerifier({ ...options, jwks: { keys: [{ kty: "oct", k: "AAAA" }] } })],
    "/broken": [broken],
  };
}

function hono() {
  const app = new Hono();
  for (const [path, middleware] of Object.entries(routes())) {
    app.on(["GET", "OPTIONS"], path, authenticateHono(...middleware), (c) => c.json({ claims: c.get("claims") ?? null }));
  }
  app.onError((error, c) => c.json({ thrown: error.code }, 500));
  return { ask: (path, headers, method = "GET") => app.request(path, { headers, method }), stop: () => {} };
}

const expressWith = (express) => async () => {
  const app = express();
  for (const [path, middleware] of Object.entries(routes())) {
    const auth = authenticateExpress(...middleware);
    app.all(path, auth, (request, response) => {
      if (request.method === "GET") assert.equal(auth.claims(request), request.auth);
      response.json({ claims: request.auth ?? null });
    });
  }
  app.use((error, _request, response, _next) => response.status(500).json({ thrown: error.code }));
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, "127.0.0.1", () => resolve(listening));
  });
  const ask = (...request) => askOverHttp(server.address().port, ...request);
  return { ask, stop: () => new Promise((resolve) => server.close(resolve)) };
};

async function fastifyServer() {
  const app = fastify();
  for (const [path, middleware] of Object.entries(routes())) {
    const auth = authenticateFastify(...middleware);
    app.route({ method: ["GET", "OPTIONS"], url: path, onRequest: auth, handler: async (request) => {
      return { claims: request.method === "GET" ? auth.claims(request) ?? null : null };
    } });
  }
  app.setErrorHandler((error, _request, reply) => reply.code(500).send({ thrown: error.code }));
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { ask: (...request) => askOverHttp(app.server.address().port, ...request), stop: () => app.close() };
}

/** Not `fetch`, which joins repeated headers. */
function askOverHttp(port, path, headers = [], method = "GET") {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: "127.0.0.1", path, method, headers: ["Host", "localhost", ...headers.flat()], agent: false });
    request.on("error", reject).on("response", async (message) => {
      resolve(new Response(Buffer.concat(await message.toArray()), { status: message.statusCode, headers: message.headers }));
    }).end();
  });
}

const FRAMEWORKS = { "Hono": hono, "Express 5": expressWith(express5), "Express 4": expressWith(express4), "Fastify": fastifyServer };

for (const [name, start] of Object.entries(FRAMEWORKS)) {
  const app = await start();
  after(() => app.stop());

  const bearer = (token, scheme = "Bearer") => [["Authorization", `${scheme} ${token}`]];
  const cookies = (text) => [["Cookie", text]];

  async function claims(path, headers) {
    const response = await app.ask(path, headers);
    assert.equal(response.status, 200);
    return (await response.json()).claims;
  }

  async function refused(path, headers, status, challenge, error, token) {
    const response = await app.ask(path, headers);
    assert.equal(response.status, status);
    assert.equal(response.headers.get("www-authenticate"), challenge);
    assert.equal(response.headers.get("cache-control"), "no-store");
    // Fastify adds the encoding.
    assert.match(response.headers.get("content-type"), /^application\/json(; charset=utf-8)?$/);
    const text = await response.text();
    const body = JSON.parse(text);
    assert.deepEqual(Object.keys(body), ["error", "error_description"]);
    assert.equal(body.error, error);
    if (token !== undefined) for (const part of token.split(".")) assert.ok(!text.includes(part));
    return response;
  }

  test(`${name}: the handler gets the claims of a valid token, with the scheme in any case`, async () => {
    for (const scheme of ["Bearer", "bearer", "BEARER", "Bearer  "]) {
      const { sub, plan } = await claims("/plain", bearer(good, scheme));
      assert.deepEqual({ sub, plan }, { sub: "user-1", plan: "paid" });
    }
  });

  test(`${name}: no token is 401 with a plain challenge`, async () => {
    const nothing = [[], cookies(`${COOKIE}=${good}`), bearer("dXNlcjpwYXNz", "Basic"), bearer(good, "Bearers"), bearer(good, "DPoP")];
    for (const headers of nothing) await refused("/plain", headers, 401, "Bearer", "invalid_token");
  });

  test(`${name}: an invalid token is 401 with a description that contains no part of it`, async () => {
    const expired = await key.sign({ exp: 1 });
    for (const token of [withOneCharacterChanged(good), expired, "garbage", "x".repeat(9000), await key.sign({ aud: "web" })]) {
      await refused("/plain", bearer(token), 401, 'Bearer error="invalid_token"', "invalid_token", token.length < 9000 ? token : undefined);
      await refused("/optional", bearer(token), 401, 'Bearer error="invalid_token"', "invalid_token");
    }
    const { error_description: words } = await (await app.ask("/plain", bearer(expired))).json();
    assert.equal(words, "the token has expired");
  });

  test(`${name}: two tokens, or a scheme without a token, are 400`, async () => {
    const many = [[...bearer(good), ...bearer(good)], bearer(`${good} ${good}`), bearer(`${good}, Bearer ${good}`), [["Authorization", "Bearer"]]];
    for (const headers of many) await refused("/plain", headers, 400, 'Bearer error="invalid_request"', "invalid_request", good);
    await refused("/cookie", cookies(`${COOKIE}=${good}; ${COOKIE}=${good}`), 400, 'Bearer error="invalid_request"', "invalid_request");
  });

  test(`${name}: the cookie is read if the option names it, and the header has priority`, async () => {
    assert.equal((await claims("/cookie", cookies(`a=b; ${COOKIE}=${good}; c=d`))).sub, "user-1");
    assert.equal((await claims("/cookie", [...bearer(good), ...cookies(`${COOKIE}=bad`)])).sub, "user-1");
    await refused("/cookie", [...bearer("bad"), ...cookies(`${COOKIE}=${good}`)], 401, 'Bearer error="invalid_token"', "invalid_token");
    for (const text of [`x${COOKIE}=${good}`, `${COOKIE}x=${good}`, `${COOKIE}=`, ""]) {
      await refused("/cookie", cookies(text), 401, "Bearer", "invalid_token");
    }
  });

  test(`${name}: a header of another scheme is ignored, and the cookie is read`, async () => {
    for (const scheme of ["Basic", "Digest", "Bearers", "Negotiate"]) {
      assert.equal((await claims("/cookie", [...bearer("dXNlcjpwYXNz", scheme), ...cookies(`${COOKIE}=${good}`)])).sub, "user-1", scheme);
    }
    await refused("/cookie", [...bearer(good, "DPoP"), ...cookies(`${COOKIE}=${good}`)], 401, "Bearer", "invalid_token");
    const both = [...bearer("dXNlcjpwYXNz", "Basic"), ...bearer(good)];
    await refused("/cookie", [...both, ...cookies(`${COOKIE}=${good}`)], 400, 'Bearer error="invalid_request"', "invalid_request");
  });

  test(`${name}: the cookie without the prefix is read only if every issuer is on http://localhost`, async () => {
    for (const cookie of [PLAIN_COOKIE, COOKIE]) assert.equal((await claims("/local", cookies(`${cookie}=${local}`))).iss, LOCAL_ISSUER);
    assert.equal((await claims("/local", cookies(`${COOKIE}=stale; ${PLAIN_COOKIE}=${local}`))).iss, LOCAL_ISSUER);
    for (const path of ["/cookie", "/mixed", "/unchecked"]) {
      await refused(path, cookies(`${PLAIN_COOKIE}=${good}`), 401, "Bearer", "invalid_token");
    }
  });

  test(`${name}: with \`optional\`, a request without a token has no claims`, async () => {
    assert.equal(await claims("/optional", []), null);
    assert.equal((await claims("/optional", bearer(good))).sub, "user-1");
  });

  test(`${name}: OPTIONS passes without claims, because a preflight has no credentials`, async () => {
    const preflight = [["Origin", "https://app.example"], ["Access-Control-Request-Method", "GET"], ["Access-Control-Request-Headers", "authorization"]];
    for (const headers of [preflight, [], bearer("bad"), bearer(good)]) {
      const response = await app.ask("/plain", headers, "OPTIONS");
      assert.deepEqual([response.status, await response.json()], [200, { claims: null }]);
    }
  });

  test(`${name}: unavailable keys are 503 with Retry-After, without their URL`, async () => {
    for (const path of ["/down", "/unusable"]) {
      const response = await refused(path, bearer(good), 503, null, "unavailable");
      assert.equal(response.headers.get("retry-after"), "5");
    }
  });

  test(`${name}: onRefusal gets the error of a refused request, except for a missing token`, async () => {
    refusals.length = 0;
    for (const headers of [bearer(good), bearer("bad"), []]) await app.ask("/reported", headers);
    await app.ask("/down", bearer(good));
    assert.deepEqual(refusals, ["ERR_TOKEN_SEGMENTS", "ERR_KEYS_UNREACHABLE"]);
  });

  test(`${name}: an error of the verifier itself goes to the application's error handler`, async () => {
    const response = await app.ask("/broken", bearer(good));
    assert.deepEqual([response.status, await response.json()], [500, { thrown: "ERR_TIME_INVALID" }]);
  });
}

test("Express: the header is read as an earlier middleware has changed it", async () => {
  const auth = authenticateExpress(createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] } }));
  const server = createServer(async (request, response) => {
    if (request.url === "/exchanged") request.headers.authorization = `Bearer ${good}`;
    if (request.url === "/removed") delete request.headers.authorization;
    await auth(request, response, () => response.end());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const ask = async (path, ...tokens) => {
    const headers = tokens.map((token) => ["Authorization", `Bearer ${token}`]);
    return (await askOverHttp(server.address().port, path, headers)).status;
  };
  try {
    assert.deepEqual([await ask("/exchanged", "opaque"), await ask("/exchanged"), await ask("/removed", good)], [200, 200, 401]);
    assert.deepEqual([await ask("/", good), await ask("/", good, good), await ask("/exchanged", good, good)], [200, 400, 400]);
  } finally {
    server.close();
  }
});

test("Express, Fastify: claims of a request that was not admitted are an error, not undefined", () => {
  for (const authenticate of [authenticateExpress, authenticateFastify]) {
    const auth = authenticate(createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [] } }));
    assert.throws(() => auth.claims({}), TypeError);
  }
});

test("Fastify: a hook for all routes admits valid tokens only, and no handler runs for a refused request", async (t) => {
  const auth = authenticateFastify(createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] } }));
  let handled = 0;
  const app = fastify().addHook("onRequest", auth);
  app.get("/", async (request) => {
    handled += 1;
    return auth.claims(request).sub;
  });
  t.after(() => app.close());
  const ask = (token) => app.inject({ url: "/", headers: { authorization: `Bearer ${token}` } });
  const [admitted, refused] = [await ask(good), await ask("bad")];
  assert.deepEqual([admitted.statusCode, admitted.body, refused.statusCode, handled], [200, "user-1", 401, 1]);
});

test("Hono: a background fetch is passed to the worker's waitUntil", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_790_000_000_000 });
  const fetch = async () => Response.json({ keys: [key.jwk] });
  const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: UNREACHABLE, fetch });
  const app = new Hono().get("/", authenticateHono(verifier), (c) => c.text(c.get("claims").sub));
  const waited = [];
  const context = { waitUntil: (promise) => waited.push(promise), passThroughOnException() {} };
  const token = await key.sign({ exp: 1_900_000_000 });
  const ask = () => app.request("/", { headers: { authorization: `Bearer ${token}` } }, {}, context);
  assert.equal(await (await ask()).text(), "user-1");
  assert.equal(waited.length, 0);
  t.mock.timers.tick(4 * 60_000);
  await ask();
  assert.equal(waited.length, 1);
  await waited[0];
  t.mock.timers.tick(4 * 60_000);
  const withoutContext = await app.request("/", { headers: { authorization: `Bearer ${token}` } });
  assert.equal(withoutContext.status, 200);
});

for (const adapter of ["hono", "express", "fastify"]) {
  test(`hallpass/${adapter} is under 1.25 KB gzipped, without the framework and the verifier`, async (t) => {
    const options = { bundle: true, minify: true, format: "esm", platform: "neutral", write: false, metafile: true };
    const { outputFiles: [{ contents }], metafile } = await build({ ...options, entryPoints: [import.meta.resolve(`hallpass/${adapter}`).slice("file://".length)] });
    assert.deepEqual(Object.keys(metafile.inputs).map((path) => basename(path)).sort(), ["bearer.js", "cookies.js", `${adapter}.js`].sort());
    const size = gzipSync(contents, { level: 9 }).length;
    t.diagnostic(`${contents.length} bytes, ${size} gzipped`);
    assert.ok(size < 1280, `${size}`);
  });
}
