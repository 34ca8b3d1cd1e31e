/** A real Chromium, and pages that record their errors. */

import { chromium } from "playwright-core";

/** No background requests, no screen. */
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

/** Maximum milliseconds that a test waits for a condition. */
const PATIENCE = 60_000;

/** Starts Chromium with an empty profile and additional arguments, without some that Playwright adds. */
export function startBrowser(args = [], { ignoreDefaultArgs = [] } = {}) {
  const executablePath = process.env.HALLPASS_CHROMIUM || "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: [...ARGS, ...args], ignoreDefaultArgs, headless: true, timeout: 60_000 });
}

/**
 * Opens `url` in a new profile. `page.faults` collects script errors, console errors and violations of the page's
 * Content-Security-Policy, except reports of refused requests, which the tests cause.
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
  // The page is busy until it knows whether a session exists.
  await page.locator('body[aria-busy="false"]').waitFor();
  return page;
}
