/** Months of an issuer's keys, written by its own state machine; `issuer/src/key_ring/history.rs` defines the format. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../../support/issuer.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const TEST = "key_ring::history::writes_a_month_of_keys";

/** Builds the issuer's own tests, one of which writes histories: their program. */
function build() {
  // The whole workspace, with whose features `cargo xtask test` has built the tests already.
  const args = ["test", "--locked", "--workspace", "--lib", "--no-run", "--message-format=json"];
  const told = execFileSync("cargo", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1e9 });
  return told.trim().split("\n").map((line) => JSON.parse(line)).findLast(({ executable, target }) => executable && target.name === "hallpass_issuer")?.executable;
}

let program;

/** The lines of a history of `days` days; `broken` names a rule of the issuer that is violated in it. */
export function writeHistory(test, { seed, days, broken }) {
  program ??= build();
  const file = join(temporaryFolder(test), "history.jsonl");
  const env = { ...process.env, HALLPASS_HISTORY: file, HALLPASS_SEED: String(seed), HALLPASS_DAYS: String(days) };
  delete env.HALLPASS_BROKEN;
  if (broken !== undefined) env.HALLPASS_BROKEN = broken;
  execFileSync(program, ["--ignored", "--exact", TEST], { cwd: root, env, stdio: "ignore" });
  return readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
}
