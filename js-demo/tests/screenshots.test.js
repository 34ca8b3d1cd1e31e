/** Screenshots of the page in each state; the test checks that nothing overflows. */

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { startBrowser, visit } from "../../tests/support/browser.js";
import { startDemo } from "../../tests/support/demo.js";
import { onPage } from "../../tests/support/demo-page.js";
import { skipUnlessLong } from "../../tests/support/length.js";

const FOLDER = fileURLToPath(new URL("screenshots/", import.meta.url));
let browser;

before(async () => {
  await mkdir(FOLDER, { recursive: true });
  browser = await startBrowser();
});

after(() => browser?.close());

for (const [device, width] of [["desktop", 1280], ["phone", 390], ["small-phone", 360]]) {
  for (const colorScheme of ["light", "dark"]) {
    const skip = `${device}, ${colorScheme}` !== "small-phone, light" && skipUnlessLong;
    test(`${device}, ${colorScheme}: nothing is wider than the screen`, { skip, timeout: 300_000 }, async (t) => {
      // A separate issuer: each page is an unknown device with a wrong password, and after five of one user the next must wait.
      const demo = await startDemo({ accessTtl: "6s" });
      t.after(() => demo.stop());
      const page = await visit(browser, demo.url, { width, height: 844, colorScheme });
      t.after(() => page.context().close());
      const on = onPage(page);
      /** The whole page, or the viewport with `part` at the top. */
      const shoot = async (state, part) => {
        await on.idle();
        if (part !== undefined) await page.locator(part).evaluate((element) => element.scrollIntoView({ block: "start" }));
        await page.screenshot({ path: `${FOLDER}${device}-${colorScheme}-${state}.png`, fullPage: part === undefined });
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, state);
      };
      await shoot("1-signed-out");
      await page.getByLabel("Password").fill("wrong");
      await on.press("Sign in");
      await on.entry(/Wrong user name or password/);
      await shoot("2-wrong-password");
      await on.signIn();
      await on.press("Call the protected endpoint");
      await on.press("Call the protected endpoint");
      await shoot("3-signed-in", "body");
      await shoot("4-edge", "#call-title");
      await on.entry(/^Renewed silently/);
      await page.getByText("pass of this page that has expired").waitFor();
      for (const title of ["No pass at all", "Claims changed", "Signed by a forger", "Not signed", "Expired"]) await on.press(`Send: ${title}`);
      await shoot("5-forgeries", "#forge-title");
      await on.press("Sign in on a second device");
      await shoot("6-sessions", "#sessions-title");
      await on.press("Play the theft");
      await on.entry(/The issuer detected the theft/);
      await shoot("7-theft", "#theft-title");
      await shoot("8-whole");
      await page.getByRole("switch").click();
      await page.locator('#countdown[data-state="over"]').waitFor();
      await shoot("9-expired", "body");
      await on.pressUntil("Call the protected endpoint", /renewed it at the issuer/);
      await shoot("10-renewed-by-the-edge", "#call-title");
      await on.press("End all");
      await on.entry(/All your sessions have ended/);
      await shoot("11-ended");
    });
  }
}
