/** Commands on a store that is not there, not theirs, or has no keys yet: they say what to do, and make nothing. */

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { addUser, issuerFor, run, temporaryFolder } from "../support/issuer.js";
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

test("a command on a mistyped folder says that nothing is there, and makes nothing", (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "empty"));
  for (const name of ["mistyped", "a/b/c", "empty"]) {
    const store = join(folder, name);
    for (const args of COMMANDS) fails([...args, "--store", `sled:${store}`], {}, /there is no store in .*, and none was made: is --store right/);
    fails(["store", "copy", "--from", `sled:${store}`, "--to", `sled:${join(folder, "copy")}`], {}, /there is no store in/);
  }
  assert.deepEqual(readdirSync(folder, { recursive: true }), ["empty"]);
});

test("a command on a database without a schema says that nothing is there, and makes none", { skip: cannotRunPostgres() }, async (t) => {
  const database = await startPostgres(t);
  const env = environmentOf(database);
  for (const args of COMMANDS) fails(args, { env }, /there is no store in the database .*, and none was made: is --store right/);
  fails(["store", "copy", "--from", addressOf(database), "--to", "sled:/nowhere"], {}, /there is no store in the database/);
  assert.equal(database.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'hallpass'"), "0");
  // What adds a user makes the store; that has no keys until an issuer starts.
  const { status, stderr } = run(["user", "add", "exampleUser", "--password-stdin"], { env, input: "examplePassword\n" });
  assert.equal(status, 0, stderr);
  fails(["keys", "list"], { env }, /the store has no keys yet: an issuer makes them when it starts \(`hallpass serve`\)/);
});

test("keys before the first start are not missing", (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  for (const args of COMMANDS.filter(([group]) => group === "keys")) {
    fails([...args, "--store", `sled:${folder}`], {}, /the store has no keys yet: an issuer makes them when it starts/);
  }
  assert.deepEqual(readdirSync(folder), ["sled"]);
});

test("another user of the machine is told whose the store is", { skip: process.getuid() !== 0 && "this needs root" }, async (t) => {
  const parent = temporaryFolder(t);
  const folder = join(parent, "data");
  addUser(folder);
  const nobody = { uid: 65534, input: "examplePassword\n" };
  const pattern = /the store .* cannot be opened: Permission denied.*: run the command as the user that it belongs to, as in `sudo -u '#0' hallpass/;
  const all = [...COMMANDS, ["user", "add", "another", "--password-stdin"]];
  // Where the folder itself cannot be looked at, its owner is not known.
  const hidden = /cannot be opened: Permission denied.*: run the command as the user that the issuer runs as/;
  for (const args of all) fails([...args, "--store", `sled:${folder}`], nobody, hidden);
  chmodSync(parent, 0o755);
  for (const args of all) fails([...args, "--store", `sled:${folder}`], nobody, pattern);
  await issuerFor(t, { args: ["--store", `sled:${folder}`] });
  for (const args of all) fails([...args, "--store", `sled:${folder}`], nobody, pattern);
  fails(["serve", "--listen", "127.0.0.1:0", "--store", `sled:${folder}`], nobody, pattern);
  fails(["user", "add", "another", "--password-stdin", "--store", `sled:${parent}/other`], nobody, /cannot be made: Permission denied.*run this as the user that the issuer runs as, or name another folder in --store/);
  assert.ok(!existsSync(join(parent, "other")));
});
