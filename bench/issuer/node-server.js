/** Starts a peer, a Node server with its own database. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The total number of a contender's database connections. */
export const CONNECTIONS = 32;

/** The maximum time until it listens, in milliseconds. */
const START = 20_000;

/**
 * Starts the server, whose first line is its port. Returns the port, the `pid` and `stop()`, which does not wait for
 * requests.
 */
export async function startNode(file, { host, database, env }) {
  const child = spawn(process.execPath, [fileURLToPath(file)], {
    env: { ...process.env, NODE_ENV: "production", PGHOST: host, PGUSER: "bench", PGDATABASE: database, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const kill = () => child.kill("SIGTERM");
  process.on("exit", kill);
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [port] = await Promise.race([once(lines, "line", { signal: AbortSignal.timeout(START) }), ended]);
  return {
    port,
    pid: child.pid,
    async stop() {
      kill();
      await ended;
      process.off("exit", kill);
    },
  };
}
