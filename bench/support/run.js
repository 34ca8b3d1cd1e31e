/** What every part of the bench does around its measuring: arguments, progress, the file with its results. */

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { circumstances } from "./circumstances.js";

/** `--out FILE`, where the results go; `--build`, what was measured; `--quick`; and what else a part takes. */
export function readArguments(...more) {
  const text = { type: "string" };
  const options = Object.fromEntries(["out", "build", ...more].map((name) => [name, text]));
  const { values } = parseArgs({ options: { ...options, quick: { type: "boolean", default: false } } });
  const missing = Object.keys(options).find((name) => values[name] === undefined);
  if (missing !== undefined) throw new Error(`--${missing} is missing: \`cargo xtask bench\` gives it`);
  return values;
}

/** Says what is being measured. */
export function say(text) {
  process.stderr.write(`      ${text}\n`);
}

/**
 * Writes a part's tables, with the circumstances that they were measured in. A part that keeps every core busy itself
 * brings the `load` averages from before it.
 */
export function writeResults({ out, build, quick }, { part, versions, tables, load }) {
  const results = { part, quick, ...circumstances(load), build, versions, tables };
  writeFileSync(out, `${JSON.stringify(results, undefined, 1)}\n`);
}
