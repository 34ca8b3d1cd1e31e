/** Runs the load generator, a program of its own in Rust. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Signs in and rotates with each number of clients in turn: `{ answered, levels }`. It fails over any error. */
export async function loadOf(binary, { port, users, clients, warmUp, measure }) {
  const { stdout } = await run(binary, [
    "refresh", `127.0.0.1:${port}`,
    "--users", users.map(({ name, password }) => `${name}:${password}`).join(","),
    "--clients", clients.join(","),
    "--warm-up", String(warmUp),
    "--measure", String(measure),
  ]);
  return JSON.parse(stdout);
}

/** The disk's own rate of writing 4 KiB durably, one writer, in this folder: to a file that grows, or is laid out. */
export async function diskOf(binary, folder, shape, measure) {
  const { stdout } = await run(binary, ["disk", folder, "--shape", shape, "--measure", String(measure)]);
  return JSON.parse(stdout);
}

/** Lets the disk finish what the one before has left to it. */
export async function settleDisk() {
  await run("sync");
}
