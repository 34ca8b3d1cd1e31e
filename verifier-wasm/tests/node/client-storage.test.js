/** The storage of the body transport: its content, and broken storages. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { grant, ISSUER, refusal, sessionWith, storageOf } from "../../../tests/support/session-issuer.js";

const KEY = `hallpass:${ISSUER}:refresh_token`;
const CREDENTIALS = { username: "ada", password: "secret" };
const full = () => { throw new DOMException("full", "QuotaExceededError"); };
const gone = () => new Response(null, { status: 204 });

test("a sign-in stores both tokens, a renewal the new one, a sign-out keeps the device token only", async (t) => {
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

test("a sign-in ends the session whose stored token it replaces", async (t) => {
  const paths = { "/refresh": () => grant("t1"), "/login": () => grant("t2", { session: "s2", refresh_token: "r2" }), "/logout": gone };
  const { session, asked } = sessionWith(t, paths, { transport: "body", storage: storageOf({ [KEY]: "r1" }) });
  await session.signIn(CREDENTIALS);
  await setImmediate();
  assert.deepEqual(JSON.parse(asked.find(({ path }) => path === "/logout").body), { refresh_token: "r1" });
});

test("a renewal neither replaces nor removes a newer token", async (t) => {
  for (const refused of [false, true]) {
    const storage = storageOf({ [KEY]: "r1" });
    const { session, asked } = sessionWith(t, {
      "/refresh": (_request, count) => {
        // Another tab signs in before the response arrives.
        if (count === 1) storage.setItem(KEY, "r9");
        return refused && count === 1 ? refusal(400, "invalid_grant") : grant("t1", { refresh_token: count === 1 ? "r2" : "r9" });
      },
    }, { transport: "body", storage });
    assert.equal(await session.getAccessToken(), "t1");
    assert.equal(storage.getItem(KEY), "r9");
    assert.equal(asked.length, refused ? 2 : 1);
  }
});

test("a session renews with a full storage", async (t) => {
  const { session } = sessionWith(t, { "/refresh": () => grant("t1", { refresh_token: "r2" }) }, { transport: "body", storage: { ...storageOf({ [KEY]: "r1" }), setItem: full } });
  assert.equal(await session.getAccessToken(), "t1");
});

test("a user signs out with a full storage", async (t) => {
  const storage = storageOf({ [KEY]: "r1" });
  const { session, asked } = sessionWith(t, { "/refresh": () => grant("t1", { refresh_token: "r1" }), "/logout": gone }, { transport: "body", storage: { ...storage, setItem: full } });
  await session.getAccessToken();
  assert.equal(await session.signOut(), "ended");
  assert.equal(asked.at(-1).path, "/logout");
  assert.equal(storage.getItem(KEY), null);
});

test("with a storage that can be neither read nor written, the status stays unknown, without an unhandled rejection", async (t) => {
  const { session } = sessionWith(t, {}, { transport: "body", storage: { getItem: full, setItem: full, removeItem: full } });
  await assert.rejects(session.getAccessToken(), { code: "ERR_ISSUER_UNREACHABLE" });
  assert.equal(session.state.status, "unknown");
});

test("the next page repeats a sign-out that the issuer has not confirmed", async (t) => {
  const storage = storageOf({ [KEY]: "r1" });
  const offline = () => Promise.reject(new TypeError("fetch failed"));
  const first = sessionWith(t, { "/refresh": () => grant("t1", { refresh_token: "r1" }), "/logout": offline }, { transport: "body", storage });
  await first.session.getAccessToken();
  assert.equal(await first.session.signOut(), "pending");
  assert.equal(await first.session.getAccessToken(), null);
  first.session.dispose();
  const next = sessionWith(t, { "/refresh": () => assert.fail("the session is renewed"), "/logout": gone }, { transport: "body", storage });
  assert.equal(await next.session.getAccessToken(), null);
  while (storage.kept.size > 0) await setImmediate();
  assert.deepEqual(next.asked.map(({ path }) => path), ["/logout"]);
});

test("a sign-in that the storage cannot save stays in the page's memory over renewals, and removes the old token", async (t) => {
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

test("a user signs in and out with a storage that neither reads, writes nor removes", async (t) => {
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

test("a user signs in and out with a storage that never responds", { timeout: 60_000 }, async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const never = () => new Promise(() => {});
  const paths = { "/login": () => grant("t1", { refresh_token: "r1", device_token: "d1" }), "/logout": gone };
  const { session } = sessionWith(t, paths, { transport: "body", storage: { getItem: never, setItem: never, removeItem: never } });
  await assert.rejects(settles(t, session.getAccessToken()), { code: "ERR_ISSUER_UNREACHABLE" });
  assert.equal((await settles(t, session.signIn(CREDENTIALS))).username, "ada");
  assert.equal(await settles(t, session.getAccessToken()), "t1");
  assert.equal(await settles(t, session.signOut()), "ended");
});

/** Advances time until a promise settles. */
async function settles(t, promise) {
  let isSettled = false;
  const settle = () => (isSettled = true);
  promise.then(settle, settle);
  while (!isSettled) {
    await setImmediate();
    t.mock.timers.tick(1_000);
  }
  return promise;
}
