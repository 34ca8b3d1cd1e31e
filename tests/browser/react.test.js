/** `hallpass/react` in a real browser with a real issuer, in StrictMode, which mounts each component twice. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { startBrowser } from "../support/browser.js";
import { credentials, startIssuer } from "../support/issuer.js";
import { startSite } from "../support/site.js";

const script = fileURLToPath(new URL("../support/react-page.jsx", import.meta.url));
const PARTS = 5;

let browser;

before(async () => {
  browser = await startBrowser();
});

after(() => browser?.close());

/** Waits until all components of a page show this text. */
const shows = (page, text) =>
  page.waitForFunction(({ text, PARTS }) => test.texts().length === PARTS && test.texts().every((each) => each === text), { text, PARTS });

for (const mode of ["development", "production"]) {
  test(`components of React's ${mode} build show one state, in two tabs, by one renewal each`, async (t) => {
    const issuer = await startIssuer();
    const site = await startSite(issuer, () => script, mode);
    const context = await browser.newContext();
    context.setDefaultTimeout(60_000);
    t.after(async () => {
      await context.close();
      site.stop();
      await issuer.stop();
    });
    const faults = [];
    context.on("weberror", (fault) => faults.push(String(fault.error())));
    const open = async () => {
      const page = await context.newPage();
      // React's warnings are console errors. The refused refresh is a network error, which is expected.
      page.on("console", (message) => message.type() === "error" && !/Failed to load resource/.test(message.text()) && faults.push(message.text()));
      await page.goto(site.url);
      return page;
    };
    const page = await open();
    await shows(page, "signed-out");
    assert.equal(site.refreshes(), 1);
    await page.evaluate((user) => test.session.signIn(user), credentials);
    await shows(page, credentials.username);
    const other = await open();
    await shows(other, credentials.username);
    assert.equal(await page.evaluate(() => test.subscriptions()), PARTS);
    await page.evaluate(() => test.show(2));
    await page.waitForFunction(() => test.subscriptions() === 2);
    await page.evaluate((count) => test.show(count), PARTS);
    await shows(page, credentials.username);
    assert.equal(await other.evaluate(() => test.session.signOut()), "ended");
    for (const each of [page, other]) await shows(each, "signed-out");
    assert.deepEqual(await page.evaluate(() => test.torn), []);
    await page.evaluate(() => test.show(0));
    await page.waitForFunction(() => test.subscriptions() === 0);
    assert.deepEqual(faults, []);
  });
}
