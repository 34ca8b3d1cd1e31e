/** Runs the load generator, a program of its own in Rust. */

import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * The clients of the world have cores of their own. Those of the flood share the server's, and are given one the moment they
 * want it, where the system lets them: else what is measured is also how long they themselves wait behind what hashes.
 */
const FIRST = ["chrt", "--fifo", "1"];

/** Whether the clients of the flood run before everything else. */
export const runsFirst = spawnSync(FIRST[0], [...FIRST.slice(1), "true"]).status === 0;

/**
 * Rotates tokens (`refresh`) or signs in (`login`), with each number of clients in turn: `{ answered, levels }`. It
 * fails over any error.
 */
export function loadOf(binary, what, { port, dialect, users, clients, warmUp, measure }) {
  return told(binary, [
    what, `127.0.0.1:${port}`, ...given({ dialect, users: listOf(users), clients: clients.join(","), warmUp, measure }),
  ]);
}

/** Floods with sign-ins, with a trickle of refreshes and of `GET /me` before and meanwhile. */
export function floodOf(binary, { port, dialect, users, rate, trickle, sessions, quiet, flood, giveUp }) {
  const words = [
    "flood", `127.0.0.1:${port}`,
    ...given({ dialect, users: listOf(users), rate, trickle, sessions, quiet, flood, giveUp }),
  ];
  return runsFirst ? told(FIRST[0], [...FIRST.slice(1), binary, ...words]) : told(binary, words);
}

/** The cores' own rate of hashing passwords. */
export function hashingOf(binary, threads, measure) {
  return told(binary, ["hash", ...given({ threads, measure })]);
}

/** The disk's own rate of writing 4 KiB durably, one writer, in this folder: to a file that grows, or is laid out. */
export function diskOf(binary, folder, shape, measure) {
  return told(binary, ["disk", folder, ...given({ shape, measure })]);
}

/** Lets the disk finish what the one before has left to it. */
export async function settleDisk() {
  await run("sync");
}

async function told(binary, words) {
  const { stdout } = await run(binary, words);
  return JSON.parse(stdout);
}

/** Options by their names in JavaScript; those without a value are left out. */
function given(options) {
  const present = Object.entries(options).filter(([, value]) => value !== undefined);
  const option = (name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return present.flatMap(([name, value]) => [option(name), String(value)]);
}

const listOf = (users) => users.map(({ name, password }) => `${name}:${password}`).join(",");
