/** The issuer as a contender: the release binary, listening on a free port, over its embedded store. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Milliseconds until it must listen. */
const START = 20_000;

/**
 * Starts it with these users, strict: every refresh is a rotation and a write. Returns its `port`, and `stop()`, which
 * returns how many refreshes it has answered.
 */
export async function startHallpass({ binary, folder, users }) {
  const store = ["--store", `sled:${join(folder, "hallpass")}`];
  for (const { name, password } of users) {
    const input = `${password}\n`;
    const { status, stderr } = spawnSync(binary, ["user", "add", name, "--password-stdin", ...store], { input });
    if (status !== 0) throw new Error(`hallpass user add: ${stderr}`);
  }
  const logFile = join(folder, "hallpass.log");
  const log = openSync(logFile, "w");
  const options = ["--listen", "127.0.0.1:0", "--refresh-grace", "0"];
  const child = spawn(binary, ["serve", ...options, ...store], { stdio: ["ignore", "pipe", log] });
  closeSync(log);
  process.on("exit", () => child.kill("SIGKILL"));
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, "line", { signal: AbortSignal.timeout(START) }), ended]);
  const port = /listening on http:\/\/127\.0\.0\.1:(\d+)$/.exec(String(line))?.[1];
  if (!port) throw new Error(`the issuer did not start: ${readFileSync(logFile, "utf8")}`);
  return {
    port,
    async stop() {
      child.kill("SIGTERM");
      await ended;
      return countRefreshes(readFileSync(logFile, "utf8"));
    },
  };
}

/** The issuer logs each request once it has its answer. */
function countRefreshes(log) {
  return log.match(/ path="\/refresh" status=200 /g)?.length ?? 0;
}
