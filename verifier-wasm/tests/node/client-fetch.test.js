/** `session.fetch`: the origins that get the access token, and a 401. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { grant, ISSUER, refusal, sessionWith } from "../../../tests/support/session-issuer.js";

const API = "https://api.example/notes";
const OTHER = "https://elsewhere.example/";
const origins = ["https://api.example"];
const ok = () => new Response("fine");
const callsOf = (asked, path) => asked.filter((call) => call.path === path).map(({ authorization }) => authorization);

test("the token is sent to the issuer's origin and to `origins` only", async (t) => {
  const { session, asked } = sessionWith(t, { "/refresh": () => grant("t1"), "/me": ok, [API]: ok, [OTHER]: ok }, { origins });
  for (const url of [`${ISSUER}/me`, API, OTHER]) await session.fetch(url);
  assert.deepEqual(callsOf(asked, "/me"), ["Bearer t1"]);
  assert.deepEqual(callsOf(asked, API), ["Bearer t1"]);
  assert.deepEqual(callsOf(asked, OTHER), [null]);
});

test("the caller's own Authorization header is kept", async (t) => {
  const { session, asked } = sessionWith(t, { "/refresh": () => grant("t1"), [API]: ok }, { origins });
  await session.fetch(API, { headers: { authorization: "Basic eA==" } });
  assert.deepEqual(callsOf(asked, API), ["Basic eA=="]);
});

test("without a signed-in user, the request is sent without a token", async (t) => {
  const { session, asked } = sessionWith(t, { "/refresh": () => refusal(400, "invalid_grant"), [API]: ok }, { origins });
  await session.fetch(API);
  assert.deepEqual(callsOf(asked, API), [null]);
});

test("after a 401 the request is repeated once, with a new token and the same body", async (t) => {
  const paths = { "/refresh": (_request, count) => grant(`t${count}`), [API]: ({ headers }) => new Response(null, { status: headers.get("authorization") === "Bearer t2" ? 200 : 401 }) };
  const { session, asked } = sessionWith(t, paths, { origins });
  const response = await session.fetch(API, { method: "POST", body: "a note" });
  assert.equal(response.status, 200);
  assert.deepEqual(asked.filter(({ path }) => path === API).map(({ authorization, body }) => [authorization, body]), [["Bearer t1", "a note"], ["Bearer t2", "a note"]]);
});

test("a service that always returns 401 causes one renewal, not one per request", async (t) => {
  const paths = { "/refresh": (_request, count) => grant(`t${count}`), [API]: () => new Response(null, { status: 401 }) };
  const { session, asked } = sessionWith(t, paths, { origins });
  for (let call = 0; call < 5; call += 1) assert.equal((await session.fetch(API)).status, 401);
  assert.equal(callsOf(asked, "/refresh").length, 2);
});

test("concurrent requests with a 401 share one renewal, and all are repeated", async (t) => {
  const paths = { "/refresh": (_request, count) => grant(`t${count}`), [API]: ({ headers }) => new Response(null, { status: headers.get("authorization") === "Bearer t2" ? 200 : 401 }) };
  const { session, asked } = sessionWith(t, paths, { origins });
  await session.getAccessToken();
  const responses = await Promise.all(Array.from({ length: 5 }, () => session.fetch(API)));
  assert.deepEqual(responses.map(({ status }) => status), Array(5).fill(200));
  assert.equal(callsOf(asked, "/refresh").length, 2);
});

test("after a 401 the request is not repeated as another user", async (t) => {
  const paths = { "/refresh": (_request, count) => (count === 1 ? grant("t1") : grant("t2", { user: "grace", session: "s2" })), [API]: () => new Response(null, { status: 401 }) };
  const { session, asked } = sessionWith(t, paths, { origins });
  assert.equal((await session.fetch(API)).status, 401);
  assert.deepEqual(callsOf(asked, API), ["Bearer t1"]);
  assert.equal(session.user.username, "grace");
});

test("a request of one user is not sent as another user", async (t) => {
  // The first token is about to expire, so the request waits for the next one, which is another user's.
  const paths = { "/refresh": (_request, count) => (count === 1 ? grant("t1", { expires_in: 0.5 }) : grant("t2", { user: "grace", session: "s2" })), [API]: ok };
  const { session, asked } = sessionWith(t, paths, { origins });
  await session.fetch(API);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await assert.rejects(session.fetch(API), { code: "ERR_SIGNED_OUT" });
  assert.deepEqual(callsOf(asked, API), ["Bearer t1"]);
});

const bytes = new Uint8Array([1, 2, 3]);
const form = new FormData();
form.set("note", "a note");
const stream = () => new Blob([bytes]).stream();

const BODIES = {
  "a string": [() => [API, { method: "PUT", body: "a note" }], 2],
  "bytes": [() => [API, { method: "PUT", body: bytes }], 2],
  "a Blob": [() => [API, { method: "PUT", body: new Blob([bytes]) }], 2],
  "a form": [() => [API, { method: "PUT", body: form }], 2],
  "a number, which goes as text": [() => [API, { method: "PUT", body: 5 }], 2],
  "options that are null": [() => [API, null], 2],
  "URLSearchParams": [() => [API, { method: "PUT", body: new URLSearchParams({ note: "x" }) }], 2],
  "a Request without one": [() => [new Request(API)], 2],
  "a stream": [() => [API, { method: "PUT", body: stream(), duplex: "half" }], 1],
  "a Request's": [() => [new Request(API, { method: "PUT", body: "a note" })], 1],
};

for (const [name, [request, sent]] of Object.entries(BODIES)) {
  test(`after a 401 a body is ${sent === 2 ? "sent again" : "not sent again, and the next request has a new token"}: ${name}`, async (t) => {
    const paths = { "/refresh": (_request, count) => grant(`t${count}`), [API]: ({ headers }) => new Response(null, { status: headers.get("authorization") === "Bearer t2" ? 200 : 401 }) };
    const { session, asked } = sessionWith(t, paths, { origins });
    const copies = countCopies(t);
    assert.equal((await session.fetch(...request())).status, sent === 2 ? 200 : 401);
    const bodies = asked.filter(({ path }) => path === API).map(({ body }) => body.replace(/formdata-\S+/g, ""));
    assert.deepEqual(bodies, Array(sent).fill(bodies[0]));
    assert.equal((await session.fetch(API)).status, 200);
    assert.equal(callsOf(asked, "/refresh").length, 2);
    assert.equal(copies(), 0);
  });
}

/** Counts the copies of a body: a copy of a stream would keep all sent data in memory. */
function countCopies(t) {
  const spies = [t.mock.method(Request.prototype, "clone"), t.mock.method(ReadableStream.prototype, "tee")];
  return () => spies.reduce((sum, { mock }) => sum + mock.callCount(), 0);
}
