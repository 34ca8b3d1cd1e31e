/** A real issuer, the release binary, listening on a free port of loopback. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The binary; `cargo xtask test` sets its path. */
export const binary =
  process.env.HALLPASS_BIN ?? fileURLToPath(new URL("../../target/release/hallpass", import.meta.url));

/** Milliseconds until the issuer must be listening, and until a command must end: only a hang takes so long, on any machine. */
const START = 60_000;
const COMMAND = 300_000;

/** The longest that the issuer takes: a sign-in waits for its hash on a busy machine, too. Tests of the queue set another. */
const PATIENT = { HALLPASS_HASHING_DEADLINE: "20s" };

/** The user of {@link addUser} and of `--dev`. */
export const credentials = { username: "exampleUser", password: "examplePassword" };

/** Creates a folder that is removed after the test. */
export function temporaryFolder(test) {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-test-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a command of the binary, as another user with `uid`; returns `{ status, stdout, stderr }`. */
export function run(args, { input = "", env = {}, uid } = {}) {
  return spawnSync(binary, args, { input, encoding: "utf8", env: { ...process.env, ...env }, timeout: COMMAND, uid, maxBuffer: 1e8 });
}

/** Adds the example user to the store in `folder`. */
export function addUser(folder, { username, password } = credentials) {
  const { status, stderr } = run(["user", "add", username, "--password-stdin", "--store", `sled:${folder}`], {
    input: `${password}\n`,
  });
  if (status !== 0) throw new Error(stderr);
}

/** An independent library's Argon2id hash of `examplePassword`, with the parameters that are the issuer's default. */
const HASH = "$argon2id$v=19$m=19456,t=2,p=1$YMA96MWUdsiV4WgtK+InOA$QUWgByH65+mZOLMcUcI/kpm2sD9KXlwtbo1cLJn497A";

/** Imports `count` users into the store in `folder`; returns their credentials. */
export function importUsers(folder, count) {
  return importUsersInto({ HALLPASS_STORE: `sled:${folder}` }, count);
}

/** The same, into the store of an environment. */
export function importUsersInto(env, count) {
  const users = Array.from({ length: count }, (_, at) => ({ username: `user${at}`, password: credentials.password }));
  const input = users.map(({ username }) => JSON.stringify({ username, hash: HASH })).join("\n") + "\n";
  const { status, stderr } = run(["user", "import", "-", "--format", "jsonl"], { input, env });
  if (status !== 0) throw new Error(stderr);
  return users;
}

/**
 * Starts `hallpass serve` with more arguments, below the command `under` where one is given (strace, say), and waits until
 * it listens. Returns its `url`, `port` and `pid`; `log()`, what
 * it has logged (where `readsLog` is not false, else `stderr` is the log, to be read by the test); `exited`, its exit status to come; `stop()`, which asks it to end and
 * returns that status; `kill()`, which does not ask.
 */
export async function startIssuer({ args = ["--dev"], env = {}, readsLog = true, under = [] } = {}) {
  const [program, ...rest] = [...under, binary, "serve", "--listen", "127.0.0.1:0", ...args];
  const child = spawn(program, rest, {
    env: { ...PATIENT, ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  if (readsLog) child.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  // "close" comes after the end of the log; if the log is not read, it never comes.
  const exited = once(child, readsLog ? "close" : "exit");
  const end = async (signal) => {
    child.kill(signal);
    const [status] = await exited;
    return status;
  };
  const ready = once(createInterface({ input: child.stdout }), "line", { signal: AbortSignal.timeout(START) });
  const first = await Promise.race([ready, exited]).catch((error) => [String(error)]);
  const url = /^hallpass: listening on (http:\/\/127\.0\.0\.1:(\d+))$/.exec(String(first[0]));
  if (!url) {
    await end("SIGKILL");
    throw new Error(`the issuer did not start: ${log}`);
  }
  return {
    url: url[1],
    pid: child.pid,
    port: Number(url[2]),
    log: () => log,
    stderr: child.stderr,
    exited: exited.then(([status]) => status),
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

/** Starts an issuer that stops after the test. */
export async function issuerFor(test, options) {
  const issuer = await startIssuer(options);
  test.after(() => issuer.stop());
  return issuer;
}
