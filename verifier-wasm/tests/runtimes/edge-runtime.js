/** The suites in Vercel's edge runtime, bundled with Vercel's condition. */

import { join } from "node:path";
import { EdgeRuntime } from "edge-runtime";
import { build } from "esbuild";

export async function runInEdgeRuntime(folder, given) {
  const runtime = new EdgeRuntime({ initialCode: await bundleForEdge(join(folder, "edge.js")) });
  const response = await runtime.dispatchFetch("https://edge.example/", { method: "POST", body: JSON.stringify(given) });
  return response.json();
}

/** The script as one text. */
export async function bundleForEdge(script) {
  const { outputFiles } = await build({
    entryPoints: [script],
    bundle: true,
    write: false,
    format: "iife",
    conditions: ["edge-light"],
    logLevel: "error",
  });
  return outputFiles[0].text;
}
