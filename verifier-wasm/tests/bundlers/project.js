/** A bundler's project with the packed package, and the result that each bundle must return. */

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { startBrowser } from "../../../tests/support/browser.js";
import { packPackage } from "../../../tests/support/packed.js";
import { freshKey, ISSUER } from "../../../tests/support/tokens.js";

/** The result of every bundle. */
export const EXPECTED = { sub: "user-1", code: "ERR_TOKEN_EXPIRED", isHallpassError: true };

/** A valid token, an invalid one, and their keys. */
export async function makeGiven(issuer = ISSUER) {
  const key = await freshKey("k1");
  const expired = Math.floor(Date.now() / 1000) - 10;
  return {
    jwks: { keys: [key.jwk] },
    token: await key.sign({ iss: issuer }),
    expired: await key.sign({ iss: issuer, exp: expired }),
  };
}

/** The fixture of that name in a separate folder, with the package. The bundlers are in node_modules above it. */
export function installProject(fixture, name = fixture) {
  const folder = fileURLToPath(new URL(`.work/${name}`, import.meta.url));
  rmSync(folder, { recursive: true, force: true });
  cpSync(new URL(fixture, import.meta.url), folder, { recursive: true });
  const packed = packPackage();
  cpSync(join(packed.folder, "node_modules"), join(folder, "node_modules"), { recursive: true });
  packed.remove();
  return folder;
}

/** The result of a page in Chromium. Its console must be empty. */
export async function checkInPage(url, given) {
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    const faults = [];
    page.on("pageerror", (error) => faults.push(String(error)));
    await page.goto(url);
    await page.waitForFunction(() => globalThis.check !== undefined);
    const answer = await page.evaluate((given) => globalThis.check(given), given);
    return { ...answer, ...(faults.length > 0 && { faults }) };
  } finally {
    await browser.close();
  }
}

/** The output of a server bundle, run in a folder without the package. */
export function checkInNode(folder, script, given) {
  const elsewhere = mkdtempSync(join(tmpdir(), "hallpass-bundle-"));
  try {
    cpSync(folder, elsewhere, { recursive: true });
    const printed = execFileSync(process.execPath, [script, JSON.stringify(given)], { cwd: elsewhere, encoding: "utf8" });
    return JSON.parse(printed);
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
}

/** The size of the scripts and wasm files in a folder, as words. */
export function sizeOf(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((name) => /\.([cm]?js|wasm)$/.test(name));
  const contents = files.map((name) => readFileSync(join(folder, name)));
  const sum = (measure) => contents.reduce((total, content) => total + measure(content).length, 0).toLocaleString("en");
  return `${sum((content) => content)} bytes, gzip ${sum((content) => gzipSync(content, { level: 9 }))}, brotli ${sum((content) => brotliCompressSync(content))}`;
}
