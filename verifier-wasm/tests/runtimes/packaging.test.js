/** The packed package checked by tools: its exports, its types in every module resolution, its size. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import * as attw from "@arethetypeswrong/core";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { packPackage } from "../../../tests/support/packed.js";

/** Maximum bytes that a page loads, scripts and module, minified and gzipped. */
const PAGE_LIMIT = 77_000;

/** The same for an edge worker, with a separate wasm file. */
const WORKER_LIMIT = 75_000;

/** Files without types, because they are not code. */
const NO_CODE = ["./hallpass.wasm", "./package.json"];

/** What wrangler sets. */
const WORKER = { conditions: ["workerd", "worker", "browser"], loader: { ".wasm": "copy" } };

const packed = packPackage();
after(() => packed.remove());

test("publint --strict finds no problem", async () => {
  const { messages, pkg } = await publint({ pkgDir: join(packed.folder, "node_modules/hallpass"), pack: false, strict: true });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg, { color: false })), []);
});

test("Jest with jsdom, which requires CommonJS for browsers, loads every entry", () => {
  const script = `
    for (const [name, { browser }] of Object.entries(require("hallpass/package.json").exports)) {
      if (browser === undefined || name === "./react" || name === "./hono") continue;
      require("hallpass" + name.slice(1));
    }
    const { createVerifier, decode } = require("hallpass");
    console.log(JSON.stringify([decode("e30.e30.AQ").claims, typeof createVerifier, require.resolve("hallpass")]));
  `;
  const args = ["--conditions=browser", "--no-experimental-require-module", "--eval", script];
  const [claims, type, file] = JSON.parse(execFileSync(process.execPath, args, { cwd: packed.folder, encoding: "utf8" }));
  assert.deepEqual([claims, type], [{}, "function"]);
  assert.match(file, /entry-commonjs\.js$/);
});

test("the types are correct in every module resolution", async () => {
  const archive = attw.createPackageFromTarballData(new Uint8Array(readFileSync(packed.tarball)));
  const { types, entrypoints, problems } = await attw.checkPackage(archive, { excludeEntrypoints: NO_CODE });
  assert.equal(types.kind, "included");
  assert.ok("." in entrypoints && "./slim" in entrypoints, Object.keys(entrypoints).join());
  assert.deepEqual(problems.filter((problem) => !isOfOldResolution(problem)), []);
});

/** Tools without support for `exports` find the package, but not its subpaths: they are seven years old. */
function isOfOldResolution({ kind, resolutionKind, entrypoint }) {
  return kind === "NoResolution" && resolutionKind === "node10" && entrypoint !== ".";
}

test("a page and a worker load at most their size limits", async (t) => {
  const sizes = { page: await sizeOf({ platform: "browser" }, PAGE_LIMIT), worker: await sizeOf(WORKER, WORKER_LIMIT) };
  for (const [name, { size, limit }] of Object.entries(sizes)) {
    t.diagnostic(`${name}: ${size} bytes gzipped of ${limit}`);
    assert.ok(size <= limit, `${name}: ${size} bytes`);
  }
});

async function sizeOf(options, limit) {
  const { outputFiles } = await build({
    stdin: { contents: 'export * from "hallpass";', resolveDir: packed.folder },
    bundle: true, minify: true, format: "esm", write: false, outdir: packed.folder, ...options,
  });
  return { size: outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0), limit };
}
