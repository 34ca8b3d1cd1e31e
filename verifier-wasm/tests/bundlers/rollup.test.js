/** Rollup bundles the packed package for pages and servers; it needs only the plugin that resolves packages. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { rollup } from "rollup";
import { serveFolder } from "../../../tests/support/static-server.js";
import { checkInNode, checkInPage, EXPECTED, installProject, makeGiven, sizeOf } from "./project.js";

async function bundle(folder, entry, file, resolving) {
  const warnings = [];
  const made = await rollup({ input: join(folder, entry), plugins: [nodeResolve(resolving)], onwarn: ({ message }) => warnings.push(message) });
  await made.write({ file: join(folder, "dist", file), format: "es" });
  await made.close();
  assert.deepEqual(warnings, []);
  return join(folder, "dist");
}

test("a page built by Rollup verifies tokens", async (t) => {
  const dist = await bundle(installProject("rollup"), "page.js", "page.js", { browser: true });
  t.diagnostic(sizeOf(dist));
  writeFileSync(join(dist, "index.html"), '<!doctype html><script type="module" src="/page.js"></script>');
  const server = await serveFolder(dist);
  t.after(() => server.stop());
  assert.deepEqual(await checkInPage(server.url, await makeGiven()), EXPECTED);
});

for (const [name, resolving] of Object.entries({ "with default conditions": {}, "with the condition `node`": { exportConditions: ["node"] } })) {
  test(`a server built by Rollup ${name} verifies tokens`, async (t) => {
    const folder = installProject("rollup", `rollup-server-${Object.keys(resolving).length}`);
    const dist = await bundle(folder, "server.js", "server.mjs", resolving);
    t.diagnostic(sizeOf(dist));
    assert.deepEqual(checkInNode(dist, "server.mjs", await makeGiven()), EXPECTED);
  });
}
