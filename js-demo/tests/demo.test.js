/** The demo in a real browser, as a user sees it: from sign-in to a detected theft. */

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

/** A test in a page, which must have no errors at the end. */
function story(name, tell) {
  test(name, { timeout: 300_000 }, async () => {
    page = await visit(browser, demo.url);
    on = onPage(page);
    await tell();
    assert.deepEqual(page.faults, []);
  });
}

const cookies = async () => (await page.context().cookies()).filter(({ name }) => /_(access|refresh)$/.test(name));

story("one button signs in and shows the pass: its user, its explained parts, its remaining time", async () => {
  await on.press("Sign in");
  await on.entry(/^Signed in\. .*/, { outcome: "good", request: "POST /login", status: "200" });
  assert.equal(await page.locator("#holder-name").textContent(), "exampleUser");
  assert.match(await page.locator("#countdown-seconds").textContent(), /^[0-4]$/);
  assert.match(await page.locator("#header-members").textContent(), /algsigned with Ed25519EdDSA.*at\+jwt/s);
  assert.match(await page.locator("#claims-members").textContent(), new RegExp(`issued by${demo.url}.*exampleUser`, "s"));
  assert.equal(await page.locator("#strip > span").count(), 3);
});

story("a wrong password shows an error, and the next attempt succeeds", async () => {
  await page.getByLabel("Password").fill("notThePassword");
  await on.press("Sign in");
  const alert = page.getByRole("alert");
  await alert.filter({ hasText: "Wrong user name or password." }).waitFor();
  await on.entry(/Wrong user name or password/, { outcome: "refused", request: "POST /login", status: "401" });
  await on.signIn();
  assert.equal(await alert.isVisible(), false);
});

story("the edge admits a valid pass and reports the time in microseconds", async () => {
  await on.press("Call the protected endpoint");
  await on.entry(/the request has no token/, { outcome: "refused", status: "401" });
  await on.signIn();
  await on.press("Call the protected endpoint");
  await on.entry(/Admitted.* in \d+ microseconds, without a call to the issuer/, { outcome: "good", status: "200" });
  const time = Number.parseInt(await page.locator("#microseconds").textContent(), 10);
  assert.ok(time > 0 && time < 10_000, `${time} µs`);
});

story("each forgery is refused with its error code", async () => {
  await on.signIn();
  const codes = {
    "No pass at all": "401",
    "One character changed": "ERR_SIGNATURE_INVALID",
    "Claims changed": "ERR_SIGNATURE_INVALID",
    "Signed by a forger": "ERR_KEY_UNKNOWN",
    "Not signed": "ERR_ALG_NOT_ALLOWED",
    "Expired": "ERR_TOKEN_EXPIRED",
  };
  await page.getByText("pass of this page that has expired").waitFor();
  for (const [title, code] of Object.entries(codes)) {
    await on.press(`Send: ${title}`);
    await on.entry(new RegExp(`^${title}\\. Refused: `), { outcome: "refused", status: "401" });
    const row = page.locator("#forgeries > li", { has: page.getByRole("button", { name: `Send: ${title}` }) });
    assert.equal(await row.locator("code").textContent(), code, title);
  }
});

story("the pass is renewed silently before it expires", async () => {
  await on.signIn();
  const first = await page.locator("#strip").textContent();
  await on.entry(/^Renewed silently/, { outcome: "renewed", request: "POST /refresh", status: "200" });
  assert.notEqual(await page.locator("#strip").textContent(), first);
  assert.equal(await page.locator("#countdown").getAttribute("data-state"), "running");
});

story("with silent renewal off the pass expires, and the edge renews it during the request, with two new cookies", async () => {
  await on.signIn();
  await page.getByRole("switch").click();
  await on.entry(/Silent renewal is off/, { outcome: "good" });
  const before = await cookies();
  await page.locator('#countdown[data-state="over"]').waitFor();
  await on.pressUntil("Call the protected endpoint", /renewed it at the issuer/);
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

story("an ended session gets no new pass, and this session continues", async () => {
  await on.signIn();
  await on.press("Sign in on a second device");
  const device = page.locator("#sessions > li", { hasText: "Second device" });
  await device.waitFor();
  await device.getByRole("button").click();
  await on.entry(/second device asks for a new pass and is refused/, { request: "POST /refresh", status: "400" });
  await on.idle();
  assert.equal(await device.count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.id), "sessions-title");
  await on.press("Call the protected endpoint");
  await on.entry(/^Admitted/, { outcome: "good" });
});

story("ending this session signs out", async () => {
  await on.signIn();
  await page.locator("#sessions > li", { hasText: "This browser" }).getByRole("button").click();
  await on.entry(/This session has ended/, { request: "DELETE /sessions/…", status: "204" });
  await page.locator("#sign-in").waitFor();
  assert.deepEqual(await cookies(), []);
});

story("after all sessions have ended, another browser is signed out when its pass expires", async () => {
  const other = await visit(browser, demo.url);
  await onPage(other).signIn();
  await on.signIn();
  await on.press("End all");
  await on.entry(/All your sessions have ended/, { request: "DELETE /sessions", status: "204" });
  await page.locator("#sign-in").waitFor();
  await onPage(other).entry(/the session was ended/, { request: "POST /refresh", status: "400" });
  await other.locator("#sign-in").waitFor();
  assert.deepEqual(other.faults, []);
  await other.context().close();
});

story("a second tab shares the session: it is signed in at once, the first gets its new pass, and a sign-out in one signs out both", async () => {
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

story("a replayed refresh token ends its session only", async () => {
  await on.signIn();
  await on.press("Play the theft");
  const steps = page.locator("#theft-steps > li");
  await on.entry(/The issuer detected the theft/, { request: "POST /refresh", status: "400" });
  assert.equal(await steps.count(), 7);
  for (const index of [5, 6]) assert.match(await steps.nth(index).textContent(), /400 invalid_grant$/);
  await logged(demo.issuer, /token_reuse/);
  // At the end, the sessions are listed again.
  await page.locator('#theft[aria-disabled="false"]').waitFor();
  assert.equal(await page.locator("#sessions > li").filter({ hasText: "This browser" }).count(), 1);
  await on.press("Call the protected endpoint");
  await on.entry(/^Admitted/, { outcome: "good" });
});

story("after a sign-out no cookie is left, and the protected endpoint refuses", async () => {
  await on.signIn();
  await on.press("Sign out");
  await on.entry(/^Signed out\. The issuer has ended/, { request: "POST /logout", status: "204" });
  assert.deepEqual(await cookies(), []);
  assert.equal(await page.locator("#strip").textContent(), "");
  await on.press("Call the protected endpoint");
  await on.entry(/the request has no token/, { outcome: "refused" });
});

story("a reload keeps the session, and scripts cannot read its cookies", async () => {
  await on.signIn();
  assert.equal(await page.evaluate(() => document.cookie), "");
  await page.reload();
  await on.entry(/session is still open/, { request: "POST /refresh", status: "200" });
  assert.equal(await page.locator("#holder-name").textContent(), "exampleUser");
});

story("every action works with the keyboard, in reading order", async () => {
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
    ["Call the protected", /^Admitted/],
    ["Send: No pass", /^No pass at all/],
    ["Send: Not signed", /^Not signed/],
    ["Sign in on a second", /second device/],
    ["Play the theft", /The issuer detected the theft/],
  ]) {
    await tabTo(name);
    await keyboard.press("Space");
    await on.entry(words);
    await on.idle();
    // The focus stays on the button.
    assert.ok((await focus()).startsWith(name), await focus());
  }
  await page.reload();
  await tabTo("Sign out");
  await keyboard.press("Enter");
  await on.entry(/^Signed out/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "username");
});

test("while the issuer is down a valid pass is admitted, and actions that need the issuer show an error", { timeout: 300_000 }, async (t) => {
  const isolated = await startDemo({ accessTtl: "5m" });
  t.after(() => isolated.stop());
  page = await visit(browser, isolated.url);
  on = onPage(page);
  await on.signIn();
  await on.press("Call the protected endpoint");
  await on.entry(/^Admitted/);
  await isolated.issuer.kill();
  // A restarted worker has the issuer's keys from KV.
  await isolated.restartEdge();
  await on.press("Call the protected endpoint");
  await on.entry(/^Admitted/, { outcome: "good" });
  await on.press("Sign in on a second device");
  await on.entry(/That did not work/, { outcome: "refused" });
  await on.press("Sign out");
  await on.entry(/repeats the request until it succeeds/);
});

test("the page's policy forbids foreign content", async () => {
  const { headers } = await fetch(demo.url);
  const policy = headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|https?:|\*/);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  for (const path of ["/nothing", "/assets/", "/_headers", "/../worker.ts", "/%2e%2e/worker.ts"]) {
    assert.equal((await fetch(demo.url + path)).status, 404, path);
  }
});
