/** A PostgreSQL server for a test, with its default durability, on a loopback port; and a synchronous standby. */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep } from "./client.js";
import { run, startIssuer } from "./issuer.js";
import { freePort } from "./port.js";

/** Maximum milliseconds until a server accepts connections. */
const START = 120_000;

const PROGRAMS = ["initdb", "postgres", "pg_basebackup", "psql"];

/** Why a test that needs PostgreSQL is skipped, or false if it can run. */
export function cannotRunPostgres() {
  const isThere = (name) => process.env.PATH.split(":").some((folder) => existsSync(join(folder, name)));
  const missing = PROGRAMS.find((name) => !isThere(name));
  return missing ? `there is no \`${missing}\` on the path (PostgreSQL)` : false;
}

/** PostgreSQL refuses to run as root: then it runs as its own user, or as `nobody`. */
function whoRuns() {
  if (process.getuid() !== 0) return {};
  const number = (kind, name) => spawnSync("id", [kind, name], { encoding: "utf8" }).stdout.trim();
  const name = ["postgres", "nobody"].find((each) => number("-u", each) !== "");
  return { uid: Number(number("-u", name)), gid: Number(number("-g", name)) };
}

/** The child processes of a process. */
function childrenOf(pid) {
  const { stdout } = spawnSync("pgrep", ["-P", String(pid)], { encoding: "utf8" });
  return stdout.trim().split("\n").filter(Boolean).map(Number);
}

/** One server. */
class Server {
  constructor(folder, port) {
    Object.assign(this, { folder, port, data: join(folder, "data"), user: whoRuns() });
  }

  command(program, args) {
    return execFileSync(program, args, { ...this.user, cwd: this.folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  async start() {
    const args = ["-D", this.data, "-p", String(this.port), "-k", this.folder, "-c", "listen_addresses=127.0.0.1"];
    this.child = spawn("postgres", args, { ...this.user, cwd: this.folder, stdio: "ignore" });
    this.exited = once(this.child, "exit");
    for (const end = Date.now() + START; !this.answers(); await sleep(50)) {
      if (Date.now() > end || this.child.exitCode !== null) throw new Error(`PostgreSQL does not start on ${this.port}`);
    }
  }

  answers() {
    const found = existsSync(join(this.data, "postmaster.pid")) ? readFileSync(join(this.data, "postmaster.pid"), "utf8") : "";
    return found.startsWith(`${this.child.pid}\n`) && found.trimEnd().endsWith("ready");
  }

  /** What a query finds, as lines. */
  query(sql) {
    const args = ["-h", this.folder, "-p", String(this.port), "-U", "hallpass", "-d", "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", sql];
    return this.command("psql", args).trim();
  }

  /** Waits until a query finds `true`. */
  async until(sql) {
    for (const end = Date.now() + START; this.query(sql) !== "t"; await sleep(50)) {
      if (Date.now() > end) throw new Error(`never: ${sql}`);
    }
  }

  /** Ends all of its processes, without a word to optional. */
  async kill() {
    const all = [this.child.pid, ...childrenOf(this.child.pid)];
    for (const pid of all) spawnSync("kill", ["-KILL", String(pid)]);
    await this.exited;
  }

  /** Suspends all of its processes: the kernel accepts connections, and the server does not respond. */
  freeze() {
    this.frozen = [this.child.pid, ...childrenOf(this.child.pid)];
    for (const pid of this.frozen) process.kill(pid, "SIGSTOP");
  }

  thaw() {
    for (const pid of this.frozen ?? []) spawnSync("kill", ["-CONT", String(pid)]);
    this.frozen = undefined;
  }

  async stop() {
    this.thaw();
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGQUIT");
    await this.exited;
  }
}

/** A folder of PostgreSQL's user, removed after the test. */
function folderOf(test) {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-test-"));
  const { uid, gid } = whoRuns();
  if (uid !== undefined) chownSync(folder, uid, gid);
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a server with additional settings; it stops after the test. */
export async function startPostgres(test, settings = []) {
  const server = new Server(folderOf(test), await freePort());
  const cluster = ["--pgdata", server.data, "--username", "hallpass", "--auth", "trust", "--encoding", "UTF8", "--no-locale"];
  server.command("initdb", cluster);
  appendFileSync(join(server.data, "postgresql.conf"), settings.map((line) => `${line}\n`).join(""));
  await server.start();
  endsWith(test, server);
  return server;
}

/** Starts a standby of a server, on a free port or `port`; `promote()` makes it the primary. */
export async function startStandby(test, primary, port) {
  const standby = new Server(folderOf(test), port ?? (await freePort()));
  const source = `host=127.0.0.1 port=${primary.port} user=hallpass application_name=standby`;
  standby.command("pg_basebackup", ["-D", standby.data, "-d", source, "--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream"]);
  await standby.start();
  endsWith(test, standby);
  await primary.until("SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'");
  standby.promote = async () => {
    standby.query("SELECT pg_promote()");
    await standby.until("SELECT NOT pg_is_in_recovery()");
  };
  return standby;
}

/** The same, as a synchronous standby: the server acknowledges only what the standby has. */
export async function startSynchronousStandby(test, primary, port) {
  const standby = await startStandby(test, primary, port);
  primary.query("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
  primary.query("SELECT pg_reload_conf()");
  await primary.until("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'");
  return standby;
}

function endsWith(test, server) {
  const killed = () => server.child.kill("SIGQUIT");
  process.on("exit", killed);
  test.after(async () => {
    await server.stop();
    process.off("exit", killed);
  });
}

/** The address of a database on servers or other ports. */
export function addressOf(...servers) {
  return `postgres://hallpass@${servers.map(({ port }) => `127.0.0.1:${port}`).join(",")}/postgres`;
}

/** The environment that issuers of one store share. */
export function environmentOf(...servers) {
  return { HALLPASS_STORE: addressOf(...servers), HALLPASS_MASTER_KEY: randomBytes(32).toString("base64url") };
}

/** Runs a command on the store of an environment; returns its output. */
export function onStore(env, args, input = "") {
  const { status, stdout, stderr } = run(args, { env, input });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Adds a user to the store of an environment. */
export function addUserTo(env, { username, password }) {
  onStore(env, ["user", "add", username, "--password-stdin"], `${password}\n`);
}

/** Starts `count` issuers on the store of an environment; they stop after the test. */
export async function issuersFor(test, count, { args = [], env }) {
  const issuer = () => startIssuer({ args: ["--issuer", "http://localhost:8080", ...args], env });
  const issuers = await Promise.all(Array.from({ length: count }, issuer));
  for (const each of issuers) test.after(() => each.kill());
  return issuers;
}

/** Why a test that needs a pooler is skipped, or false if it can run. */
export function cannotRunPooler() {
  const { error } = spawnSync("pgbouncer", ["--version"]);
  return cannotRunPostgres() || (error ? "there is no `pgbouncer` on the path" : false);
}

/** Starts a pooler in transaction mode in front of a server; it stops after the test. */
export async function startPooler(test, server) {
  const folder = folderOf(test);
  const port = await freePort();
  const user = whoRuns();
  const settings = [
    `[databases]`,
    `postgres = host=127.0.0.1 port=${server.port} user=hallpass`,
    `[pgbouncer]`,
    `listen_addr = 127.0.0.1`,
    `listen_port = ${port}`,
    `unix_socket_dir =`,
    `auth_type = any`,
    `pool_mode = transaction`,
    `default_pool_size = 3`,
    `logfile = ${join(folder, "log")}`,
  ];
  writeFileSync(join(folder, "pgbouncer.ini"), settings.map((line) => `${line}\n`).join(""));
  const child = spawn("pgbouncer", [join(folder, "pgbouncer.ini")], { ...user, cwd: folder, stdio: "ignore" });
  const exited = once(child, "exit");
  test.after(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  for (const end = Date.now() + START; ; await sleep(50)) {
    const isListening = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(socket.destroy())).on("error", () => resolve(undefined));
    });
    if (isListening) return { port };
    if (Date.now() > end || child.exitCode !== null) throw new Error("the pooler does not start");
  }
}
