/** The session client in a real browser with a real issuer. */

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { startBrowser } from "../support/browser.js";
import { addUser, startIssuer, temporaryFolder } from "../support/issuer.js";
import { startSite } from "../support/site.js";

const ADA = { username: "ada", password: "correct-horse-battery" };
const GRACE = { username: "grace", password: "staple-battery-horse" };
const PATIENCE = 60_000;

let browser;
let context;
let faults;

before(async () => {
  browser = await startBrowser();
});

after(() => browser?.close());

beforeEach(async () => {
  faults = [];
  context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  // Uncaught errors, including unhandled rejections.
  context.on("weberror", (fault) => faults.push(String(fault.error())));
});

afterEach(async () => {
  await context.close();
  assert.deepEqual(faults, []);
});

/** A site with its own issuer, and with this lifetime of access tokens. */
async function siteFor(test, { accessTtl = "5m" } = {}) {
  const store = temporaryFolder(test);
  for (const user of [ADA, GRACE]) addUser(store, user);
  const issuer = await startIssuer({ args: ["--store", `sled:${store}`, "--access-ttl", accessTtl] });
  const site = await startSite(issuer);
  test.after(async () => {
    site.stop();
    await issuer.stop();
    assert.doesNotMatch(issuer.log(), /token_reuse/);
  });
  return site;
}

async function open(site) {
  const page = await context.newPage();
  await page.goto(site.url);
  return page;
}

const signIn = (page, user) => page.evaluate((user) => session.signIn(user), user);
const signOut = (page) => page.evaluate(() => session.signOut());
const token = (page) => page.evaluate(() => session.getAccessToken());
const shows = (page, text) => page.locator("#who", { hasText: text }).waitFor();
const sessionOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url")).sid;

test("ten tabs whose token expires at the same time all continue, with few renewals", async (t) => {
  const site = await siteFor(t, { accessTtl: "4s" });
  const first = await open(site);
  await signIn(first, ADA);
  const pages = [first, ...(await Promise.all(Array.from({ length: 9 }, () => open(site))))];
  await Promise.all(pages.map((page) => shows(page, "signed-in ada")));
  await context.setOffline(true);
  await Promise.all(pages.map((page) => page.evaluate(async () => {
    // Until the token has expired, and a renewal is impossible.
    while (await session.getAccessToken().catch(() => undefined)) await new Promise((resolve) => setTimeout(resolve, 100));
  })));
  const before = site.refreshes();
  await context.setOffline(false);
  const tokens = await Promise.all(pages.map((page) => page.evaluate(async () => {
    for (;;) {
      const token = await session.getAccessToken().catch(() => undefined);
      if (token !== undefined) return token;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })));
  t.diagnostic(`${site.refreshes() - before} renewals for ten tabs`);
  assert.ok(site.refreshes() - before <= 10, `${site.refreshes() - before} renewals`);
  assert.equal(new Set(tokens.map(sessionOf)).size, 1);
  for (const page of pages) await shows(page, "signed-in ada");
});

test("an offline user stays signed in, and gets a token when online again", async (t) => {
  const site = await siteFor(t, { accessTtl: "2s" });
  const page = await open(site);
  await signIn(page, ADA);
  await context.setOffline(true);
  const code = await page.evaluate(async () => {
    for (;;) {
      const code = await session.getAccessToken().then(() => undefined, (error) => error.code);
      if (code !== undefined) return code;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
  assert.equal(code, "ERR_ISSUER_UNREACHABLE");
  assert.equal(await page.evaluate(() => session.user.username), "ada");
  const before = site.refreshes();
  await context.setOffline(false);
  // The page renews without a call of `getAccessToken`.
  await page.waitForFunction(() => session.getAccessToken().then(() => true, () => false));
  assert.ok(site.refreshes() > before);
});

test("after an hour of sleep, the first token is a new one", async (t) => {
  const site = await siteFor(t);
  await context.clock.install();
  const page = await open(site);
  await signIn(page, ADA);
  const former = await token(page);
  assert.equal(await token(page), former);
  await page.clock.fastForward("01:00:00");
  assert.notEqual(await token(page), former);
  await shows(page, "signed-in ada");
});

test("when two windows of one profile sign in as different users, both have the second user", async (t) => {
  const site = await siteFor(t);
  const one = await open(site);
  const other = await open(site);
  await signIn(one, ADA);
  await shows(other, "signed-in ada");
  await signIn(other, GRACE);
  await shows(one, "signed-in grace");
  const first = await token(one);
  const second = await token(other);
  assert.equal(sessionOf(first), sessionOf(second));
  assert.equal((await one.evaluate(async () => (await session.fetch("/me")).json())).user.username, "grace");
});

test("a sign-out in one tab applies to all tabs, and a reload does not undo it", async (t) => {
  const site = await siteFor(t);
  const one = await open(site);
  const other = await open(site);
  await signIn(one, ADA);
  await shows(other, "signed-in ada");
  assert.equal(await signOut(other), "ended");
  await shows(one, "signed-out");
  assert.equal(await token(one), null);
  await one.reload();
  await shows(one, "signed-out");
  assert.deepEqual((await context.cookies()).filter(({ name }) => /hallpass_(access|refresh)/.test(name)), []);
});

test("a sign-out without a connection takes effect, and the next page repeats it", async (t) => {
  const site = await siteFor(t);
  const page = await open(site);
  await signIn(page, ADA);
  await context.setOffline(true);
  assert.equal(await signOut(page), "pending");
  await shows(page, "signed-out");
  await page.close();
  await context.setOffline(false);
  const next = await open(site);
  await shows(next, "signed-out");
  await next.waitForFunction(() => localStorage.length === 0);
  assert.deepEqual((await context.cookies()).filter(({ name }) => /hallpass_(access|refresh)/.test(name)), []);
});

test("a reload and a return to a page keep the session", async (t) => {
  const site = await siteFor(t);
  const page = await open(site);
  await signIn(page, ADA);
  await page.reload();
  await shows(page, "signed-in ada");
  await page.goto(`${site.url}/healthz`);
  await page.goBack();
  await shows(page, "signed-in ada");
  assert.match(await token(page), /^ey/);
});
