/** A real Chromium, and pages that keep a list of what went wrong in them. */

import { chromium } from "playwright-core";

/** Nothing that calls home or needs a screen. */
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

/** Milliseconds until whatever a test waits for must be there. */
const PATIENCE = 60_000;

/** Starts Chromium with an empty profile, with more arguments, and without some that Playwright adds. */
export function startBrowser(args = [], { ignoreDefaultArgs = [] } = {}) {
  const executablePath = process.env.HALLPASS_CHROMIUM || "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: [...ARGS, ...args], ignoreDefaultArgs, headless: true, timeout: 60_000 });
}

/**
 * Opens `url` as a new visitor. `page.faults` gathers script errors, console errors and violations of the page's
 * Content-Security-Policy; that the browser reports refused requests there, too, is no fault: the tests ask for them.
 */
export async function visit(browser, url, { width = 1280, height = 900, colorScheme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("console", (message) => {
    const refused = /^Failed to load resource: the server responded with a status of 40[01]/;
    if (message.type() === "error" && !refused.test(message.text())) page.faults.push(message.text());
  });
  await page.goto(url);
  // The page first asks for an open session; until it knows, it takes no orders.
  await page.locator('body[aria-busy="false"]').waitFor();
  return page;
}
