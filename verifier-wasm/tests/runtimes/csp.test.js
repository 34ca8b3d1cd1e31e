/** In a real Chromium, a Content-Security-Policy without 'wasm-unsafe-eval' is a clear error; with it, the package works. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { startBrowser } from "../../../tests/support/browser.js";
import { packPackage } from "../../../tests/support/packed.js";
import { serveFolder } from "../../../tests/support/static-server.js";

const BODY = '<!doctype html><script type="module" src="/read.js"></script>';
const page = (policy) => ({ body: BODY, headers: { "content-security-policy": policy } });
const PAGES = {
  "/forbidden": page("default-src 'self'"),
  "/allowed": page("default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"),
};

let packed;
let server;
let browser;

before(async () => {
  packed = packPackage();
  const contents = `
    import { decode, HallpassError } from "hallpass";
    globalThis.read = () => {
      try {
        return decode("e30.e30.AQ");
      } catch (error) {
        return { code: error.code, message: error.message, isHallpassError: error instanceof HallpassError };
      }
    };
  `;
  await build({ stdin: { contents, resolveDir: packed.folder }, bundle: true, format: "esm", outfile: join(packed.folder, "read.js") });
  server = await serveFolder(packed.folder, PAGES);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  packed?.remove();
});

async function readIn(path) {
  const page = await browser.newPage();
  await page.goto(new URL(path, server.url).href);
  await page.waitForFunction(() => globalThis.read !== undefined);
  return page.evaluate(() => globalThis.read());
}

test("a policy that forbids WebAssembly is an error that names the remedy", async () => {
  const { message, ...error } = await readIn("/forbidden");
  assert.deepEqual(error, { code: "ERR_WASM_BLOCKED", isHallpassError: true });
  assert.match(message, /allow 'wasm-unsafe-eval' in the script-src of its Content-Security-Policy/);
});

test("a policy with 'wasm-unsafe-eval' is sufficient", async () => {
  assert.deepEqual(await readIn("/allowed"), { header: {}, claims: {} });
});
