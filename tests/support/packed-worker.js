/** The packed package in a worker of the real workerd, bundled as in a typical project. */

import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundlePacked, packPackage } from "./packed.js";
import { startWorkerd } from "./workerd.js";

/** Maximum milliseconds for a response: all vectors take a few seconds. */
const TIMEOUT = 120_000;

/**
 * Starts the worker of that name before the tests of a file, and stops it after them; `folder` contains its `NAME-worker.js` and
 * its `NAME.capnp`. Returns `ask(question)`, which posts JSON and returns JSON.
 */
export function packedWorker(folder, name) {
  const here = (path) => fileURLToPath(new URL(path, folder));
  const packed = packPackage();
  let workerd;
  before(async () => {
    await build({
      entryPoints: [here(`${name}-worker.js`)],
      // A separate folder: the worker of other tests is built at the same time.
      outdir: here(`dist/${name}`),
      bundle: true,
      format: "esm",
      conditions: ["workerd"],
      loader: { ".wasm": "copy" },
      assetNames: "[name]",
      plugins: [bundlePacked(packed)],
    });
    workerd = await startWorkerd(here(`${name}.capnp`));
  });
  after(async () => {
    await workerd?.stop();
    packed.remove();
  });
  return async (question) => {
    const response = await fetch(`http://127.0.0.1:${workerd.port}/`, {
      method: "POST",
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(TIMEOUT),
    });
    return response.json();
  };
}
