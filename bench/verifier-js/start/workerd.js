/** The time from a new workerd process to the first answer of a worker that verifies the request's token. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { temporaryFolder } from "../../support/temporary.js";
import { startWorkerd } from "../../../tests/support/workerd.js";
import { bundleForWorker } from "./bundle.js";
import { coldRace } from "./cold-race.js";
import { sampleFor } from "./sample.js";

const NAMES = ["hallpass", "jose"];

export async function startInWorkerd(rounds) {
  const folder = temporaryFolder();
  const workers = {};
  for (const name of ["bare", ...NAMES]) workers[name] = await writeWorker(join(folder, name), name);
  return coldRace(NAMES, rounds, "total", (name) => firstAnswer(workers[name]));
}

async function writeWorker(folder, name) {
  mkdirSync(folder);
  const files = await bundleForWorker(name);
  for (const file of files) writeFileSync(join(folder, file.name), file.contents);
  const config = join(folder, "worker.capnp");
  writeFileSync(config, configOf(files.map((file) => file.name)));
  return { config, ...sampleFor(name) };
}

function configOf(files) {
  const kind = (name) => (name.endsWith(".wasm") ? "wasm" : "esModule");
  // The first module is the worker itself.
  const sorted = files.toSorted((a, b) => Number(b === "worker.js") - Number(a === "worker.js"));
  const modules = sorted.map((name) => `(name = "${name}", ${kind(name)} = embed "${name}")`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
  services = [(name = "worker", worker = (
    modules = [${modules.join(", ")}],
    bindings = [(name = "SAMPLE", fromEnvironment = "SAMPLE")],
    compatibilityDate = "2026-11-01",
  ))],
);
`;
}

async function firstAnswer({ config, token, subject, ...sample }) {
  const begin = performance.now();
  const { port, stop } = await startWorkerd(config, { env: { SAMPLE: JSON.stringify(sample) } });
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(20_000),
    });
    const answer = await response.text();
    const milliseconds = performance.now() - begin;
    if (answer !== subject) throw new Error(`the worker answers ${response.status} ${answer}`);
    return milliseconds;
  } finally {
    await stop();
  }
}
