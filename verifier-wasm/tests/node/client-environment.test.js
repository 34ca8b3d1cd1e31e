/** The session client works if APIs of the page or runtime are missing, forbidden, broken, or stubs. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createSession } from "hallpass/client";
import { grant, ISSUER } from "../../../tests/support/session-issuer.js";

const CREDENTIALS = { username: "ada", password: "secret" };

/** The APIs of a page that Node lacks, in a simple form, so that tests can break them too. */
const WORKING = {
  document: () => Object.assign(new EventTarget(), { visibilityState: "visible" }),
  localStorage: () => storage(),
  location: () => ({ href: "https://app.example/start" }),
  navigator: () => ({ locks: { request: async (_name, _options, task) => task() } }),
  addEventListener: () => pageEvents.addEventListener.bind(pageEvents),
  removeEventListener: () => pageEvents.removeEventListener.bind(pageEvents),
  indexedDB: () => ({ open() {} }),
};
const FOUND = ["BroadcastChannel", "URL", "crypto", "AbortController", "AbortSignal", "performance", "queueMicrotask", "structuredClone"];
const NAMES = [...Object.keys(WORKING), ...FOUND];
const pageEvents = new EventTarget();

/** The issuer's responses, created in advance: Node's own `Response` needs some of the APIs. */
const headers = new Headers();
const granted = await grant("t1").json();
const ANSWERS = {
  "/refresh": { status: 204, headers },
  "/login": { status: 200, headers, json: async () => granted },
  "/logout": { status: 204, headers },
};

const refuses = () => { throw new DOMException("not here", "SecurityError"); };

/** An object whose properties are all such objects, and which runs `task` when it is called or constructed. */
const stub = (task) => new Proxy(function () {}, { get: (_target, name) => (name === Symbol.toPrimitive ? refuses : stub(task)), apply: task, construct: () => task() ?? {} });

const DEFECTS = {
  "is missing": undefined,
  "is undefined": { value: undefined },
  "throws when it is read": { get: refuses },
  "throws when it is called": { value: stub(refuses) },
  "does nothing": { value: stub(() => undefined) },
};

for (const [defect, descriptor] of Object.entries(DEFECTS)) {
  for (const name of NAMES) test(`a session works if \`${name}\` ${defect}`, (t) => sessionWorks(t, [name], descriptor));
  test(`a session works if each of these APIs ${defect}`, (t) => sessionWorks(t, NAMES, descriptor));
}

test("a page that becomes visible after `pagehide` works again, without `pageshow`", async (t) => {
  replaceGlobals(t, [], undefined);
  const session = sessionOf(t);
  assert.equal(await session.getAccessToken(), null);
  await session.signIn(CREDENTIALS);
  pageEvents.dispatchEvent(new Event("pagehide"));
  document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(await session.getAccessToken(), null);
});

test("a token of another tab without a valid expiry is ignored", async (t) => {
  replaceGlobals(t, [], undefined);
  const session = sessionOf(t);
  await session.signIn(CREDENTIALS);
  const timers = t.mock.method(globalThis, "setTimeout");
  const otherTab = new BroadcastChannel(`hallpass:${ISSUER}`);
  t.after(() => otherTab.close());
  const { user, session: { id } } = granted;
  for (const expiresIn of [NaN, undefined, "soon", -1]) {
    otherTab.postMessage({ type: "pass", pass: { token: "t9", expiresIn, sentAt: { wall: Date.now() + 1e6, monotonic: 0 }, user, session: { id } } });
  }
  // The next message shows that the earlier ones have been received.
  otherTab.postMessage({ type: "wait", until: Date.now() + 60_000 });
  while (timers.mock.callCount() === 0) await setImmediate();
  assert.equal(await session.getAccessToken(), "t1");
});

test("no other file of the client names an API of the browser", () => {
  const folder = new URL("../../dist/client/", import.meta.url);
  const api = new RegExp(String.raw`(?<![.\w"])(${NAMES.join("|")}|globalThis|window|self|sessionStorage|setTimeout)\b(?=[.(\[])|new (URL|BroadcastChannel|AbortController)\b`);
  const files = readdirSync(folder).filter((name) => name.endsWith(".js") && name !== "environment.js");
  assert.ok(files.length > 10);
  for (const name of files) {
    const code = readFileSync(new URL(name, folder), "utf8").replace(/\/\*\*?[^]*?\*\/|\/\/.*/g, "");
    assert.doesNotMatch(code, api, name);
  }
});

async function sessionWorks(t, names, descriptor) {
  replaceGlobals(t, names, descriptor);
  const session = sessionOf(t);
  assert.equal(await session.getAccessToken(), null);
  assert.equal((await session.signIn(CREDENTIALS)).username, "ada");
  assert.equal(await session.getAccessToken(), "t1");
  assert.equal(session.state.status, "signed-in");
  assert.equal(await session.signOut(), "ended");
  assert.equal(session.state.status, "signed-out");
}

function sessionOf(t) {
  const session = createSession({ issuer: ISSUER, fetch: async (url) => ANSWERS[url.slice(ISSUER.length)] });
  t.after(() => session.dispose());
  return session;
}

/** Sets the globals of a page, some of them broken. */
function replaceGlobals(t, names, descriptor) {
  for (const name of NAMES) {
    const former = Object.getOwnPropertyDescriptor(globalThis, name);
    const working = WORKING[name] && { value: WORKING[name]() };
    const next = names.includes(name) ? descriptor : (working ?? former);
    delete globalThis[name];
    if (next !== undefined) Object.defineProperty(globalThis, name, { ...next, configurable: true });
    t.after(() => {
      delete globalThis[name];
      if (former !== undefined) Object.defineProperty(globalThis, name, former);
    });
  }
}

function storage() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value), removeItem: (key) => void kept.delete(key) };
}
