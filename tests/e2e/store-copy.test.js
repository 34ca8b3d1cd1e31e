/** A store is copied from one engine to another, and users stay signed in. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { login, post, sleep } from "../support/client.js";
import { addUser, binary, importUsers, run, startIssuer, temporaryFolder } from "../support/issuer.js";
import { skipUnlessLong } from "../support/length.js";
import { addUserTo, addressOf, cannotRunPostgres, environmentOf, issuersFor, onStore, startPostgres } from "../support/postgres.js";

const skip = cannotRunPostgres();

/** The same rules on both stores. */
const ARGS = ["--issuer", "http://localhost:8080", "--refresh-grace", "0"];

/** More than one page, and enough to interrupt a copy. */
const MANY = 3000;

const copy = (from, to) => run(["store", "copy", "--from", from, "--to", to]);
const listed = (store) => [["user", "list", "--json"], ["session", "list"]].map((list) => onStore({ HALLPASS_STORE: store }, list));

test("a store is copied to a database and back, with users and sessions", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const back = temporaryFolder(t);
  const database = addressOf(await startPostgres(t));
  addUser(folder);
  importUsers(folder, MANY);
  const issuer = await startIssuer({ args: [...ARGS, "--store", `sled:${folder}`] });
  for (let count = 0; count < 5; count += 1) assert.equal((await login(issuer)).status, 200);
  await issuer.stop();

  const there = copy(`sled:${folder}`, database);
  assert.equal(there.status, 0, there.stderr);
  assert.match(there.stdout, new RegExp(`users copied: ${MANY + 1}; existing: 0\n`));
  assert.match(there.stdout, /sessions copied: 5; existing: 0\n/);
  assert.match(there.stdout, /compared: both stores have the same records\n/);
  assert.deepEqual(listed(database), listed(`sled:${folder}`));
  const again = copy(`sled:${folder}`, database);
  assert.match(again.stdout, new RegExp(`users copied: 0; existing: ${MANY + 1}\n`));
  const home = copy(database, `sled:${back}`);
  assert.equal(home.status, 0, home.stderr);
  assert.deepEqual(listed(`sled:${back}`), listed(`sled:${folder}`));
});

test("users stay signed in on a copied store with the same master key only", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const database = addressOf(await startPostgres(t));
  addUser(folder);
  const before = await startIssuer({ args: [...ARGS, "--store", `sled:${folder}`] });
  const { refresh_token, access_token } = await (await login(before, { transport: "body" })).json();
  await before.stop();
  assert.match(copy(`sled:${folder}`, database).stdout, /the same master key .*master\.key/);

  const another = { HALLPASS_STORE: database, HALLPASS_MASTER_KEY: "A".repeat(43) };
  const refused = run(["serve", "--listen", "127.0.0.1:0", ...ARGS], { env: another });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^hallpass: .*master key.*\n$/);
  const key = readFileSync(join(folder, "master.key"), "utf8").trim();
  const [after] = await issuersFor(t, 1, { env: { HALLPASS_STORE: database, HALLPASS_MASTER_KEY: key } });
  const me = await fetch(`${after.url}/me`, { headers: { authorization: `Bearer ${access_token}` } });
  assert.equal(me.status, 200);
  assert.equal((await post(`${after.url}/refresh`, { refresh_token })).status, 200);
});

test("a killed copy resumes when it is run again", { skip: skip || skipUnlessLong }, async (t) => {
  const folder = temporaryFolder(t);
  const server = await startPostgres(t);
  const database = addressOf(server);
  importUsers(folder, MANY);
  onStore({ HALLPASS_STORE: database }, ["store", "migrate"]);
  let kills = 0;
  for (let have = 0; have < MANY && kills < 20; kills += 1) {
    const child = spawn(binary, ["store", "copy", "--from", `sled:${folder}`, "--to", database], { stdio: "ignore" });
    const exited = once(child, "exit");
    // Somewhere in the middle, as far as that can be aimed at.
    for (let waited = 0; waited < 200 && child.exitCode === null; waited += 1) {
      if (Number(server.query("SELECT count(*) FROM hallpass.users")) > have + 100) break;
      await sleep(5);
    }
    child.kill("SIGKILL");
    await exited;
    have = Number(server.query("SELECT count(*) FROM hallpass.users"));
  }
  t.diagnostic(`${kills} kills`);
  const whole = copy(`sled:${folder}`, database);
  assert.equal(whole.status, 0, whole.stderr);
  assert.deepEqual(listed(database), listed(`sled:${folder}`));
});

test("a used store is never overwritten", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const server = await startPostgres(t);
  const env = environmentOf(server);
  addUser(folder);
  const first = await startIssuer({ args: [...ARGS, "--store", `sled:${folder}`] });
  await login(first);
  await first.stop();
  const from = `sled:${folder}`;
  const to = addressOf(server);
  assert.equal(copy(from, to).status, 0);
  onStore(env, ["user", "set", "exampleUser", "--role", "admin"]);
  const changed = copy(from, to);
  assert.equal(changed.status, 1);
  assert.match(changed.stderr, /^hallpass: the user exampleUser differs between the stores, since one was in use: .*\n$/);
  assert.match(onStore(env, ["user", "list"]), /admin/);

  const other = await startPostgres(t);
  const strangers = environmentOf(other);
  addUserTo(strangers, { username: "stranger", password: "a good passphrase" });
  const foreign = copy(from, addressOf(other));
  assert.equal(foreign.status, 1);
  assert.match(foreign.stderr, /^hallpass: the target store has the user stranger, which the source store does not have: .*\n$/);
  assert.equal(onStore(strangers, ["user", "list", "--json"]).trim().split("\n").length, 1);
  assert.match(copy(to, to).stderr, /the same store/);
});

test("the store of a running issuer is neither copied nor overwritten", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const server = await startPostgres(t);
  const database = addressOf(server);
  onStore(environmentOf(server), ["store", "migrate"]);
  addUser(folder);
  const issuer = await startIssuer({ args: [...ARGS, "--store", `sled:${folder}`] });
  t.after(() => issuer.stop());
  for (const { status, stderr } of [copy(`sled:${folder}`, database), copy(database, `sled:${folder}`)]) {
    assert.equal(status, 1);
    assert.match(stderr, /^hallpass: the store .* is in use: a running hallpass holds it\n$/);
  }
});
