/** The demo's page meets WCAG 2.2 AA, as far as axe-core can check, in every state, color scheme and width. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { startBrowser, visit } from "../../tests/support/browser.js";
import { startDemo } from "../../tests/support/demo.js";
import { onPage } from "../../tests/support/demo-page.js";
import { skipUnlessLong } from "../../tests/support/length.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };

let demo;
let browser;

before(async () => {
  demo = await startDemo({ accessTtl: "30s" });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** The violations that axe finds, as lines with rule and element. */
async function violations(page) {
  const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, rules), RULES);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`));
}

for (const width of [1280, 390]) {
  for (const colorScheme of ["light", "dark"]) {
    // One page of each width and each color scheme.
    const skip = (width === 1280) !== (colorScheme === "light") && skipUnlessLong;
    test(`at ${width} pixels, ${colorScheme}: axe finds no violation in any state`, { skip, timeout: 300_000 }, async (t) => {
      const page = await visit(browser, demo.url, { width, colorScheme });
      t.after(() => page.context().close());
      const on = onPage(page);
      await page.evaluate(AXE);
      assert.deepEqual(await violations(page), [], "signed out");
      await page.getByLabel("Password").fill("wrong");
      await on.press("Sign in");
      await on.entry(/Wrong user name or password/);
      assert.deepEqual(await violations(page), [], "a wrong password");
      await on.signIn();
      await on.press("Call the protected endpoint");
      await on.press("Send: Claims changed");
      await on.press("Sign in on a second device");
      await page.getByRole("switch").click();
      assert.deepEqual(await violations(page), [], "signed in");
      await page.getByRole("switch").click();
      await on.press("Play the theft");
      await on.entry(/The issuer detected the theft/);
      assert.deepEqual(await violations(page), [], "after a theft");
    });
  }
}

test("with reduced motion, nothing is animated", async (t) => {
  const page = await visit(browser, demo.url);
  t.after(() => page.context().close());
  const duration = () => page.evaluate(() => getComputedStyle(document.querySelector(".rest")).transitionDuration);
  assert.notEqual(await duration(), "0s");
  await page.emulateMedia({ reducedMotion: "reduce" });
  assert.equal(await duration(), "0s");
});
