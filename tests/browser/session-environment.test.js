/** The session client in a real browser: with the back/forward cache, and in pages with missing or forbidden APIs. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { startBrowser } from "../support/browser.js";
import { credentials, startIssuer } from "../support/issuer.js";
import { startSite } from "../support/site.js";

const PATIENCE = 60_000;
const RETURN_PAGE = fileURLToPath(new URL("../support/site-return-page.js", import.meta.url));

let browser;

before(async () => {
  browser = await startBrowser([], { ignoreDefaultArgs: ["--disable-back-forward-cache"] });
});

after(() => browser?.close());

/** A site with an issuer, and a browser profile for it; `faults` are the script errors of its pages. */
async function siteFor(t, scriptFor) {
  const issuer = await startIssuer();
  const site = await startSite(issuer, scriptFor);
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  const faults = [];
  context.on("weberror", (fault) => faults.push(String(fault.error())));
  t.after(async () => {
    await context.close();
    site.stop();
    await issuer.stop();
    assert.deepEqual(faults, []);
  });
  return { site, context };
}

test("a page that returns from the back/forward cache learns at once that its user has signed out in another tab", async (t) => {
  const { site, context } = await siteFor(t, () => RETURN_PAGE);
  const page = await context.newPage();
  await page.goto(site.url);
  await page.evaluate((user) => session.signIn(user), credentials);
  await page.goto(`${site.url}/healthz`);
  const other = await context.newPage();
  await other.goto(`${site.url}/healthz`);
  assert.equal(await other.evaluate(() => localStorage.getItem("status")), "signed-in");
  assert.equal(await other.evaluate(async () => (await fetch("/logout", { method: "POST" })).status), 204);
  const before = site.refreshes();
  // Playwright's `goBack` waits for a load event, which does not happen.
  await page.evaluate(() => void history.back());
  await other.waitForFunction(() => localStorage.getItem("status") === "signed-out");
  assert.equal(await other.evaluate(() => localStorage.getItem("persisted")), "true");
  assert.equal(site.refreshes(), before + 1);
});

test("thirty sessions whose renewals fail all retry with the browser's real timers", async (t) => {
  const { site, context } = await siteFor(t);
  const page = await context.newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => globalThis.createSession);
  await page.evaluate(() => {
    globalThis.tries = Array(30).fill(0);
    const failing = (at) => async () => ((tries[at] += 1), new Response("{}", { status: 500 }));
    for (const at of tries.keys()) createSession({ issuer: location.origin, fetch: failing(at) });
  });
  await page.waitForFunction(() => tries.every((count) => count > 3));
});

const forbid = (name) => `Object.defineProperty(globalThis, "${name}", { get() { throw new DOMException("not here", "SecurityError"); } });`;
const remove = (name) => `delete globalThis.${name}; delete Window.prototype.${name};`;

const FORBIDDEN = {
  "whose storage is forbidden": forbid("localStorage"),
  "without channels": remove("BroadcastChannel"),
  "without locks": "delete Navigator.prototype.locks;",
  "whose locks are refused": `if (globalThis.LockManager) LockManager.prototype.request = () => Promise.reject(new DOMException("not here", "SecurityError"));`,
  "without aborts": remove("AbortController"),
  "with a storage that is full": `Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };`,
};

for (const [name, script] of [...Object.entries(FORBIDDEN), ["with none of these", Object.values(FORBIDDEN).join("\n")]]) {
  test(`in a page ${name} a user signs in, stays signed in over a reload, and signs out`, async (t) => {
    const { site, context } = await siteFor(t);
    await context.addInitScript(script);
    const page = await context.newPage();
    await page.goto(site.url);
    await page.evaluate((user) => session.signIn(user), credentials);
    await page.reload();
    await page.locator("#who", { hasText: `signed-in ${credentials.username}` }).waitFor();
    assert.match(await page.evaluate(() => session.getAccessToken()), /^ey/);
    assert.equal(await page.evaluate(() => session.signOut()), "ended");
    await page.locator("#who", { hasText: "signed-out" }).waitFor();
  });
}

test("in a sandboxed frame without an origin, the session has an error for its unknown status", async (t) => {
  const { site, context } = await siteFor(t);
  const page = await context.newPage();
  await page.goto(site.url);
  await page.evaluate((url) => {
    const frame = Object.assign(document.createElement("iframe"), { src: url });
    frame.sandbox.add("allow-scripts");
    document.body.append(frame);
  }, site.url);
  const inside = await (await page.waitForSelector("iframe")).contentFrame();
  await inside.waitForFunction(() => globalThis.session?.state.error !== undefined);
  assert.deepEqual(await inside.evaluate(() => [session.state.status, session.state.error.code]), ["unknown", "ERR_ISSUER_UNREACHABLE"]);
});
