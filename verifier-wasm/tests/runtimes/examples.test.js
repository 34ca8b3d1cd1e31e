/** Runs every example of the documentation with the packed package and a real key server. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { EdgeRuntime } from "edge-runtime";
import { build } from "esbuild";
import { startBrowser } from "../../../tests/support/browser.js";
import { EXAMPLE_ISSUER, examplesOf } from "../../../tests/support/examples.js";
import { publish, startKeyServer } from "../../../tests/support/key-server.js";
import { packPackage } from "../../../tests/support/packed.js";
import { freePort } from "../../../tests/support/port.js";
import { serveFolder } from "../../../tests/support/static-server.js";
import { freshKey } from "../../../tests/support/tokens.js";
import { startWorkerd } from "../../../tests/support/workerd.js";
import { bundleForEdge } from "./edge-runtime.js";
import { BUN, DENO, tool } from "./runtimes.js";
import { bundleForWorkerd, writeConfig } from "./workerd.js";

/** Maximum milliseconds until a server responds. */
const PATIENCE = 60_000;

let packed;
let keyServer;
let tokens;

before(async () => {
  packed = packPackage();
  const key = await freshKey("k1");
  keyServer = await startKeyServer(publish(key.jwk));
  const good = { iss: EXAMPLE_ISSUER };
  tokens = { good: await key.sign(good), expired: await key.sign({ ...good, exp: 1 }) };
});

after(async () => {
  await keyServer?.stop();
  packed?.remove();
});

/** Writes the examples of a page where the package is installed, and returns that folder. */
function writeExamples(page, port) {
  const folder = join(packed.folder, page);
  for (const [name, code] of Object.entries(examplesOf(page, keyServer.url))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), code.replaceAll("8000", port));
  }
  return folder;
}

/** Checks that a server admits a valid token only. */
async function assertGuarded(ask) {
  const good = await ask(tokens.good);
  assert.deepEqual([good.status, await good.json()], [200, { hello: "exampleUser" }]);
  const expired = await ask(tokens.expired);
  assert.deepEqual([expired.status, await expired.json()], [401, { error: "ERR_TOKEN_EXPIRED" }]);
  assert.equal((await ask(undefined)).status, 401);
}

const headersWith = (token) => (token === undefined ? {} : { authorization: `Bearer ${token}` });
const asking = (url) => (token) => fetch(url, { headers: headersWith(token) });

const SERVERS = {
  "node.md": [[process.execPath, ["server.mjs"]], [process.execPath, ["--no-experimental-require-module", "server.cjs"]]],
  "deno.md": [[tool("deno"), [...DENO, "server.js"]]],
  "bun.md": [[tool("bun"), [...BUN, "server.js"]]],
};

for (const [page, programs] of Object.entries(SERVERS)) {
  for (const [command, args] of programs) {
    test(`${page}: ${args.at(-1)} admits valid tokens only`, async (t) => {
      const port = String(await freePort());
      const child = spawn(command, args, { cwd: writeExamples(page, port), stdio: "inherit" });
      const ended = once(child, "exit");
      t.after(async () => {
        child.kill("SIGKILL");
        await ended;
      });
      const url = `http://127.0.0.1:${port}/`;
      await answering(url);
      await assertGuarded(asking(url));
    });
  }
}

test("fastify.md: the server admits valid tokens only", async (t) => {
  const port = String(await freePort());
  const cwd = writeExamples("fastify.md", port);
  mkdirSync(join(cwd, "node_modules"));
  symlinkSync(fileURLToPath(new URL("../../../node_modules/fastify", import.meta.url)), join(cwd, "node_modules/fastify"));
  const child = spawn(process.execPath, ["server.mjs"], { cwd, stdio: "inherit" });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const ask = asking(`http://127.0.0.1:${port}/`);
  await answering(`http://127.0.0.1:${port}/`);
  const good = await ask(tokens.good);
  assert.deepEqual([good.status, await good.json()], [200, { hello: "exampleUser" }]);
  for (const token of [tokens.expired, undefined]) assert.equal((await ask(token)).status, 401);
});

for (const [page, flags] of [["cloudflare-workers.md", []], ["cloudflare-workers.md", ["nodejs_compat"]], ["slim.md", []]]) {
  test(`${page}: the worker admits valid tokens only, with ${flags.join() || "no flag"}`, async (t) => {
    const folder = writeExamples(page);
    const dist = join(folder, `dist${flags.length}`);
    await bundleForWorkerd(join(folder, "worker.js"), dist);
    const workerd = await startWorkerd(writeConfig(dist, "worker.js", flags));
    t.after(() => workerd.stop());
    await assertGuarded(asking(`http://127.0.0.1:${workerd.port}/`));
  });
}

test("vercel-edge.md: the function admits valid tokens only", async () => {
  const folder = writeExamples("vercel-edge.md");
  const host = 'import handler from "./api/hello.js"; addEventListener("fetch", (event) => event.respondWith(handler(event.request)));';
  writeFileSync(join(folder, "host.js"), host);
  const runtime = new EdgeRuntime({ initialCode: await bundleForEdge(join(folder, "host.js")) });
  await assertGuarded((token) => runtime.dispatchFetch("https://edge.example/", { headers: headersWith(token) }));
});

/** Opens a page of examples whose script is bundled, as a reader would; its keys are of another origin. */
async function openPage(t, page, html) {
  keyServer.answer = allowingAnyOrigin(keyServer.answer);
  const folder = writeExamples(page);
  const dist = join(folder, "dist");
  await build({ entryPoints: [join(folder, "page.js")], outdir: dist, bundle: true, format: "esm", logLevel: "error" });
  copyFileSync(join(packed.folder, "node_modules/hallpass/wasm/hallpass.wasm"), join(dist, "hallpass.wasm"));
  const server = await serveFolder(dist, { "/": { body: html } });
  const browser = await startBrowser();
  t.after(async () => {
    await browser.close();
    await server.stop();
  });
  const opened = await browser.newPage();
  await opened.goto(server.url);
  return opened;
}

test("browser.md: the page decodes and verifies tokens under its own policy", async (t) => {
  const page = await openPage(t, "browser.md", examplesOf("browser.md", keyServer.url)["index.html"]);
  const shown = async (token, text) => {
    await page.fill("input", token);
    await page.locator("input").blur();
    await page.getByText(text).waitFor({ timeout: PATIENCE });
  };
  await shown(tokens.good, "exampleUser, proved");
  await shown(tokens.expired, "sign in again");
  await shown("no token", "ERR_TOKEN_SEGMENTS");
});

test("slim.md: the page verifies tokens with the module as a file", async (t) => {
  const page = await openPage(t, "slim.md", '<!doctype html><script type="module" src="/page.js"></script>');
  await page.waitForFunction(() => globalThis.whoIs !== undefined);
  assert.equal(await page.evaluate((token) => globalThis.whoIs(token), tokens.good), "exampleUser");
  assert.match(await page.evaluate((token) => globalThis.whoIs(token).catch(String), tokens.expired), /expired/);
});

function allowingAnyOrigin(answer) {
  return (request, response) => answer(request, response.setHeader("access-control-allow-origin", "*"));
}

async function answering(url) {
  const deadline = Date.now() + PATIENCE;
  while (!(await fetch(url).then(() => true, () => false))) {
    assert.ok(Date.now() < deadline, "the server did not answer");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
