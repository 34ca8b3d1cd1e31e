/** The demo's edge worker over HTTP, with cookies as a browser stores them. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { logged } from "../../tests/support/client.js";
import { startDemo } from "../../tests/support/demo.js";

const USER = { username: "exampleUser", password: "examplePassword" };

/** The lifetime of access tokens in seconds: long enough on a busy machine. */
const ACCESS_TTL = 5;

let demo;

before(async () => {
  demo = await startDemo({ accessTtl: `${ACCESS_TTL}s` });
});

after(() => demo?.stop());

/** The cookies that a response sets, as `name=value`; a cleared one has an empty value. */
const cookiesOf = (response) => response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);

const call = (headers, init = {}) => fetch(`${demo.url}/api/protected-endpoint`, { headers, ...init });

async function signIn(from = demo) {
  const response = await fetch(`${from.url}/login`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(USER),
  });
  assert.equal(response.status, 200);
  return cookiesOf(response);
}

async function signInAndExpire() {
  const cookies = await signIn();
  await sleep(ACCESS_TTL * 1_000 + 100);
  return cookies.join("; ");
}

test("an expired access cookie is renewed during the request: one response, with one header per new cookie", async () => {
  const response = await call({ cookie: await signInAndExpire() });
  const { claims, renewed } = await response.json();
  assert.deepEqual([response.status, claims.username, renewed], [200, "exampleUser", true]);
  assert.deepEqual(cookiesOf(response).map((cookie) => cookie.split("=")[0]), ["hallpass_access", "hallpass_refresh"]);
  for (const cookie of response.headers.getSetCookie()) assert.match(cookie, /; HttpOnly/);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.match(response.headers.get("vary"), /Cookie, Authorization/);
  const next = await call({ cookie: cookiesOf(response).join("; ") });
  assert.equal((await next.json()).renewed, false);
});

test("a missing access cookie is renewed too", async () => {
  const refresh = (await signIn()).find((cookie) => cookie.includes("_refresh="));
  assert.equal((await (await call({ cookie: `theme=dark; ${refresh}` })).json()).renewed, true);
});

test("the issuer's log has the client's address when the worker presents a stolen token", async () => {
  const refreshOf = (cookies) => cookies.find((cookie) => cookie.includes("_refresh="));
  // During the grace, the issuer returns the same successor.
  const successorOf = async (token) => {
    for (let tries = 0; tries < 300; tries += 1, await sleep(100)) {
      const next = refreshOf(cookiesOf(await call({ cookie: token })));
      if (next !== undefined && next !== token) return next;
    }
    assert.fail("no renewal gives another token");
  };
  const stolen = refreshOf(await signIn());
  await successorOf(await successorOf(stolen));
  assert.equal((await call({ cookie: stolen, "cf-connecting-ip": "203.0.113.7" })).status, 401);
  await logged(demo.issuer, /session_ended.*cause=token_reuse address=203\.0\.113\.7/);
});

test("the response has the new cookies even if the request is refused after the renewal", async (t) => {
  const other = await startDemo({ accessTtl: "1m", variables: { AUDIENCE: "another" } });
  t.after(() => other.stop());
  const refresh = (await signIn(other)).find((cookie) => cookie.includes("_refresh="));
  const response = await fetch(`${other.url}/api/protected-endpoint`, { headers: { cookie: refresh } });
  assert.deepEqual([response.status, (await response.json()).code], [401, "ERR_CLAIM_INVALID"]);
  assert.deepEqual(cookiesOf(response).map((cookie) => cookie.split("=")[0]), ["hallpass_access", "hallpass_refresh"]);
});

test("an ended session is a 401 that clears no cookies, because another tab may have signed in", async () => {
  const cookie = (await signIn()).join("; ");
  await fetch(`${demo.url}/logout`, { method: "POST", headers: { cookie } });
  await sleep(ACCESS_TTL * 1_000 + 100);
  const response = await call({ cookie });
  assert.equal(response.status, 401);
  assert.match(response.headers.get("www-authenticate"), /invalid_token/);
  assert.deepEqual(cookiesOf(response), []);
});

test("with a bearer token, the cookies are ignored", async () => {
  const cookie = (await signIn()).join("; ");
  for (const authorization of ["Bearer nonsense", "DPoP nonsense", "Bearer "]) {
    const response = await call({ cookie, authorization });
    assert.equal(response.status, 401, authorization);
    assert.deepEqual(cookiesOf(response), []);
  }
});

test("a header of another scheme is ignored: the cookies are read, and cross-site requests are refused", async () => {
  const cookie = (await signIn()).join("; ");
  const authorization = "Basic c3RhZ2luZzpzdGFnaW5n";
  assert.equal((await call({ cookie, authorization })).status, 200);
  assert.equal((await call({ cookie, authorization, origin: "https://evil.example" }, { method: "POST" })).status, 403);
});

test("a request without a token gets a plain challenge", async () => {
  const response = await call({});
  assert.deepEqual([response.status, response.headers.get("www-authenticate")], [401, "Bearer"]);
});

test("a cross-site request with cookies is refused, except GET", async () => {
  const cookie = (await signIn()).join("; ");
  const ask = async (method, headers) => (await call({ cookie, ...headers }, { method })).status;
  assert.equal(await ask("POST", { origin: "https://evil.example" }), 403);
  assert.equal(await ask("POST", { origin: "null" }), 403);
  assert.equal(await ask("DELETE", { origin: "https://evil.example" }), 403);
  assert.equal(await ask("POST", { origin: demo.url }), 200);
  assert.equal(await ask("POST", {}), 200);
  assert.equal(await ask("GET", { origin: "https://evil.example" }), 200);
});

test("the issuer's paths are forwarded, including its public keys", async () => {
  const { keys } = await (await fetch(`${demo.url}/.well-known/jwks.json`)).json();
  assert.equal(keys[0].crv, "Ed25519");
  const me = await fetch(`${demo.url}/me`, { headers: { cookie: (await signIn()).join("; ") } });
  assert.equal((await me.json()).user.username, "exampleUser");
});

test("while the issuer is down, a renewal is a 503 with Retry-After, and no cookie is cleared", async (t) => {
  const isolated = await startDemo({ accessTtl: "1s" });
  t.after(() => isolated.stop());
  const cookie = (await signIn(isolated)).join("; ");
  await fetch(`${isolated.url}/api/protected-endpoint`, { headers: { cookie } });
  await isolated.issuer.kill();
  await sleep(1_100);
  const response = await fetch(`${isolated.url}/api/protected-endpoint`, { headers: { cookie } });
  assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "5"]);
  assert.deepEqual(cookiesOf(response), []);
  assert.equal((await response.json()).error, "temporarily_unavailable");
});

test("a worker without one of its variables responds 503 to every token", async (t) => {
  for (const variables of [{ AUDIENCE: undefined }, { AUDIENCE: "" }, { ISSUER_URL: undefined }, { ISSUER_URL: "" }]) {
    const unset = await startDemo({ accessTtl: "1m", variables });
    t.after(() => unset.stop());
    const from = { url: unset.issuer.url };
    const cookie = (await signIn(from)).join("; ");
    const response = await fetch(`${unset.url}/api/protected-endpoint`, { headers: { cookie } });
    assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "5"], JSON.stringify(variables));
  }
});
