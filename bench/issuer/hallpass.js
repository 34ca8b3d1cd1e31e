/** The issuer as a contender: the release binary on a free port, over its embedded store. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The maximum time until it listens, in milliseconds. */
const START = 20_000;

/**
 * Creates its store with these users. Returns `start()`, which can be called repeatedly in sequence, and `counts()`,
 * the total numbers of answered sign-ins and refreshes.
 */
export function prepareHallpass({ binary, folder, users }) {
  const store = ["--store", `sled:${join(folder, "hallpass")}`];
  addUsers(binary, folder, store, users);
  const logFile = join(folder, "hallpass.log");
  return {
    start: () => start(binary, store, logFile),
    counts() {
      const log = readFileSync(logFile, "utf8");
      return { logins: answered(log, "/login"), refreshes: answered(log, "/refresh") };
    },
  };
}

/** Starts it without grace: every refresh is a rotation and a write. Returns its `port`, `pid` and `stop()`. */
async function start(binary, store, logFile) {
  const log = openSync(logFile, "a");
  const options = ["--listen", "127.0.0.1:0", "--refresh-grace", "0"];
  const child = spawn(binary, ["serve", ...options, ...store], { stdio: ["ignore", "pipe", log] });
  closeSync(log);
  const kill = () => child.kill("SIGKILL");
  process.on("exit", kill);
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, "line", { signal: AbortSignal.timeout(START) }), ended]);
  const port = /listening on http:\/\/127\.0\.0\.1:(\d+)$/.exec(String(line))?.[1];
  if (!port) throw new Error(`the issuer did not start: ${readFileSync(logFile, "utf8")}`);
  return {
    port,
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      await ended;
      process.off("exit", kill);
    },
  };
}

/** Adds users; users with a hash are imported together. */
function addUsers(binary, folder, store, users) {
  const imported = users.filter(({ hash }) => hash !== undefined);
  if (imported.length > 0) {
    const file = join(folder, "users.jsonl");
    writeFileSync(file, imported.map(({ name, hash }) => `${JSON.stringify({ username: name, hash })}\n`).join(""));
    user(binary, ["import", file, ...store]);
  }
  for (const { name, password } of users.filter((user) => !imported.includes(user))) {
    user(binary, ["add", name, "--password-stdin", ...store], `${password}\n`);
  }
}

function user(binary, words, input = "") {
  const { status, stderr } = spawnSync(binary, ["user", ...words], { input });
  if (status !== 0) throw new Error(`hallpass user ${words[0]}: ${stderr}`);
}

/** Counts answered requests: the issuer logs each request after its answer. */
function answered(log, path) {
  return log.split(` path="${path}" status=200 `).length - 1;
}
