/** webpack bundles the packed package for pages and servers, without configuration. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import webpack from "webpack";
import { serveFolder } from "../../../tests/support/static-server.js";
import { checkInNode, checkInPage, EXPECTED, installProject, makeGiven, sizeOf } from "./project.js";

async function bundle(folder, entry, options = {}) {
  const output = { path: join(folder, "dist"), filename: "bundle.cjs" };
  const stats = await promisify(webpack)({ context: folder, entry, mode: "production", output, ...options });
  // Warnings about a large bundle are expected.
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  assert.deepEqual([...errors, ...warnings].map(({ message }) => message).filter((message) => !/size limit|performance/.test(message)), []);
  return output.path;
}

test("a page built by webpack verifies tokens", async (t) => {
  const folder = installProject("webpack");
  const dist = await bundle(folder, "./page.js", { output: { path: join(folder, "dist"), filename: "bundle.js" } });
  t.diagnostic(sizeOf(dist));
  writeFileSync(join(dist, "index.html"), '<!doctype html><script src="/bundle.js"></script>');
  const server = await serveFolder(dist);
  t.after(() => server.stop());
  assert.deepEqual(await checkInPage(server.url, await makeGiven()), EXPECTED);
});

for (const entry of ["./server.js", "./server.cjs"]) {
  test(`a server built by webpack from ${entry} verifies tokens`, async (t) => {
    const dist = await bundle(installProject("webpack", `webpack${entry.replace("./", "-")}`), entry, { target: "node" });
    t.diagnostic(sizeOf(dist));
    assert.deepEqual(checkInNode(dist, "bundle.cjs", await makeGiven()), EXPECTED);
  });
}
