/** The demo in a real browser, from sign-in to a theft that is noticed, as its visitor sees it. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { startBrowser, visit } from "../../tests/support/browser.js";
import { logged } from "../../tests/support/client.js";
import { startDemo } from "../../tests/support/demo.js";
import { onPage } from "../../tests/support/demo-page.js";

let demo;
let browser;
let page;
let on;

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
  test(name, { timeout: 300_000 }, async () => {
    page = await visit(browser, demo.url);
    on = onPage(page);
    await tell();
    assert.deepEqual(page.faults, []);
  });
}

const cookies = async () => (await page.context().cookies()).filter(({ name }) => /_(access|refresh)$/.test(name));

story("one press of a button signs in and shows the pass: its holder, its parts explained, the time that it has left", async () => {
  await on.press("Sign in");
  await on.entry(/^Signed in\. .*/, { outcome: "good", request: "POST /login", status: "200" });
  assert.equal(await page.locator("#holder-name").textContent(), "exampleUser");
  assert.match(await page.locator("#countdown-seconds").textContent(), /^[0-4]$/);
  assert.match(await page.locator("#header-members").textContent(), /algsigned with Ed25519EdDSA.*at\+jwt/s);
  assert.match(await page.locator("#claims-members").textContent(), new RegExp(`issued by${demo.url}.*exampleUser`, "s"));
  assert.equal(await page.locator("#strip > span").count(), 3);
});

story("a wrong password is told plainly, and the next try succeeds", async () => {
  await page.getByLabel("Password").fill("notThePassword");
  await on.press("Sign in");
  const alert = page.getByRole("alert");
  await alert.filter({ hasText: "This user name and password do not go together." }).waitFor();
  await on.entry(/do not go together/, { outcome: "refused", request: "POST /login", status: "401" });
  await on.signIn();
  assert.equal(await alert.isVisible(), false);
});

story("the edge lets a good pass through and tells how many microseconds it took", async () => {
  await on.press("Call the protected endpoint");
  await on.entry(/no token came/, { outcome: "refused", status: "401" });
  await on.signIn();
  await on.press("Call the protected endpoint");
  await on.entry(/Let through.* in \d+ microseconds, without a call to the issuer/, { outcome: "good", status: "200" });
  const time = Number.parseInt(await page.locator("#microseconds").textContent(), 10);
  assert.ok(time > 0 && time < 10_000, `${time} µs`);
});

story("each forgery is refused with a code that says why", async () => {
  await on.signIn();
  const codes = {
    "No pass at all": "401",
    "One character changed": "ERR_SIGNATURE_INVALID",
    "Claims changed": "ERR_SIGNATURE_INVALID",
    "Signed by a forger": "ERR_KEY_UNKNOWN",
    "Not signed": "ERR_ALG_NOT_ALLOWED",
    "Run out": "ERR_TOKEN_EXPIRED",
  };
  await page.getByText("whose time is over").waitFor();
  for (const [title, code] of Object.entries(codes)) {
    await on.press(`Send: ${title}`);
    await on.entry(new RegExp(`^${title}\\. Refused: `), { outcome: "refused", status: "401" });
    const row = page.locator("#forgeries > li", { has: page.getByRole("button", { name: `Send: ${title}` }) });
    assert.equal(await row.locator("code").textContent(), code, title);
  }
});

story("the pass is renewed silently before it runs out", async () => {
  await on.signIn();
  const first = await page.locator("#strip").textContent();
  await on.entry(/^Renewed silently/, { outcome: "renewed", request: "POST /refresh", status: "200" });
  assert.notEqual(await page.locator("#strip").textContent(), first);
  assert.equal(await page.locator("#countdown").getAttribute("data-state"), "running");
});

story("with silent renewal off the pass runs out, and the edge renews it on the way, with both cookies anew", async () => {
  await on.signIn();
  await page.getByRole("switch").click();
  await on.entry(/Silent renewal is off/, { outcome: "good" });
  const before = await cookies();
  await page.locator('#countdown[data-state="over"]').waitFor();
  // The page counts from before it asked: at the edge the pass may be good for another second.
  await page.waitForTimeout(2000);
  await on.press("Call the protected endpoint");
  await on.entry(/renewed it at the issuer/, { outcome: "renewed", status: "200" });
  await page.locator('#countdown[data-state="running"]').waitFor();
  const renewed = await cookies();
  assert.equal(renewed.length, 2);
  for (const { name, value } of renewed) assert.notEqual(value, before.find((old) => old.name === name).value, name);
  await page.getByRole("switch").click();
  await on.entry(/Silent renewal is on again/, { outcome: "good" });
  await on.entry(/^Renewed silently/, { outcome: "renewed" });
});

story("a tampered cookie is refused and never renewed", async () => {
  await on.signIn();
  await page.getByRole("switch").click();
  const access = (await cookies()).find(({ name }) => name.endsWith("access"));
  const at = access.value.lastIndexOf(".") + 1;
  const value = access.value.slice(0, at) + (access.value[at] === "A" ? "B" : "A") + access.value.slice(at + 1);
  await page.context().addCookies([{ ...access, value }]);
  await on.press("Call the protected endpoint");
  await on.entry(/signature is invalid/, { outcome: "refused", status: "401" });
});

story("the sessions are listed; one that is ended gets no new pass, and this one goes on", async () => {
  await on.signIn();
  await on.press("Sign in on a second device");
  const device = page.locator("#sessions > li", { hasText: "Second device" });
  await device.waitFor();
  await device.getByRole("button").click();
  await on.entry(/second device asks for a new pass, and is refused/, { request: "POST /refresh", status: "400" });
  await on.idle();
  assert.equal(await device.count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.id), "sessions-title");
  await on.press("Call the protected endpoint");
  await on.entry(/^Let through/, { outcome: "good" });
});

story("ending this session signs out", async () => {
  await on.signIn();
  await page.locator("#sessions > li", { hasText: "This browser" }).getByRole("button").click();
  await on.entry(/This session is over/, { request: "DELETE /sessions/…", status: "204" });
  await page.locator("#sign-in").waitFor();
  assert.deepEqual(await cookies(), []);
});

story("ending all sessions reaches another browser when its pass runs out", async () => {
  const other = await visit(browser, demo.url);
  await onPage(other).signIn();
  await on.signIn();
  await on.press("End all");
  await on.entry(/All your sessions are over/, { request: "DELETE /sessions", status: "204" });
  await page.locator("#sign-in").waitFor();
  await onPage(other).entry(/the session was ended/, { request: "POST /refresh", status: "400" });
  await other.locator("#sign-in").waitFor();
  assert.deepEqual(other.faults, []);
  await other.context().close();
});

story("a second tab shares the session: it is there at once, the first takes over its new pass, and signing out in one signs out both", async () => {
  await on.signIn();
  const opened = page.context().waitForEvent("page");
  await page.getByRole("link", { name: "Open a second tab" }).click();
  const second = await opened;
  await onPage(second).entry(/session is still open/, { request: "POST /refresh", status: "200" });
  assert.equal(await second.locator("#holder-name").textContent(), "exampleUser");
  await on.entry(/Your other tab has renewed/, { outcome: "renewed" });
  const strip = (tab) => tab.locator("#strip").textContent();
  assert.equal(await strip(page), await strip(second));
  await onPage(second).press("Sign out");
  await on.entry(/another tab has signed out/, { outcome: "good" });
  await page.locator("#sign-in").waitFor();
});

story("a stolen refresh token that is presented ends its session, and no other", async () => {
  await on.signIn();
  await on.press("Play the theft");
  const steps = page.locator("#theft-steps > li");
  await on.entry(/The theft was noticed/, { request: "POST /refresh", status: "400" });
  assert.equal(await steps.count(), 7);
  for (const index of [5, 6]) assert.match(await steps.nth(index).textContent(), /400 invalid_grant$/);
  await logged(demo.issuer, /token_reuse/);
  // The sessions are listed once more when it is over.
  await page.locator('#theft[aria-disabled="false"]').waitFor();
  assert.equal(await page.locator("#sessions > li").filter({ hasText: "This browser" }).count(), 1);
  await on.press("Call the protected endpoint");
  await on.entry(/^Let through/, { outcome: "good" });
});

story("after signing out nothing is left, and the protected endpoint refuses", async () => {
  await on.signIn();
  await on.press("Sign out");
  await on.entry(/^Signed out\. The issuer has ended/, { request: "POST /logout", status: "204" });
  assert.deepEqual(await cookies(), []);
  assert.equal(await page.locator("#strip").textContent(), "");
  await on.press("Call the protected endpoint");
  await on.entry(/no token came/, { outcome: "refused" });
});

story("a reload keeps the session, and scripts never see its cookies", async () => {
  await on.signIn();
  assert.equal(await page.evaluate(() => document.cookie), "");
  await page.reload();
  await on.entry(/session is still open/, { request: "POST /refresh", status: "200" });
  assert.equal(await page.locator("#holder-name").textContent(), "exampleUser");
});

story("everything can be done with the keyboard alone, in the order in which it is read", async () => {
  const { keyboard } = page;
  const focus = () => page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.textContent.trim());
  const tabTo = async (name) => {
    for (let presses = 0; presses < 40; presses += 1) {
      await keyboard.press("Tab");
      if ((await focus()).startsWith(name)) return;
    }
    assert.fail(`the key Tab does not lead to ${name}`);
  };
  await tabTo("Sign in");
  await keyboard.press("Enter");
  await on.entry(/^Signed in/, { outcome: "good" });
  await on.idle();
  for (const [name, words] of [
    ["Call the protected", /^Let through/],
    ["Send: No pass", /^No pass at all/],
    ["Send: Not signed", /^Not signed/],
    ["Sign in on a second", /second device/],
    ["Play the theft", /The theft was noticed/],
  ]) {
    await tabTo(name);
    await keyboard.press("Space");
    await on.entry(words);
    await on.idle();
    // The focus stays, so that the next key goes on from there.
    assert.ok((await focus()).startsWith(name), await focus());
  }
  await page.reload();
  await tabTo("Sign out");
  await keyboard.press("Enter");
  await on.entry(/^Signed out/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "username");
});

test("while the issuer is down a good pass still opens the door, and what needs the issuer says so", { timeout: 300_000 }, async (t) => {
  const lonely = await startDemo({ accessTtl: "5m" });
  t.after(() => lonely.stop());
  page = await visit(browser, lonely.url);
  on = onPage(page);
  await on.signIn();
  await on.press("Call the protected endpoint");
  await on.entry(/^Let through/);
  await lonely.issuer.kill();
  // A worker that starts anew has the issuer's keys from its KV.
  await lonely.restartEdge();
  await on.press("Call the protected endpoint");
  await on.entry(/^Let through/, { outcome: "good" });
  await on.press("Sign in on a second device");
  await on.entry(/That did not work/, { outcome: "refused" });
  await on.press("Sign out");
  await on.entry(/told as soon as it can be/);
});

test("the page is served with a policy that lets nothing foreign in", async () => {
  const { headers } = await fetch(demo.url);
  const policy = headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|https?:|\*/);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  for (const path of ["/nothing", "/assets/", "/_headers", "/../worker.ts", "/%2e%2e/worker.ts"]) {
    assert.equal((await fetch(demo.url + path)).status, 404, path);
  }
});
