/** The demo in a real browser, from sign-in to refusal, as its visitor sees it. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { startBrowser, visit } from "../support/browser.js";
import { startDemo } from "../support/demo.js";

let demo;
let browser;
let page;

before(async () => {
  demo = await startDemo({ accessTtl: "4s" });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

afterEach(async () => {
  await page?.context().close();
  page = undefined;
});

/** A visitor; at the end of each test nothing must have gone wrong in the page. */
function story(name, tell) {
  test(name, { timeout: 60_000 }, async () => {
    page = await visit(browser, demo.url);
    await tell();
    assert.deepEqual(page.faults, []);
  });
}

const button = (name) => page.getByRole("button", { name, exact: true });
const call = () => button("Call the protected endpoint").click();
const seconds = () => page.locator("#countdown-seconds");

async function signIn(password = "examplePassword") {
  await page.getByLabel("User name").fill("exampleUser");
  await page.getByLabel("Password").fill(password);
  await button("Sign in").click();
}

/** Waits until the timeline holds so many entries, and returns the newest: `{ outcome, request, status, words }`. */
async function entry(count) {
  const item = page.locator("#timeline > li");
  await item.nth(count - 1).waitFor();
  assert.equal(await item.count(), count);
  const newest = item.first();
  const text = (part) => newest.locator(`.${part}`).textContent();
  return {
    outcome: await newest.getAttribute("data-outcome"),
    request: await text("request"),
    status: await text("status"),
    words: await text("words"),
  };
}

/** Waits until the countdown stands at zero. */
const runOut = () => page.locator('#countdown[data-state="over"]').waitFor();

story("signing in shows the pass: its holder, its parts, and the time that it has left", async () => {
  await signIn();
  assert.deepEqual(await entry(1).then(({ outcome, request, status }) => [outcome, request, status]),
    ["good", "POST /login", "200"]);
  assert.equal(await page.locator("#holder-name").textContent(), "exampleUser");
  assert.match(await seconds().textContent(), /^[0-4]$/);
  assert.match(await page.locator("#header-members").textContent(), /EdDSA.*at\+jwt/s);
  assert.match(await page.locator("#claims-members").textContent(), new RegExp(`${demo.url}.*exampleUser`, "s"));
  assert.equal(await page.locator("#strip > span").count(), 3);
});

story("a wrong password is told plainly, and the next try may succeed", async () => {
  await signIn("notThePassword");
  const alert = page.getByRole("alert");
  await alert.filter({ hasText: "This user name and password do not go together." }).waitFor();
  assert.equal((await entry(1)).status, "401");
  await signIn();
  assert.equal((await entry(2)).status, "200");
  assert.equal(await alert.isVisible(), false);
});

story("the edge lets a good pass through, refuses none at all, and refuses one that was tampered with", async () => {
  await call();
  const { outcome, status, words } = await entry(1);
  assert.deepEqual([outcome, status], ["refused", "401"]);
  assert.match(words, /no token came/);
  await signIn();
  await entry(2);
  await call();
  assert.equal((await entry(3)).outcome, "good");
  await button("Call with a forged pass").click();
  const tampered = await entry(4);
  assert.deepEqual([tampered.outcome, tampered.status], ["refused", "401"]);
  assert.match(tampered.words, /the signature does not fit/);
});

story("a pass that has run out is renewed on the way", async () => {
  await signIn();
  await entry(1);
  const before = await page.locator("#strip").textContent();
  await runOut();
  await call();
  const { outcome, status, words } = await entry(2);
  assert.deepEqual([outcome, status], ["renewed", "200"]);
  assert.match(words, /renewed it at the issuer/);
  await page.locator('#countdown[data-state="running"]').waitFor();
  assert.notEqual(await page.locator("#strip").textContent(), before);
  await call();
  assert.equal((await entry(3)).outcome, "good");
});

story("a tampered cookie is refused and never renewed", async () => {
  await signIn();
  await entry(1);
  const context = page.context();
  const access = (await context.cookies()).find(({ name }) => name === "__Host-hallpass_access");
  const value = access.value.replace(/.(?=[^.]*$)/, (character) => (character === "A" ? "B" : "A"));
  await context.addCookies([{ ...access, value }]);
  await call();
  const { outcome, status } = await entry(2);
  assert.deepEqual([outcome, status], ["refused", "401"]);
});

story("after signing out the protected endpoint refuses", async () => {
  await signIn();
  await entry(1);
  await button("Sign out").click();
  assert.equal((await entry(2)).status, "204");
  assert.deepEqual((await page.context().cookies()).filter(({ name }) => name.startsWith("__Host-")), []);
  await button("Sign in").waitFor();
  await call();
  const { outcome, words } = await entry(3);
  assert.equal(outcome, "refused");
  assert.match(words, /no token came/);
});

story("a reload keeps the session, and scripts never see its cookies", async () => {
  await signIn();
  await entry(1);
  assert.equal(await page.evaluate(() => document.cookie), "");
  await page.reload();
  assert.deepEqual(await entry(1).then(({ request, status }) => [request, status]), ["POST /refresh", "200"]);
  assert.equal(await page.locator("#holder-name").textContent(), "exampleUser");
});

story("everything can be done with the keyboard", async () => {
  await page.getByLabel("User name").focus();
  await page.keyboard.type("exampleUser");
  await page.keyboard.press("Tab");
  await page.keyboard.type("examplePassword");
  await page.keyboard.press("Enter");
  await entry(1);
  await page.keyboard.press("Enter");
  assert.equal((await entry(2)).request, "GET /api/protected-endpoint");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  assert.match((await entry(3)).words, /One character of the signature was changed/);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal((await entry(4)).request, "POST /logout");
});

test("while the issuer is down a good pass still opens the door, and what needs the issuer says so", { timeout: 60_000 }, async (t) => {
  const lonely = await startDemo({ accessTtl: "5m" });
  t.after(() => lonely.stop());
  page = await visit(browser, lonely.url);
  await signIn();
  await entry(1);
  await call();
  await entry(2);
  await lonely.issuer.kill();
  await call();
  assert.equal((await entry(3)).outcome, "good");
  await button("Sign out").click();
  const { status, words } = await entry(4);
  assert.equal(status, "503");
  assert.match(words, /the issuer cannot be reached/);
});

test("the page is served with a policy that lets nothing foreign in", async () => {
  const { headers } = await fetch(demo.url);
  const policy = headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|https?:|\*/);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  for (const path of ["/nothing", "/assets/", "/../worker.ts", "/%2e%2e/worker.ts"]) {
    assert.equal((await fetch(demo.url + path)).status, 404, path);
  }
});
