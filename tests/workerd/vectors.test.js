/** The shared vectors in the real workerd, by the packed package, bundled as a worker's author would bundle it. */

import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundlePacked, packPackage } from "../support/packed.js";
import { testVectors } from "../support/vector-suite.js";
import { startWorkerd } from "../support/workerd.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const packed = packPackage();
let workerd;

before(async () => {
  await build({
    entryPoints: [here("vectors-worker.js")],
    // A folder of its own: the other tests' worker is built at the same time.
    outdir: here("dist/vectors"),
    bundle: true,
    format: "esm",
    conditions: ["workerd"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    plugins: [bundlePacked(packed)],
  });
  workerd = await startWorkerd(here("vectors.capnp"));
});

after(async () => {
  await workerd?.stop();
  packed.remove();
});

testVectors(async (asked) => {
  const response = await fetch(`http://127.0.0.1:${workerd.port}/`, {
    method: "POST",
    body: JSON.stringify(asked),
    signal: AbortSignal.timeout(120_000),
  });
  return response.json();
});
