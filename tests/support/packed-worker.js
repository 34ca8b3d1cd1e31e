/** The packed package in a worker of the real workerd, bundled as a worker's author would bundle it. */

import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundlePacked, packPackage } from "./packed.js";
import { startWorkerd } from "./workerd.js";

/** Milliseconds until an answer must be there: all vectors take a few seconds. */
const TIME_OUT = 120_000;

/**
 * Starts the worker of that name before the tests of a file, and stops it after them: `folder` holds its `NAME-worker.js`
 * and its `NAME.capnp`. Returns how to ask it: `ask(question)` posts JSON, and the answer is JSON.
 */
export function packedWorker(folder, name) {
  const here = (path) => fileURLToPath(new URL(path, folder));
  const packed = packPackage();
  let workerd;
  before(async () => {
    await build({
      entryPoints: [here(`${name}-worker.js`)],
      // A folder of its own: the other tests' worker is built at the same time.
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
      signal: AbortSignal.timeout(TIME_OUT),
    });
    return response.json();
  };
}
