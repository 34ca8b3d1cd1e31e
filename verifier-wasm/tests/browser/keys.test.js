/** A real browser fetches keys from another origin without its cache and without a preflight. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { startBrowser } from "../../../tests/support/browser.js";
import { publishVersion, startKeyServer } from "../../../tests/support/key-server.js";
import { bundlePacked, packPackage } from "../../../tests/support/packed.js";
import { AUDIENCE, freshKey, ISSUER } from "../../../tests/support/tokens.js";

const HEADERS = { "access-control-allow-origin": "*", "access-control-expose-headers": "etag", "cache-control": "public, max-age=3600" };
const packed = packPackage();
let server;
let pageServer;
let browser;
let page;
let key;
let next;

before(async () => {
  [key, next] = await Promise.all([freshKey("k1"), freshKey("k2")]);
  server = await startKeyServer(publishVersion('"v1"', HEADERS, key.jwk));
  const entry = fileURLToPath(new URL("keys-page.js", import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, platform: "browser", plugins: [bundlePacked(packed)] });
  // A separate server: another port is another origin.
  pageServer = await startKeyServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html>"));
  browser = await startBrowser();
  page = await browser.newPage();
  await page.goto(new URL("/", pageServer.url).href);
  await page.addScriptTag({ content: outputFiles[0].text });
});

after(async () => {
  await browser?.close();
  await pageServer?.stop();
  await server?.stop();
  packed.remove();
});

const call = (name, ...parameters) => page.evaluate(([name, parameters]) => globalThis[name](...parameters), [name, parameters]);

test("stale keys are fetched from the issuer, not from the browser's cache, which revalidates", async () => {
  const methods = [];
  const answerWith = (answer) => (request, response) => {
    methods.push(request.method);
    answer(request, response);
  };
  server.answer = answerWith(publishVersion('"v1"', HEADERS, key.jwk));
  await call("begin", { issuer: ISSUER, audience: AUDIENCE, jwks: server.url });
  const [token, nextToken] = await Promise.all([key, next].map((by) => by.sign({ exp: 1_900_000_000 })));
  assert.equal(await call("verifyLater", token, 0), "user-1");
  assert.equal(await call("verifyLater", token, 3600), "user-1");
  assert.equal(server.requests, 2);
  assert.equal(server.headers["if-none-match"], '"v1"');
  server.answer = answerWith(publishVersion('"v2"', HEADERS, next.jwk));
  assert.match(await call("verifyLater", token, 7200), /^ERR_KEY_UNKNOWN/);
  assert.equal(await call("verifyLater", nextToken, 7200), "user-1");
  assert.deepEqual(new Set(methods), new Set(["GET"]));
});
