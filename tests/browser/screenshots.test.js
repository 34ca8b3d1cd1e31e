/** Pictures of the page for people to look at, and the one thing about its looks that a test can tell: nothing overflows. */

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { startBrowser, visit } from "../support/browser.js";
import { startDemo } from "../support/demo.js";

const FOLDER = fileURLToPath(new URL("screenshots/", import.meta.url));
let demo;
let browser;

before(async () => {
  await mkdir(FOLDER, { recursive: true });
  demo = await startDemo({ accessTtl: "6s" });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

for (const [device, width] of [["desktop", 1280], ["phone", 390], ["small-phone", 360]]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`${device}, ${colorScheme}: nothing is wider than the screen`, { timeout: 60_000 }, async () => {
      const page = await visit(browser, demo.url, { width, height: 844, colorScheme });
      const call = page.getByRole("button", { name: "Call the protected endpoint" });
      const entries = page.locator("#timeline > li");
      const shoot = async (state) => {
        await page.screenshot({ path: `${FOLDER}${device}-${colorScheme}-${state}.png`, fullPage: true });
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, state);
      };
      await shoot("1-signed-out");
      await page.getByLabel("User name").fill("exampleUser");
      await page.getByLabel("Password").fill("examplePassword");
      await page.keyboard.press("Enter");
      await entries.nth(0).waitFor();
      await call.click();
      await entries.nth(1).waitFor();
      await shoot("2-signed-in");
      await page.getByRole("button", { name: "Call with a forged pass" }).click();
      await entries.nth(2).waitFor();
      await page.locator('#countdown[data-state="over"]').waitFor();
      await shoot("3-refused-and-run-out");
      await call.click();
      await entries.nth(3).waitFor();
      await page.getByRole("button", { name: "Sign out" }).click();
      await entries.nth(4).waitFor();
      await call.click();
      await entries.nth(5).waitFor();
      await shoot("4-signed-out-again");
      await page.context().close();
    });
  }
}
