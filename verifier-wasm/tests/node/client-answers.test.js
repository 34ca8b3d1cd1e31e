/** The session client and the issuer's responses: only a definite refusal ends a session. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, grant, refusal, sessionWith } from "../../../tests/support/session-issuer.js";

const HARMLESS = {
  "429": () => refusal(429, "too_many_requests", { "retry-after": "5" }),
  "503": () => refusal(503, "temporarily_unavailable", { "retry-after": "5" }),
  "a proxy's page": () => new Response("<html>", { status: 502 }),
  "a hotel's page": () => new Response("<html>sign in</html>"),
  "a 200 without a token": () => answer({ user: {}, session: {} }),
  "a token that has already expired": () => grant("t1", { expires_in: 0 }),
  "a 400 of another kind": () => refusal(400, "unsupported_grant_type"),
  "a 403": () => refusal(403, "csrf_rejected"),
  "a network error": () => Promise.reject(new TypeError("fetch failed")),
  "a fetch that throws": () => { throw new Error("no fetch here"); },
};

for (const [name, refresh] of Object.entries(HARMLESS)) {
  test(`the session survives ${name}`, async (t) => {
    const { session } = sessionWith(t, { "/refresh": refresh });
    await assert.rejects(session.getAccessToken(), ({ code }) => ["ERR_ISSUER_UNREACHABLE", "ERR_REQUEST_REFUSED"].includes(code));
    assert.equal(session.state.status, "unknown");
  });
}

const ENDS = {
  invalid_grant: () => refusal(400, "invalid_grant"),
  invalid_request: () => refusal(400, "invalid_request"),
  "a 204 without a presented token": () => new Response(null, { status: 204 }),
};

for (const [name, refresh] of Object.entries(ENDS)) {
  test(`${name}: no user is signed in`, async (t) => {
    const { session } = sessionWith(t, { "/refresh": refresh });
    assert.equal(await session.getAccessToken(), null);
    assert.deepEqual(session.state, { status: "signed-out", user: null, session: null });
  });
}

test("in the body transport, neither invalid_request nor a 204 ends the session", async (t) => {
  const storage = { getItem: (key) => (key.endsWith(":refresh_token") ? "hprt_x" : null), setItem() {}, removeItem: () => assert.fail("the token is removed") };
  for (const [name, code] of [["invalid_request", "ERR_REQUEST_REFUSED"], ["a 204 without a presented token", "ERR_ISSUER_UNREACHABLE"]]) {
    const { session } = sessionWith(t, { "/refresh": ENDS[name] }, { transport: "body", storage });
    await assert.rejects(session.getAccessToken(), { code });
  }
});

test("a failed sign-in has a code, and Retry-After", async (t) => {
  const refusals = [refusal(401, "invalid_credentials"), refusal(429, "too_many_attempts", { "retry-after": "7" }), refusal(503, "overloaded", { "retry-after": "2" })];
  const { session } = sessionWith(t, { "/refresh": () => refusal(400, "invalid_grant"), "/login": () => refusals.shift() });
  const signIn = () => session.signIn({ username: "ada", password: "secret" });
  await assert.rejects(signIn(), { code: "ERR_CREDENTIALS_INVALID" });
  await assert.rejects(signIn(), { code: "ERR_TOO_MANY_ATTEMPTS", retryAfter: 7 });
  await assert.rejects(signIn(), { code: "ERR_ISSUER_UNREACHABLE", retryAfter: 2 });
});

test("no error contains the password or a token", async (t) => {
  const { session } = sessionWith(t, { "/refresh": () => grant("secret-token"), "/login": () => new Response("<html>") });
  await session.getAccessToken();
  const error = await session.signIn({ username: "ada", password: "secret-password" }).catch((error) => error);
  assert.doesNotMatch(`${error.stack} ${error.cause?.stack} ${JSON.stringify(error)}`, /secret-/);
});

test("reading the state sends no request, concurrent calls share one renewal, and listeners are called once per change", async (t) => {
  const { session, asked } = sessionWith(t, { "/refresh": () => grant("t1") });
  const heard = [];
  session.subscribe((state) => heard.push(state));
  session.subscribe(() => { throw new Error("a listener's own fault"); })();
  for (let read = 0; read < 9; read += 1) assert.equal(session.user, undefined);
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => session.getAccessToken())), ["t1", "t1", "t1"]);
  assert.equal(asked.length, 1);
  assert.deepEqual(heard, [session.state]);
});

test("a disposed session rejects calls, and a running sign-out still completes", async (t) => {
  const { session, asked } = sessionWith(t, { "/refresh": () => grant("t1"), "/logout": () => new Response(null, { status: 204 }) });
  await session.getAccessToken();
  const signingOut = session.signOut();
  session.dispose();
  session.dispose();
  assert.equal(await signingOut, "ended");
  await assert.rejects(session.getAccessToken(), { code: "ERR_DISPOSED" });
  await assert.rejects(session.signIn({ username: "ada", password: "x" }), { code: "ERR_DISPOSED" });
  assert.equal(asked.at(-1).path, "/logout");
});

test("a token that expires between two readings of the clock is renewed", async (t) => {
  for (let early = 0; early < 100; early++) {
    let clock = 1e9;
    const { session } = sessionWith(t, { "/refresh": (_request, count) => grant(`t${count}`) }, { now: () => (clock += 0.001) });
    assert.equal(await session.getAccessToken(), "t1");
    // A token is not returned in its last ten seconds. Each reading of the clock is a millisecond later.
    clock += 290 - early / 1000;
    assert.match(await session.getAccessToken(), /^t[12]$/);
  }
});
