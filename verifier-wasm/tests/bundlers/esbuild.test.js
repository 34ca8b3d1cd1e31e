/** esbuild bundles the packed package for pages and servers, without configuration. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { serveFolder } from "../../../tests/support/static-server.js";
import { checkInNode, checkInPage, EXPECTED, installProject, makeGiven, sizeOf } from "./project.js";

async function bundle(folder, entry, outfile, options) {
  const path = join(folder, "dist", outfile);
  const { warnings } = await build({
    entryPoints: [join(folder, entry)], absWorkingDir: folder, outfile: path, bundle: true, minify: true, ...options,
  });
  assert.deepEqual(warnings, []);
  return join(folder, "dist");
}

test("a page built by esbuild verifies tokens", async (t) => {
  const dist = await bundle(installProject("esbuild"), "page.js", "page.js", {});
  t.diagnostic(sizeOf(dist));
  writeFileSync(join(dist, "index.html"), '<!doctype html><script src="/page.js"></script>');
  const server = await serveFolder(dist);
  t.after(() => server.stop());
  assert.deepEqual(await checkInPage(server.url, await makeGiven()), EXPECTED);
});

const SERVERS = {
  "a module": ["server.js", "server.mjs", { format: "esm" }],
  "CommonJS": ["server.js", "server.cjs", { format: "cjs" }],
  "CommonJS that requires": ["server.cjs", "server.cjs", { format: "cjs" }],
  "a module with custom conditions": ["server.js", "server.mjs", { format: "esm", conditions: ["development"] }],
};

for (const [name, [entry, outfile, options]] of Object.entries(SERVERS)) {
  test(`a server built by esbuild as ${name} verifies tokens`, async (t) => {
    const folder = installProject("esbuild", `esbuild-${name.replaceAll(" ", "-")}`);
    const dist = await bundle(folder, entry, outfile, { platform: "node", ...options });
    t.diagnostic(sizeOf(dist));
    assert.deepEqual(checkInNode(dist, outfile, await makeGiven()), EXPECTED);
  });
}
