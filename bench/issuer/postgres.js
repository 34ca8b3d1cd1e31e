/** A PostgreSQL server for the bench with default settings: durable, on a socket in a temporary folder. */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.js";

/** The maximum time until it answers, in milliseconds. */
const START = 30_000;

/** The path of a program, if it is installed. */
function which(name) {
  return process.env.PATH.split(":").map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The reason why PostgreSQL is unavailable, or undefined. */
export function whyNoPostgres() {
  const missing = ["initdb", "postgres"].find((name) => which(name) === undefined);
  return missing && `not run: there is no \`${missing}\` on the path (PostgreSQL)`;
}

/** The output of `postgres --version`. */
export function postgresVersion() {
  return /\d+(\.\d+)*/.exec(execFileSync("postgres", ["--version"], { encoding: "utf8" }))[0];
}

/** Starts it in its own folder. Returns its `host`, the folder of its socket, and its `pid`. */
export async function startPostgres(parent) {
  const host = temporaryFolder(parent);
  const data = join(host, "data");
  const user = whoRuns();
  if (user) chownSync(host, user.uid, user.gid);
  const options = { ...user, cwd: host };
  const made = spawnSync("initdb", ["--pgdata", data, "--username", "bench", "--auth", "trust"], options);
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  const child = spawn("postgres", ["-D", data, "-k", host, "-c", "listen_addresses="], { ...options, stdio: "ignore" });
  process.on("exit", () => child.kill("SIGQUIT"));
  await untilItAnswers(host);
  return { host, pid: child.pid };
}

/** An empty database for one contender. */
export function createDatabase(host, name) {
  return withClient({ host, database: "postgres" }, (client) => client.query(`CREATE DATABASE ${name}`));
}

/** Calls a function with a new connection. */
export async function withClient(where, use) {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ ...where, user: "bench" });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** PostgreSQL refuses to run as root: run it as the user `postgres` or `nobody`. */
function whoRuns() {
  if (process.getuid() !== 0) return undefined;
  const number = (kind, name) => spawnSync("id", [kind, name], { encoding: "utf8" }).stdout.trim();
  const name = ["postgres", "nobody"].find((name) => number("-u", name) !== "");
  if (name === undefined) throw new Error("PostgreSQL needs a user `postgres` or `nobody`, and neither exists");
  return { uid: Number(number("-u", name)), gid: Number(number("-g", name)) };
}

async function untilItAnswers(host) {
  for (const end = Date.now() + START; Date.now() < end; ) {
    try {
      return await withClient({ host, database: "postgres" }, () => undefined);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error("PostgreSQL does not answer");
}
