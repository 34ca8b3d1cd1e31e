/** The time in a page from the import of a bundle to the first verified token: load, parse, compile, verify. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startBrowser } from "../../../tests/support/browser.js";
import { serveFolder } from "../../../tests/support/static-server.js";
import { temporaryFolder } from "../../support/temporary.js";
import { bundleForPage } from "./bundle.js";
import { coldRace } from "./cold-race.js";
import { sampleFor } from "./sample.js";

const NAMES = ["hallpass", "jose", "aws-jwt-verify"];

const PAGE = { "/": { body: "<!doctype html><title>A start</title>" } };

/** Rows of milliseconds, with those of a bundle that decodes the token without a library. */
export async function startInPage(rounds) {
  const folder = temporaryFolder();
  const samples = {};
  for (const name of ["bare", ...NAMES]) samples[name] = await writeBundle(folder, name);
  const [{ url, stop }, browser] = await Promise.all([serveFolder(folder, PAGE), startBrowser()]);
  try {
    return await coldRace(NAMES, rounds, "total", (name) => firstToken(browser, url, name, samples[name]));
  } finally {
    await browser.close();
    await stop();
  }
}

/** One folder per contender: a bundle that imports dynamically has several files. */
async function writeBundle(folder, name) {
  mkdirSync(join(folder, name));
  for (const file of await bundleForPage(name)) writeFileSync(join(folder, name, file.name), file.contents);
  return sampleFor(name);
}

/** A new profile for each start: neither a file nor compiled code is in a cache. */
async function firstToken(browser, url, name, { token, subject, ...sample }) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(url);
    const { sub, milliseconds } = await page.evaluate(async ({ script, token, sample }) => {
      const begin = performance.now();
      const { verifierFor } = await import(script);
      const { sub } = await verifierFor(sample)(token);
      return { sub, milliseconds: performance.now() - begin };
    }, { script: `/${name}/${name}.js`, token, sample });
    if (sub !== subject) throw new Error(`${name} answers ${sub}`);
    return milliseconds;
  } finally {
    await context.close();
  }
}
