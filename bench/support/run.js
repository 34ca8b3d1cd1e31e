/** The common code of all parts: arguments, progress, the file of results. */

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { circumstances } from "./circumstances.js";

/** Reads `--out FILE` for the results, `--build` for the measured build, `--quick`, and a part's own arguments. */
export function readArguments(...more) {
  const text = { type: "string" };
  const options = Object.fromEntries(["out", "build", ...more].map((name) => [name, text]));
  const { values } = parseArgs({ options: { ...options, quick: { type: "boolean", default: false } } });
  const missing = Object.keys(options).find((name) => values[name] === undefined);
  if (missing !== undefined) throw new Error(`--${missing} is required; run \`cargo xtask bench\`, which sets it`);
  return values;
}

/** Prints the current measurement. */
export function say(text) {
  process.stderr.write(`      ${text}\n`);
}

/**
 * Writes a part's tables with the circumstances. A part that loads every core passes the `load` averages from before
 * its start.
 */
export function writeResults({ out, build, quick }, { part, versions, tables, load }) {
  const results = { part, quick, ...circumstances(load), build, versions, tables };
  writeFileSync(out, `${JSON.stringify(results, undefined, 1)}\n`);
}
