/** Starts a peer that is a server in Node, over a database of its own. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Connections to the database, of all processes of a contender together. */
export const CONNECTIONS = 32;

/** Milliseconds until it must listen. */
const START = 20_000;

/** Its first line names its port. Returns that, its `pid`, and `stop()`, which does not wait for requests under way. */
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
