/** The packed package as the tools see it that judge packages: its exports, its types by every way to resolve them, its size. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import * as attw from "@arethetypeswrong/core";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { packPackage } from "../../../tests/support/packed.js";

/** Bytes of all that a page loads, scripts and module, minified and gzipped. A page has other things to load. */
const PAGE_LIMIT = 92_000;

/** The same for a worker at the edge, whose wasm file stands beside its script. */
const WORKER_LIMIT = 72_000;

/** What is no code has no types. */
const NO_CODE = ["./hallpass.wasm", "./package.json"];

/** What wrangler sets. */
const WORKER = { conditions: ["workerd", "worker", "browser"], loader: { ".wasm": "copy" } };

const packed = packPackage();
after(() => packed.remove());

test("publint finds nothing, strictly", async () => {
  const { messages, pkg } = await publint({ pkgDir: join(packed.folder, "node_modules/hallpass"), pack: false, strict: true });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg, { color: false })), []);
});

test("no way to resolve the package finds wrong types", async () => {
  const archive = attw.createPackageFromTarballData(new Uint8Array(readFileSync(packed.tarball)));
  const { types, entrypoints, problems } = await attw.checkPackage(archive, { excludeEntrypoints: NO_CODE });
  assert.equal(types.kind, "included");
  assert.ok("." in entrypoints && "./slim" in entrypoints, Object.keys(entrypoints).join());
  assert.deepEqual(problems.filter((problem) => !isOfOldResolution(problem)), []);
});

/** Tools from before `exports` find the package, but no paths below it: they are seven years old. */
function isOfOldResolution({ kind, resolutionKind, entrypoint }) {
  return kind === "NoResolution" && resolutionKind === "node10" && entrypoint !== ".";
}

test("a page and a worker load no more than they may", async (t) => {
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
