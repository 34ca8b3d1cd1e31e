/** The session client respects Retry-After: in every response, in every form, and in all tabs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readRetryAfter } from "../../dist/client/retry-after.js";
import { grant, ISSUER, sessionWith } from "../../../tests/support/session-issuer.js";

/** A tab has a document. Without one, as on a server, a session sends no request until a method is called. */
globalThis.document = Object.assign(new EventTarget(), { visibilityState: "visible" });

const NOW = Date.parse("1994-11-06T08:47:37Z");

const HEADERS = {
  "120": 120,
  " 120 ": 120,
  "Sun, 06 Nov 1994 08:49:37 GMT": 120,
  "Sunday, 06-Nov-94 08:49:37 GMT": 120,
  "Sun Nov  6 08:49:37 1994": 120,
  "Mon Dec 26 08:47:37 1994": 50 * 86_400,
  "Sun, 06 Nov 1994 08:47:37 GMT": undefined,
  "Sat, 06 Nov 1993 08:49:37 GMT": undefined,
  "Wednesday, 06-Nov-50 08:49:37 GMT": undefined,
  "0": undefined,
  "-5": undefined,
  "1.5": undefined,
  "soon": undefined,
  "Sun, 06 Nov 1994 08:49:37": undefined,
  "": undefined,
};

for (const [header, seconds] of Object.entries(HEADERS)) {
  test(`\`Retry-After: ${header}\` is ${seconds === undefined ? "ignored" : `${seconds} seconds`}`, () => assert.equal(readRetryAfter(header, NOW), seconds));
}

test("a year of two digits is at most 50 years ahead", () => {
  const at = (year) => Date.parse(`${year}-11-06T08:47:37Z`);
  assert.equal(readRetryAfter("Sunday, 06-Nov-44 08:47:37 GMT", NOW), (at(2044) - NOW) / 1000);
  assert.equal(readRetryAfter("Sunday, 06-Nov-45 08:47:37 GMT", NOW), undefined);
  assert.equal(readRetryAfter("Sunday, 06-Nov-01 08:47:37 GMT", at(2000)), 365 * 86_400);
});

const html = (status, headers) => () => new Response("<!doctype html><h1>Error 1015</h1>", { status, headers: { "content-type": "text/html", ...headers } });
const inTwoMinutes = () => new Date(Date.now() + 120_000).toUTCString();

for (const status of [429, 500, 502, 503, 200, 403]) {
  test(`after a ${status} with \`Retry-After\`, a page sends no request until then, and its error has the time`, async (t) => {
    // By the clock of the response: this computer's may be wrong.
    const byDate = { date: "Sun, 06 Nov 1994 08:47:37 GMT", "retry-after": "Sun, 06 Nov 1994 08:49:37 GMT" };
    for (const headers of [{ "retry-after": "120" }, { "retry-after": inTwoMinutes() }, byDate]) {
      const { session, asked } = sessionWith(t, { "/refresh": html(status, headers) });
      for (let call = 0; call < 5; call += 1) {
        await assert.rejects(session.getAccessToken(), ({ code, retryAfter }) => code === "ERR_ISSUER_UNREACHABLE" && retryAfter > 100 && retryAfter <= 120);
      }
      assert.equal(asked.length, 1);
      assert.equal(session.state.error.code, "ERR_ISSUER_UNREACHABLE");
    }
  });
}

test("a Retry-After that one tab received applies to the others", async (t) => {
  const issuer = "https://throttled.example";
  const failing = sessionWith(t, { [`${issuer}/refresh`]: () => new Response("", { status: 500 }) }, { issuer });
  await assert.rejects(failing.session.getAccessToken());
  sessionWith(t, { [`${issuer}/refresh`]: html(429, { "retry-after": "120" }) }, { issuer });
  while (!(failing.session.state.error?.retryAfter > 100)) await sleep(5);
  const before = failing.asked.length;
  await assert.rejects(failing.session.getAccessToken(), ({ retryAfter }) => retryAfter > 100);
  assert.equal(failing.asked.length, before);
});

test("a sign-in does not wait", async (t) => {
  const { session } = sessionWith(t, { "/refresh": html(429, { "retry-after": "120" }), "/login": () => grant("t1") });
  await assert.rejects(session.getAccessToken());
  await session.signIn({ username: "ada", password: "secret" });
  assert.equal(await session.getAccessToken(), "t1");
});

test("a hundred pages whose first renewal failed retry with the runtime's real timers", async (t) => {
  const pages = Array.from({ length: 100 }, () => sessionWith(t, { "/refresh": (_request, count) => (count < 3 ? new Response("{}", { status: 500 }) : grant("t1")) }));
  const deadline = Date.now() + 120_000;
  while (pages.some(({ session }) => session.state.status !== "signed-in") && Date.now() < deadline) await sleep(50);
  assert.deepEqual(pages.filter(({ session }) => session.state.status !== "signed-in"), []);
});

test("the state has the error while the user's status is unknown", async (t) => {
  const { session } = sessionWith(t, { "/refresh": (_request, count) => (count === 1 ? Promise.reject(new TypeError("fetch failed")) : grant("t1")) });
  const states = [];
  session.subscribe((state) => states.push(state));
  assert.deepEqual(session.state, { status: "unknown", user: undefined, session: undefined });
  while (session.state.status !== "signed-in") await sleep(5);
  const [first, last] = states;
  assert.deepEqual([states.length, first.status, first.error.code, first.error.cause.message], [2, "unknown", "ERR_ISSUER_UNREACHABLE", "fetch failed"]);
  assert.equal("error" in last, false);
});

test("a successful sign-out does not end the wait of a Retry-After", async (t) => {
  const paths = { "/refresh": html(503, { "retry-after": "120" }), "/logout": () => new Response(null, { status: 204 }) };
  const { session, asked } = sessionWith(t, paths);
  await assert.rejects(session.getAccessToken(), { code: "ERR_ISSUER_UNREACHABLE" });
  assert.equal(await session.signOut(), "ended");
  // Another tab reports an unknown session: the page asks the issuer, but only after the wait.
  const otherTab = new BroadcastChannel(`hallpass:${ISSUER}`);
  t.after(() => otherTab.close());
  const user = { id: "u1", username: "ada" };
  const sentAt = { wall: Date.now(), monotonic: 0 };
  otherTab.postMessage({ type: "pass", pass: { token: "t9", expiresIn: 300, sentAt, user, session: { id: "s9", expires_at: 2e9 } } });
  await sleep(200);
  assert.deepEqual(asked.map(({ path }) => path), ["/refresh", "/logout"]);
});
