/** Runs the load generator, a separate program in Rust. */

import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Real clients have their own cores. The flood's clients share the server's, and have priority if the system permits
 * it: otherwise the latencies would contain their own wait for a core behind hashing.
 */
const FIRST = ["chrt", "--fifo", "1"];

/** Whether the flood's clients have priority. */
export const runsFirst = spawnSync(FIRST[0], [...FIRST.slice(1), "true"]).status === 0;

/**
 * Rotates tokens (`refresh`) or signs in (`login`) with each number of clients in turn: `{ answered, levels }`. Any
 * error fails it.
 */
export function loadOf(binary, what, { port, dialect, users, clients, warmUp, measure }) {
  return runLoad(binary, [
    what, `127.0.0.1:${port}`, ...argumentsOf({ dialect, users: listOf(users), clients: clients.join(","), warmUp, measure }),
  ]);
}

/** Floods with sign-ins, with a trickle of refreshes and `GET /me` before and during it. */
export function floodOf(binary, { port, dialect, users, rate, trickle, sessions, quiet, flood, giveUp }) {
  const words = [
    "flood", `127.0.0.1:${port}`,
    ...argumentsOf({ dialect, users: listOf(users), rate, trickle, sessions, quiet, flood, giveUp }),
  ];
  return runsFirst ? runLoad(FIRST[0], [...FIRST.slice(1), binary, ...words]) : runLoad(binary, words);
}

/** The cores' rate of password hashes. */
export function hashingOf(binary, threads, measure) {
  return runLoad(binary, ["hash", ...argumentsOf({ threads, measure })]);
}

/** The disk's rate of durable 4 KiB writes by one writer in this folder, to a growing or a preallocated file. */
export function diskOf(binary, folder, shape, measure) {
  return runLoad(binary, ["disk", folder, ...argumentsOf({ shape, measure })]);
}

/** Waits until the disk has finished earlier writes. */
export async function settleDisk() {
  await run("sync");
}

async function runLoad(binary, words) {
  const { stdout } = await run(binary, words);
  return JSON.parse(stdout);
}

/** Converts options from their names in JavaScript; those without a value are omitted. */
function argumentsOf(options) {
  const present = Object.entries(options).filter(([, value]) => value !== undefined);
  const option = (name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return present.flatMap(([name, value]) => [option(name), String(value)]);
}

const listOf = (users) => users.map(({ name, password }) => `${name}:${password}`).join(",");
