/** Production bundles by esbuild, minified. */

import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The bundle of a page. */
export function bundleForPage(entry) {
  return bundle({ entryPoints: [here(`entries/${entry}.js`)], platform: "browser" });
}

/** The files of an edge worker, with its wasm file. */
export function bundleForWorker(entry) {
  return bundle({
    entryPoints: [here("worker.js")],
    alias: { entry: here(`entries/${entry}.js`) },
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
  });
}

/** The bundle of a server in one file. */
export function bundleForServer(entry) {
  return bundle({ entryPoints: [here(`entries/${entry}.js`)], platform: "node" });
}

/** Bundles in memory: files by name and content. */
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
