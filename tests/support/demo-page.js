/** The demo's page as a user operates it: presses buttons and reads the journal. */

import assert from "node:assert/strict";

/** The actions of a user on a page. */
export function onPage(page) {
  const idle = () => page.locator('body[aria-busy="false"]').waitFor();
  const press = async (name) => {
    await idle();
    await page.getByRole("button", { name, exact: true }).click();
  };

  /** Waits for the newest journal entry with this text, and compares the rest of it. */
  const entry = async (words, expected = {}) => {
    const item = page.locator("#journal > li").filter({ has: page.locator(".words", { hasText: words }) }).first();
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

  return { idle, press, entry, signIn };
}
