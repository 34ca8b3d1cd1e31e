/** Project Wycheproof's cases in the real workerd, by the packed package, bundled as a worker's author would do it. */

import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundlePacked, packPackage } from "../support/packed.js";
import { startWorkerd } from "../support/workerd.js";
import { testWycheproof } from "../support/wycheproof-suite.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const packed = packPackage();
let workerd;

before(async () => {
  await build({
    entryPoints: [here("wycheproof-worker.js")],
    // A folder of its own: the other tests' worker is built at the same time.
    outdir: here("dist/wycheproof"),
    bundle: true,
    format: "esm",
    conditions: ["workerd"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    plugins: [bundlePacked(packed)],
  });
  workerd = await startWorkerd(here("wycheproof.capnp"));
});

after(async () => {
  await workerd?.stop();
  packed.remove();
});

testWycheproof(async (way, suite) => {
  const response = await fetch(`http://127.0.0.1:${workerd.port}/`, {
    method: "POST",
    body: JSON.stringify({ way, suite }),
    signal: AbortSignal.timeout(20_000),
  });
  return response.json();
});
