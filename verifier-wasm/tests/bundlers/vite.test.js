/** Vite bundles the packed package and serves it in development, without configuration. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { build, createServer } from "vite";
import { serveFolder } from "../../../tests/support/static-server.js";
import { checkInPage, EXPECTED, installProject, makeGiven, sizeOf } from "./project.js";

const settings = (root) => ({ root, configFile: false, logLevel: "error" });

test("a page built by vite build verifies tokens", async (t) => {
  const folder = installProject("vite");
  await build(settings(folder));
  t.diagnostic(sizeOf(join(folder, "dist")));
  const server = await serveFolder(join(folder, "dist"));
  t.after(() => server.stop());
  assert.deepEqual(await checkInPage(server.url, await makeGiven()), EXPECTED);
});

test("a page that vite serves in development verifies tokens", async (t) => {
  const folder = installProject("vite", "vite-dev");
  const server = await createServer({ ...settings(folder), server: { host: "127.0.0.1", port: 0, strictPort: false } });
  t.after(() => server.close());
  await server.listen();
  assert.deepEqual(await checkInPage(server.resolvedUrls.local[0], await makeGiven()), EXPECTED);
});
