/** One run of the criterion benchmark, and its results. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.js";

/**
 * Microseconds per token, by algorithm and contender: criterion's estimate of the median; `undefined` for a contender
 * without the algorithm.
 */
export async function pass(executable, options) {
  const folder = temporaryFolder();
  const child = spawn(executable, ["--bench", "--noplot", ...options], {
    env: { ...process.env, CRITERION_HOME: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
  const [status] = await once(child, "close");
  if (status !== 0) throw new Error(`the benchmark failed: ${errors}`);
  const measured = readEstimates(folder);
  rmSync(folder, { recursive: true });
  for (const [, alg, name] of output.matchAll(/^not supported: (\w+) (.+)$/gm)) measured[alg][name] = undefined;
  return measured;
}

function readEstimates(folder) {
  const measured = {};
  for (const file of readdirSync(folder, { recursive: true }).filter((name) => name.endsWith("new/benchmark.json"))) {
    const { group_id: alg, function_id: name } = JSON.parse(readFileSync(join(folder, file), "utf8"));
    const estimates = join(folder, file.replace("benchmark.json", "estimates.json"));
    const { median } = JSON.parse(readFileSync(estimates, "utf8"));
    (measured[alg] ??= {})[name] = median.point_estimate / 1e3;
  }
  return measured;
}
