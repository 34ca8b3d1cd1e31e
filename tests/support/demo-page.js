/** The demo's page as a user operates it: presses buttons and reads the journal. */

import assert from "node:assert/strict";

/** The actions of a user on a page. */
export function onPage(page) {
  const idle = () => page.locator('body[aria-busy="false"]').waitFor();
  const press = async (name) => {
    await idle();
    await page.getByRole("button", { name, exact: true }).click();
  };

  const entriesOf = (words) => page.locator("#journal > li").filter({ has: page.locator(".words", { hasText: words }) });

  /** Presses a button, again until the journal has an entry with this text: the edge's time is not the page's. */
  const pressUntil = async (name, words) => {
    for (;;) {
      await press(name);
      await idle();
      if ((await entriesOf(words).count()) > 0) return;
      await page.waitForTimeout(500);
    }
  };

  /** Waits for the newest journal entry with this text, and compares the rest of it. */
  const entry = async (words, expected = {}) => {
    const item = entriesOf(words).first();
    await item.waitFor();
    const text = async (part) => (await item.locator(part).allTextContents())[0];
    const read = { outcome: () => item.getAttribute("data-outcome"), request: () => text(".request"), status: () => text(".status") };
    for (const [part, value] of Object.entries(expected)) assert.equal(await read[part](), value, `${part} of ${words}`);
  };

  const signIn = async () => {
    await page.getByLabel("Password").fill("examplePassword");
    await press("Sign in");
    await entry(/^Signed in\. /);
    await idle();
  };

  return { idle, press, pressUntil, entry, signIn };
}
