/** Commands on the store of a running issuer: they work as without an issuer, and take effect at the next request. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeJwt } from "jose";
import { logged, login, post } from "../support/client.js";
import { addUser, binary, credentials, issuerFor, run, startIssuer, temporaryFolder } from "../support/issuer.js";

const HASH = "$2b$04$pTY8ZpkKnS9NEoAaIO1EkuDYi7dO23GoJRy6ilWQVZtuxqAnLE/iC";

const line = (username) => `${JSON.stringify({ username, hash: HASH })}\n`;

/** An issuer on the store in `folder`, and commands on that store. */
async function live(t, { folder = temporaryFolder(t) } = {}) {
  const store = ["--store", `sled:${folder}`];
  const issuer = await issuerFor(t, { args: store });
  const command = (args, input) => run([...args, ...store], { input });
  /** The same, which must succeed: what it printed. */
  const done = (args, input) => {
    const { status, stdout, stderr } = command(args, input);
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const start = (args) => spawn(binary, [...args, ...store]);
  return { folder, store, issuer, command, done, start };
}

const signIn = async (issuer, more = {}) => {
  const answer = await login(issuer, { transport: "body", ...more });
  assert.equal(answer.status, 200);
  return answer.json();
};

const me = async (issuer, { token }) =>
  (await fetch(`${issuer.url}/me`, { headers: { authorization: `Bearer ${token}` } })).status;

const refresh = (issuer, { refresh_token }) => post(`${issuer.url}/refresh`, { refresh_token });

/** Writes the input of a process; returns its output and status. */
async function finished(child, input = "") {
  child.stdin.end(input);
  const out = [];
  const error = [];
  child.stdout.on("data", (chunk) => out.push(chunk));
  child.stderr.on("data", (chunk) => error.push(chunk));
  const [status] = await once(child, "close");
  return { status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(error).toString() };
}

test("a user added while the issuer runs can sign in at once, with the assigned roles and claims", async (t) => {
  const { issuer, done, command } = await live(t);
  assert.match(done(["user", "add", "ann", "--password-stdin", "--role", "admin"], "annsPassword\n"), /^hallpass: added ann/);
  const pass = await signIn(issuer, { username: "ann", password: "annsPassword" });
  assert.deepEqual(decodeJwt(pass.token).roles, ["admin"]);
  const again = command(["user", "add", "ann", "--password-stdin"], "annsPassword\n");
  assert.deepEqual([again.status, again.stderr], [1, "hallpass: username_taken: the user ann exists\n"]);
  done(["user", "set", "ann", "--no-roles", "--claim", "level=3"]);
  const renewed = await (await refresh(issuer, pass)).json();
  assert.deepEqual([decodeJwt(renewed.token).roles ?? [], decodeJwt(renewed.token).level], [[], 3]);
  assert.match(done(["user", "list"]), /enabled +ann\n/);
});

for (const [name, args, input] of [
  ["disabled", ["user", "disable", "exampleUser"]],
  ["deleted", ["user", "delete", "exampleUser", "--yes"]],
  ["given another password", ["user", "passwd", "exampleUser", "--password-stdin"], "anotherPassword\n"],
]) {
  test(`a user who is ${name} loses their sessions at the very next request`, async (t) => {
    const folder = temporaryFolder(t);
    addUser(folder);
    const { issuer, done, start } = await live(t, { folder });
    let pass = await signIn(issuer);
    const idle = await signIn(issuer);
    // The session is in use all the while.
    let stops = false;
    const statuses = [];
    const inUse = (async () => {
      while (!stops) statuses.push(await me(issuer, pass));
    })();
    pass = { ...pass, ...(await (await refresh(issuer, pass)).json()) };
    assert.equal(await me(issuer, pass), 200);
    const told = await finished(start(args), input);
    assert.equal(told.status, 0, told.stderr);
    assert.match(told.stdout, /sessions ended: 2\n$/);
    const next = [await me(issuer, pass), await me(issuer, idle), (await refresh(issuer, pass)).status];
    stops = true;
    await inUse;
    assert.deepEqual(next, [401, 401, 400]);
    assert.ok(statuses.length > 0 && statuses.at(-1) === 401);
    // Once it is over, it stays so.
    assert.ok(!statuses.slice(statuses.indexOf(401)).includes(200));
    assert.equal((await login(issuer)).status, 401);
    const listed = done(["session", "list"]).trimEnd().split("\n");
    assert.equal(listed.length, 1, "no session is left");
  });
}

test("a user who was disabled or throttled is admitted again without a restart", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const { issuer, done } = await live(t, { folder });
  done(["user", "disable", "exampleUser"]);
  assert.equal((await login(issuer)).status, 401);
  done(["user", "enable", "exampleUser"]);
  assert.equal((await login(issuer)).status, 200);
  const guess = async () => (await login(issuer, { password: "wrong" })).status;
  const guesses = [];
  while (guesses.at(-1) !== 429 && guesses.length < 10) guesses.push(await guess());
  assert.equal(guesses.at(-1), 429);
  const refused = await login(issuer);
  assert.equal(refused.status, 429, "the right password waits too");
  done(["user", "enable", "exampleUser"]);
  // An operator's act changes no delay: it would tell which names exist.
  await sleep(1000 * Number(refused.headers.get("retry-after")));
  assert.equal((await login(issuer)).status, 200);
});

test("earlier attacks on a name do not block a new user of that name", async (t) => {
  const { issuer, done } = await live(t);
  const as = (password) => login(issuer, { username: "newcomer", password });
  const guesses = [];
  while (guesses.at(-1) !== 429 && guesses.length < 10) guesses.push((await as("wrong")).status);
  assert.equal(guesses.at(-1), 429);
  done(["user", "add", "newcomer", "--password-stdin"], "newcomersOwn\n");
  await sleep(1000);
  assert.equal((await as("newcomersOwn")).status, 200);
});

test("sessions of a running issuer are listed and ended, by id and by user", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const { issuer, done, command } = await live(t, { folder });
  const one = await signIn(issuer);
  const two = await signIn(issuer);
  const three = await signIn(issuer);
  assert.equal(done(["session", "list", "--user", "exampleUser"]).trimEnd().split("\n").length, 4);
  const revoked = command(["session", "revoke", one.session.id]);
  assert.equal(revoked.stdout, "hallpass: sessions ended: 1\n");
  assert.match(revoked.stderr, new RegExp(`session=${one.session.id} cause=revoked_by_operator address=command-line`));
  assert.deepEqual([await me(issuer, one), await me(issuer, two)], [401, 200]);
  assert.match(done(["session", "revoke", "--user", "exampleUser"]), /sessions ended: 2/);
  assert.deepEqual([await me(issuer, two), await me(issuer, three)], [401, 401]);
  assert.equal((await refresh(issuer, three)).status, 400);
  await logged(issuer, /a command connected to the store uid=\d+ pid=\d+/);
});

test("two concurrent commands and the issuer all work", async (t) => {
  const { folder, issuer, start, done } = await live(t);
  const imports = ["a", "b"].map((prefix) => {
    const file = join(folder, `${prefix}.jsonl`);
    writeFileSync(file, Array.from({ length: 2000 }, (_, index) => line(`${prefix}${index}`)).join(""));
    return finished(start(["user", "import", file]));
  });
  done(["user", "add", "exampleUser", "--password-stdin"], `${credentials.password}\n`);
  assert.equal((await login(issuer)).status, 200);
  for (const { status, stdout, stderr } of await Promise.all(imports)) {
    assert.equal(status, 0, stderr);
    assert.match(stdout, /users added: 2000;/);
  }
  assert.equal(done(["user", "list", "--json"]).trimEnd().split("\n").length, 4001);
});

test("an import whose issuer is killed reports it in one line, and is completed by running it again", { timeout: 300_000 }, async (t) => {
  const count = 60_000;
  const { folder, issuer, start, done } = await live(t);
  const file = join(folder, "users.jsonl");
  writeFileSync(file, Array.from({ length: count }, (_, index) => line(`user${index}`)).join(""));
  const importing = finished(start(["user", "import", file]));
  // It has begun once one of them is there.
  while (done(["user", "list", "--json"]) === "") await sleep(20);
  await issuer.kill();
  const { status, stdout, stderr } = await importing;
  assert.equal(status, 1);
  // What is certain is counted; nothing may be yet.
  assert.match(stdout, /^(hallpass: users added: \d+; existing, unchanged: 0; lines refused: 0\n)?$/);
  const told = stderr.split("\n").filter((each) => !each.includes("audit") && !each.startsWith("lines done"));
  assert.equal(told.length, 2, stderr);
  assert.match(
    told[0],
    /^hallpass: the import stopped at line \d+; run it again \(up to 1024 more users may already be added\): the running hallpass, which holds the store, (ended before it answered: the change may be written or not; check it|has ended)$/,
  );
  const again = run(["user", "import", file, "--store", `sled:${folder}`]);
  assert.equal(again.status, 0, again.stderr);
  const [, added, present] = /users added: (\d+); existing, unchanged: (\d+);/.exec(again.stdout);
  assert.equal(Number(added) + Number(present), count);
  assert.ok(Number(present) > 0 && Number(added) > 0, again.stdout);
});

test("only the owner can use the socket; it is replaced after a kill and removed at a stop", async (t) => {
  const { folder, store, issuer, done } = await live(t);
  const socket = join(folder, "hallpass.sock");
  const { mode } = statSync(socket);
  assert.equal(mode & 0o777, 0o600);
  await issuer.kill();
  assert.ok(existsSync(socket));
  assert.equal(done(["user", "list", "--json"]), "", "nobody holds the store");
  const next = await startIssuer({ args: store });
  done(["user", "add", "exampleUser", "--password-stdin"], `${credentials.password}\n`);
  assert.equal((await login(next)).status, 200);
  assert.equal(await next.stop(), 0);
  assert.ok(!existsSync(socket));
});

test("another file at the socket's path is kept, and the issuer runs without a socket", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "hallpass.sock"), "somebody's");
  const { issuer, command } = await live(t, { folder });
  assert.equal((await fetch(`${issuer.url}/healthz`)).status, 200);
  await logged(issuer, /WARN.*commands cannot use the store while this issuer runs/);
  const { status, stderr } = command(["user", "list"]);
  assert.equal(status, 1);
  assert.match(stderr, /^hallpass: the store .* is in use: a running hallpass holds it\n$/);
  assert.equal(readFileSync(join(folder, "hallpass.sock"), "utf8"), "somebody's");
});

test("a data folder with a long path works", async (t) => {
  const folder = join(temporaryFolder(t), "long".repeat(30), "path".repeat(30));
  mkdirSync(folder, { recursive: true });
  const { issuer, done } = await live(t, { folder });
  done(["user", "add", "exampleUser", "--password-stdin"], `${credentials.password}\n`);
  assert.equal((await login(issuer)).status, 200);
});

test("a command of another version gets the version of the running issuer", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  // Something that holds the folder as an issuer does, and greets as one of the future.
  const holder = spawn("flock", ["--exclusive", join(folder, "sled"), "sh", "-c", "echo held; cat"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  t.after(() => holder.stdin.end());
  await once(holder.stdout, "data");
  const greeting = Buffer.concat([Buffer.from("hallpass"), Buffer.from([0, 99, 5]), Buffer.from("9.9.9")]);
  const server = createServer((socket) => socket.on("error", () => {}).write(greeting));
  await new Promise((resolve) => server.listen(join(folder, "hallpass.sock"), resolve));
  t.after(() => server.close());
  const { status, stderr } = await finished(spawn(binary, ["user", "list", "--store", `sled:${folder}`]));
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^hallpass: the store .* is in use by a running hallpass, which refused this command: the running hallpass is 9\.9\.9 \(protocol 99\) and this is \S+ \(protocol \d+\): use the same binary, or restart it\n$/,
  );
});

/** Why a test that runs as another user is skipped, or false if it can run. */
const skip = process.getuid() === 0 ? false : "only root can run as another user";

/** A user that owns nothing. */
const NOBODY = 65534;

test("another system user is refused, even if the modes of folder and socket allow access", { skip, timeout: 300_000 }, async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const { issuer, done } = await live(t, { folder });
  const socket = join(folder, "hallpass.sock");
  for (const path of [folder, socket]) chmodSync(path, 0o777);
  // What it is told before the end of the connection: nothing, not even a version.
  const script = `
    const socket = require("node:net").connect(process.argv[1]);
    let told = 0;
    socket.on("connect", () => console.log("connected"));
    socket.on("data", (data) => (told += data.length)).on("error", () => {}).on("close", () => console.log(told));`;
  const foreign = spawnSync(process.execPath, ["-e", script, socket], { uid: NOBODY, gid: NOBODY, encoding: "utf8" });
  assert.equal(foreign.stdout, "connected\n0\n", foreign.stderr);
  const refusal = new RegExp(`WARN.*a command's connection failed error=user ${NOBODY} is neither`);
  while (!refusal.test(issuer.log())) await sleep(20);
  const command = run(["user", "disable", "exampleUser", "--store", `sled:${folder}`], { uid: NOBODY });
  assert.equal(command.status, 1);
  assert.match(command.stderr, /^hallpass: the store .* cannot be opened: .*\n$/);
  assert.match(done(["user", "list"]), /enabled +exampleUser/);
});

test("an issuer stops if it is asked to during its start", { timeout: 300_000 }, async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "sled"), { recursive: true });
  // A process that opens this waits for a writer, and there is none.
  spawnSync("mkfifo", [join(folder, "sled", "db")]);
  const child = spawn(binary, ["serve", "--listen", "127.0.0.1:0", "--store", `sled:${folder}`], { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  // The signal is caught from here on (proc(5): a mask in hexadecimal).
  const catches = (signal) => {
    const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"));
    return ((BigInt(`0x${mask[1]}`) >> BigInt(signal - 1)) & 1n) === 1n;
  };
  while (!catches(15)) await sleep(10);
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
});
