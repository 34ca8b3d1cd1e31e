/** The suites in workerd, bundled with wrangler's conditions and a separate wasm file. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { startWorkerd } from "../../../tests/support/workerd.js";

export async function runInWorkerd(folder, given, flags) {
  const outdir = join(folder, ["workerd", ...flags].join("-"));
  await bundleForWorkerd(join(folder, "workerd.js"), outdir);
  const config = writeConfig(outdir, "workerd.js", flags);
  const workerd = await startWorkerd(config);
  try {
    const response = await fetch(`http://127.0.0.1:${workerd.port}/`, { method: "POST", body: JSON.stringify(given) });
    return await response.json();
  } finally {
    await workerd.stop();
  }
}

/** What wrangler tells esbuild. */
export function bundleForWorkerd(script, outdir) {
  return build({
    entryPoints: [script],
    outdir,
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    logLevel: "error",
  });
}

/** Writes a config for a bundle in a folder, and returns its path. What is in `environment` can be imported by name. */
export function writeConfig(folder, script, flags) {
  const path = join(folder, "config.capnp");
  writeFileSync(path, `
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
  services = [
    (name = "worker", worker = .worker),
    # The key server is on this machine, which workerd's default network would not let a worker reach.
    (name = "internet", network = (allow = ["local"])),
  ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "${script}", esModule = embed "${script}"),
    (name = "hallpass.wasm", wasm = embed "hallpass.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  compatibilityFlags = [${flags.map((flag) => `"${flag}"`).join()}],
);
`);
  return path;
}
