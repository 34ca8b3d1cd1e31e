/** Runs workerd with a config. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { once } from "node:events";
import workerd from "workerd";

/** Maximum milliseconds until workerd listens. */
const START = 60_000;

/**
 * Starts workerd with a config file and arguments, and waits until its socket `http` listens. Returns the port and `stop()`.
 */
export async function startWorkerd(config, { args = [], env = {} } = {}) {
  // The binary, not the script of the same name, which would leave its child running.
  const child = spawn(workerd.default, ["serve", config, "--control-fd=3", ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  try {
    return { port: await listeningPort(child), stop };
  } catch (cause) {
    await stop();
    throw new Error(`workerd did not start: ${errors}`, { cause });
  }
}

/** workerd writes a line of JSON to the control descriptor for each socket that it opens. */
async function listeningPort(child) {
  const lines = createInterface({ input: child.stdio[3] });
  const [line] = await once(lines, "line", { signal: AbortSignal.timeout(START) });
  const { event, socket, port } = JSON.parse(line);
  if (event === "listen" && socket === "http") return port;
  throw new Error(line);
}
