/** The time from a new Node process to the first verified token. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { coldRace } from "./cold-race.js";
import { sampleFor } from "./sample.js";

const CHILD = fileURLToPath(new URL("child.js", import.meta.url));
const NAMES = ["hallpass", "jose", "fast-jwt", "jsonwebtoken", "aws-jwt-verify"];

const run = promisify(execFile);

export async function startInNode(rounds) {
  const samples = Object.fromEntries(["bare", ...NAMES].map((name) => [name, sampleFor(name)]));
  const rows = await coldRace(NAMES, rounds, "above", async (name) => {
    const { stdout } = await run(process.execPath, [CHILD, JSON.stringify({ name, ...samples[name] })]);
    return Number(stdout);
  });
  return rows.map((row) =>
    row.name === "jsonwebtoken" ? { ...row, notes: ["does not support EdDSA: verifies ES256", "does not check `typ`"] } : row);
}
