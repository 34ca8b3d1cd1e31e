/** Bundles as whoever ships them makes them: esbuild, minified. */

import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** What a page loads. */
export function bundleForPage(entry) {
  return bundle({ entryPoints: [here(`entries/${entry}.js`)], platform: "browser" });
}

/** What a worker at the edge is made of, with its wasm file beside it. */
export function bundleForWorker(entry) {
  return bundle({
    entryPoints: [here("worker.js")],
    alias: { entry: here(`entries/${entry}.js`) },
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
  });
}

/** What a server in one file is made of. */
export function bundleForServer(entry) {
  return bundle({ entryPoints: [here(`entries/${entry}.js`)], platform: "node" });
}

/** Files by name and content; nothing is written. */
async function bundle(options) {
  const { outputFiles } = await build({
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    outdir: here("dist"),
    entryNames: "[name]",
    assetNames: "[name]",
    logLevel: "error",
    ...options,
  });
  return outputFiles.map(({ path, contents }) => ({ name: path.split("/").at(-1), contents }));
}
