/** Commands on a store that is not there, not theirs, or has no keys yet: they say what to do, and make nothing. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { addUser, binary, issuerFor, run, temporaryFolder } from "../support/issuer.js";
import { addressOf, cannotRunPostgres, environmentOf, startPostgres } from "../support/postgres.js";

const ID = "5e9a8f0c-5b7d-4f57-9e7e-0d4c1f2a3b4c";

/** All commands that need a store which is there. */
const COMMANDS = [
  ["user", "list"],
  ["user", "list", "--json"],
  ["user", "passwd", "exampleUser", "--password-stdin"],
  ["user", "set", "exampleUser", "--no-roles"],
  ["user", "disable", "exampleUser"],
  ["user", "enable", "exampleUser"],
  ["user", "delete", "exampleUser", "--yes"],
  ["session", "list"],
  ["session", "list", "--user", "exampleUser"],
  ["session", "revoke", ID],
  ["keys", "list"],
  ["keys", "rotate"],
  ["keys", "revoke", "some-key"],
  ["keys", "reset", "--yes"],
];

const fails = (args, options, pattern) => {
  const { status, stderr, stdout } = run(args, options);
  assert.match(stderr, pattern, `${args.join(" ")}: ${stdout}`);
  assert.ok(status === 1, `${args.join(" ")}: status ${status}`);
  assert.doesNotMatch(stderr, /keys reset/);
};

test("a command on a missing folder fails with a message and creates nothing", (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "empty"));
  for (const name of ["mistyped", "a/b/c", "empty"]) {
    const store = join(folder, name);
    for (const args of COMMANDS) fails([...args, "--store", `sled:${store}`], {}, /there is no store in .*: check --store/);
    fails(["store", "copy", "--from", `sled:${store}`, "--to", `sled:${join(folder, "copy")}`], {}, /there is no store in/);
  }
  assert.deepEqual(readdirSync(folder, { recursive: true }), ["empty"]);
});

test("a command on a database without a schema fails with a message and creates nothing", { skip: cannotRunPostgres() }, async (t) => {
  const database = await startPostgres(t);
  const env = environmentOf(database);
  for (const args of COMMANDS) fails(args, { env }, /there is no store in the database .*: check --store/);
  fails(["store", "copy", "--from", addressOf(database), "--to", "sled:/nowhere"], {}, /there is no store in the database/);
  assert.equal(database.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'hallpass'"), "0");
  // What adds a user makes the store; that has no keys until an issuer starts.
  const { status, stderr } = run(["user", "add", "exampleUser", "--password-stdin"], { env, input: "examplePassword\n" });
  assert.equal(status, 0, stderr);
  fails(["keys", "list"], { env }, /the store has no keys: start an issuer, which creates them \(`hallpass serve`\)/);
});

test("a command on a database with an older schema names the upgrade and changes nothing", { skip: cannotRunPostgres() }, async (t) => {
  const database = await startPostgres(t);
  const env = environmentOf(database);
  // As an issuer leaves it that is killed before the first version is made.
  database.query("CREATE SCHEMA hallpass");
  database.query("CREATE TABLE hallpass.schema_version (id integer PRIMARY KEY, version integer NOT NULL)");
  database.query("INSERT INTO hallpass.schema_version (id, version) VALUES (1, 0)");
  const older = /it has version 0, and this hallpass needs 1: run `hallpass store migrate`/;
  for (const args of COMMANDS) fails(args, { env }, older);
  fails(["store", "copy", "--from", addressOf(database), "--to", "sled:/nowhere"], {}, older);
  assert.equal(database.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'hallpass'"), "1");
  assert.match(run(["store", "migrate"], { env }).stdout, /migrated the schema from version 0 to 1/);
  assert.equal(run(["user", "list"], { env }).status, 0);
});

test("commands work before the first start has created keys", (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  for (const args of COMMANDS.filter(([group]) => group === "keys")) {
    fails([...args, "--store", `sled:${folder}`], {}, /the store has no keys: start an issuer/);
  }
  assert.deepEqual(readdirSync(folder), ["sled"]);
});

test("another system user gets an error with the store's owner", { skip: process.getuid() !== 0 && "this needs root" }, async (t) => {
  const parent = temporaryFolder(t);
  const folder = join(parent, "data");
  addUser(folder);
  const nobody = { uid: 65534, input: "examplePassword\n" };
  const pattern = /the store .* cannot be opened: Permission denied.*; run the command as its owner, such as with `sudo -u '#0' hallpass/;
  const all = [...COMMANDS, ["user", "add", "another", "--password-stdin"]];
  // Where the folder itself cannot be looked at, its owner is not known.
  const hidden = /cannot be opened: Permission denied.*; run the command as the issuer's user/;
  for (const args of all) fails([...args, "--store", `sled:${folder}`], nobody, hidden);
  chmodSync(parent, 0o755);
  for (const args of all) fails([...args, "--store", `sled:${folder}`], nobody, pattern);
  await issuerFor(t, { args: ["--store", `sled:${folder}`] });
  for (const args of all) fails([...args, "--store", `sled:${folder}`], nobody, pattern);
  fails(["serve", "--listen", "127.0.0.1:0", "--store", `sled:${folder}`], nobody, pattern);
  fails(["user", "add", "another", "--password-stdin", "--store", `sled:${parent}/other`], nobody, /cannot create the folder .*: Permission denied.*run this as the issuer's user, or set another folder with --store/);
  assert.ok(!existsSync(join(parent, "other")));
});

test("root creates no file in another user's store that this user cannot open", { skip: process.getuid() !== 0 && "this needs root" }, async (t) => {
  const owner = 65534;
  const group = 65534;
  const parent = temporaryFolder(t);
  chmodSync(parent, 0o755);
  const asOwner = ["setpriv", `--reuid=${owner}`, `--regid=${group}`, "--clear-groups"];
  const foldersOf = (name) => {
    const folder = join(parent, name);
    mkdirSync(folder);
    chownSync(folder, owner, group);
    return folder;
  };
  const run077 = (args) => {
    const command = ["-c", 'umask 077; exec "$@"', "sh", binary, ...args];
    return spawnSync("sh", command, { input: "examplePassword\n", encoding: "utf8" });
  };
  const add = (folder) => ["user", "add", "another", "--password-stdin", "--store", `sled:${folder}`];
  const empty = foldersOf("empty");
  const used = foldersOf("used");
  const [program, ...rest] = [...asOwner, binary, "user", "add", "exampleUser", "--password-stdin", "--store", `sled:${used}`];
  assert.equal(spawnSync(program, rest, { input: "examplePassword\n" }).status, 0);
  const before = readdirSync(used, { recursive: true }).sort();

  const refused = /belongs to another user, who could not open the files that root writes: run the command as that user, such as with `sudo -u '#65534' hallpass/;
  const commands = [...COMMANDS.map((args) => [...args, "--store", `sled:${used}`]), add(used), add(empty)];
  commands.push(["store", "copy", "--from", `sled:${used}`, "--to", `sled:${parent}/copy`]);
  for (const args of commands) {
    const { status, stderr } = run077(args);
    assert.match(stderr, refused, args.join(" "));
    assert.equal(status, 1);
  }
  assert.deepEqual([readdirSync(used, { recursive: true }).sort(), readdirSync(empty)], [before, []]);

  // Where an issuer of that user holds the store, it is the issuer that writes.
  await issuerFor(t, { args: ["--store", `sled:${used}`], under: asOwner });
  const { status, stderr } = run077(add(used));
  assert.equal(status, 0, stderr);
  for (const name of readdirSync(used, { recursive: true })) assert.equal(statSync(join(used, name)).uid, owner, name);
});
