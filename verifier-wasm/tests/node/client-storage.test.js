/** The body transport's storage: what is in it, and what a broken one does. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { grant, ISSUER, refusal, sessionWith, storageOf } from "../../../tests/support/session-issuer.js";

const KEY = `hallpass:${ISSUER}:refresh_token`;
const CREDENTIALS = { username: "ada", password: "secret" };
const full = () => { throw new DOMException("full", "QuotaExceededError"); };
const gone = () => new Response(null, { status: 204 });

test("a sign-in keeps both tokens, a renewal the new one, a sign-out the device's alone", async (t) => {
  const storage = storageOf();
  const paths = { "/login": () => grant("t1", { refresh_token: "r1", device_token: "d1" }), "/refresh": () => grant("t2", { refresh_token: "r2" }), "/logout": gone };
  const { session, asked } = sessionWith(t, paths, { transport: "body", storage });
  assert.equal(await session.getAccessToken(), null);
  await session.signIn(CREDENTIALS);
  assert.deepEqual([...storage.kept.values()], ["r1", "d1"]);
  assert.equal(await session.signOut(), "ended");
  assert.deepEqual([...storage.kept.values()], ["d1"]);
  await session.signIn(CREDENTIALS);
  assert.deepEqual(JSON.parse(asked.at(-1).body), { ...CREDENTIALS, transport: "body", device_token: "d1" });
  assert.equal(JSON.parse(asked.find(({ path }) => path === "/logout").body).refresh_token, "r1");
});

test("a sign-in ends the session whose token it takes the place of", async (t) => {
  const paths = { "/refresh": () => grant("t1"), "/login": () => grant("t2", { session: "s2", refresh_token: "r2" }), "/logout": gone };
  const { session, asked } = sessionWith(t, paths, { transport: "body", storage: storageOf({ [KEY]: "r1" }) });
  await session.signIn(CREDENTIALS);
  await setImmediate();
  assert.deepEqual(JSON.parse(asked.find(({ path }) => path === "/logout").body), { refresh_token: "r1" });
});

test("a renewal puts no token in the place of one that is newer, and drops none", async (t) => {
  for (const refused of [false, true]) {
    const storage = storageOf({ [KEY]: "r1" });
    const { session, asked } = sessionWith(t, {
      "/refresh": (_request, count) => {
        // Another tab has signed in while the answer was under way.
        if (count === 1) storage.setItem(KEY, "r9");
        return refused && count === 1 ? refusal(400, "invalid_grant") : grant("t1", { refresh_token: count === 1 ? "r2" : "r9" });
      },
    }, { transport: "body", storage });
    assert.equal(await session.getAccessToken(), "t1");
    assert.equal(storage.getItem(KEY), "r9");
    assert.equal(asked.length, refused ? 2 : 1);
  }
});

test("a storage that is full still gives tokens", async (t) => {
  const { session } = sessionWith(t, { "/refresh": () => grant("t1", { refresh_token: "r2" }) }, { transport: "body", storage: { ...storageOf({ [KEY]: "r1" }), setItem: full } });
  assert.equal(await session.getAccessToken(), "t1");
});

test("a storage that is full keeps nobody from signing out", async (t) => {
  const storage = storageOf({ [KEY]: "r1" });
  const { session, asked } = sessionWith(t, { "/refresh": () => grant("t1", { refresh_token: "r1" }), "/logout": gone }, { transport: "body", storage: { ...storage, setItem: full } });
  await session.getAccessToken();
  assert.equal(await session.signOut(), "ended");
  assert.equal(asked.at(-1).path, "/logout");
  assert.equal(storage.getItem(KEY), null);
});

test("a storage that can be neither read nor written leaves it open who is there, and rejects nothing that nobody handles", async (t) => {
  const { session } = sessionWith(t, {}, { transport: "body", storage: { getItem: full, setItem: full, removeItem: full } });
  await assert.rejects(session.getAccessToken(), { code: "ERR_ISSUER_UNREACHABLE" });
  assert.equal(session.state.status, "unknown");
});

test("a sign-out that the issuer cannot hear of is told by the next page", async (t) => {
  const storage = storageOf({ [KEY]: "r1" });
  const offline = () => Promise.reject(new TypeError("fetch failed"));
  const first = sessionWith(t, { "/refresh": () => grant("t1", { refresh_token: "r1" }), "/logout": offline }, { transport: "body", storage });
  await first.session.getAccessToken();
  assert.equal(await first.session.signOut(), "pending");
  assert.equal(await first.session.getAccessToken(), null);
  first.session.dispose();
  const next = sessionWith(t, { "/refresh": () => assert.fail("it is renewed"), "/logout": gone }, { transport: "body", storage });
  assert.equal(await next.session.getAccessToken(), null);
  while (storage.kept.size > 0) await setImmediate();
  assert.deepEqual(next.asked.map(({ path }) => path), ["/logout"]);
});

test("a sign-in that the storage does not take holds in this page, over renewals, and leaves no former token behind", async (t) => {
  const storage = storageOf({ [KEY]: "r1" });
  const paths = { "/refresh": (_request, count) => grant(`t${count + 1}`, { refresh_token: `r${count + 1}` }), "/login": () => grant("t1", { expires_in: 0.1, refresh_token: "r2", device_token: "d1" }), "/logout": gone };
  const { session, asked } = sessionWith(t, paths, { transport: "body", storage: { ...storage, setItem: full } });
  await session.getAccessToken();
  await session.signIn(CREDENTIALS);
  while ((await session.getAccessToken()) === "t1") await setImmediate();
  assert.deepEqual(asked.filter(({ path }) => path === "/refresh").map(({ body }) => JSON.parse(body).refresh_token), ["r1", "r2"]);
  assert.equal(storage.kept.size, 0);
  assert.equal(await session.signOut(), "ended");
  assert.deepEqual(JSON.parse(asked.at(-1).body), { refresh_token: "r3" });
  assert.equal(await session.getAccessToken(), null);
});

test("a storage that gives nothing back and gives nothing up keeps no user from signing in and out", async (t) => {
  for (const getItem of [full, () => undefined, async () => full(), async () => null]) {
    const storage = { getItem, setItem: async () => full(), removeItem: async () => full() };
    const { session } = sessionWith(t, { "/refresh": () => refusal(400, "invalid_grant"), "/login": (_request, count) => grant("t1", { session: `s${count}`, refresh_token: "r1" }), "/logout": gone }, { transport: "body", storage });
    assert.equal((await session.signIn(CREDENTIALS)).username, "ada");
    assert.equal(await session.getAccessToken(), "t1");
    assert.equal(await session.signOut(), "ended");
    assert.equal(await session.getAccessToken(), null);
    await session.signIn(CREDENTIALS);
    assert.equal(session.state.status, "signed-in");
  }
});

test("a storage that never answers is given up, and keeps no user from signing in and out", { timeout: 60_000 }, async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const never = () => new Promise(() => {});
  const paths = { "/login": () => grant("t1", { refresh_token: "r1", device_token: "d1" }), "/logout": gone };
  const { session } = sessionWith(t, paths, { transport: "body", storage: { getItem: never, setItem: never, removeItem: never } });
  await assert.rejects(inTime(t, session.getAccessToken()), { code: "ERR_ISSUER_UNREACHABLE" });
  assert.equal((await inTime(t, session.signIn(CREDENTIALS))).username, "ada");
  assert.equal(await inTime(t, session.getAccessToken()), "t1");
  assert.equal(await inTime(t, session.signOut()), "ended");
});

/** Lets time pass until a promise is settled. */
async function inTime(t, promise) {
  let isSettled = false;
  const settle = () => (isSettled = true);
  promise.then(settle, settle);
  while (!isSettled) {
    await setImmediate();
    t.mock.timers.tick(1_000);
  }
  return promise;
}
