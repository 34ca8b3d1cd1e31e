/** `hallpass user …`: the operator manages users, and the effect on their sessions. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { addUser, credentials, issuerFor, run, temporaryFolder } from "../support/issuer.js";
import { login, post } from "../support/client.js";

/** Commands on the users of the store in `folder`. */
const usersOf = (folder) => (args, input) => run(["user", ...args, "--store", `sled:${folder}`], { input });

/** Runs `work` with an issuer over the store, and stops it, so that the next command has the store. */
async function serving(t, folder, work) {
  const issuer = await issuerFor(t, { args: ["--store", `sled:${folder}`] });
  try {
    return await work(issuer);
  } finally {
    await issuer.stop();
  }
}

const signIn = async (issuer, more = {}) => {
  const answer = await login(issuer, { transport: "body", ...more });
  assert.equal(answer.status, 200);
  return answer.json();
};

const refresh = (issuer, { refresh_token }) => post(`${issuer.url}/refresh`, { refresh_token });

test("new roles and claims are in tokens after the next renewal", async (t) => {
  const folder = temporaryFolder(t);
  const user = usersOf(folder);
  addUser(folder);
  const pass = await serving(t, folder, signIn);
  assert.equal(user(["set", "exampleUser", "--role", "admin", "--claim", 'plan="pro"', "--claim", "level=3"]).status, 0);
  const renewed = await serving(t, folder, async (issuer) => (await refresh(issuer, pass)).json());
  const claims = decodeJwt(renewed.token);
  assert.deepEqual([claims.roles, claims.plan, claims.level], [["admin"], "pro", 3]);
  assert.equal(user(["set", "exampleUser", "--no-roles", "--remove-claim", "plan"]).status, 0);
  const [line] = user(["list", "--json"]).stdout.split("\n");
  const { roles, claims: left } = JSON.parse(line);
  assert.deepEqual([roles, left], [[], { level: 3 }]);
});

test("invalid user data is refused with a message", (t) => {
  const folder = temporaryFolder(t);
  const user = usersOf(folder);
  addUser(folder);
  for (const [args, message, status] of [
    [["set", "exampleUser"], /required/, 2],
    [["set", "exampleUser", "--claim", "plan=pro"], /expected NAME=JSON/, 2],
    [["set", "exampleUser", "--claim", "iss=1"], /"iss" is reserved/, 2],
    [["set", "exampleUser", "--role", "a", "--no-roles"], /cannot be used with/, 2],
    [["set", "exampleUser", "--claim", `a="${"x".repeat(600)}"`, "--claim", `b="${"x".repeat(600)}"`], /at most 1024 bytes/, 1],
    [["set", "nobody", "--no-roles"], /^hallpass: no such user: nobody\n$/, 1],
    [["delete", "nobody", "--yes"], /^hallpass: no such user: nobody\n$/, 1],
    [["delete", "exampleUser"], /not a terminal: use --yes/, 1],
    [["passwd", "nobody", "--password-stdin"], /no such user: nobody/, 1],
  ]) {
    const answer = user(args, "longEnough\n");
    assert.equal(answer.status, status, args.join(" "));
    assert.match(answer.stderr, message);
  }
  assert.match(user(["passwd", "exampleUser", "--password-stdin"], "exampleuser\n").stderr, /must not be the username/);
});

test("the largest roles and claims and the longest name still fit into a cookie of 4 KiB", async (t) => {
  const folder = temporaryFolder(t);
  const username = "𠀀".repeat(64);
  const roles = Array.from({ length: 16 }, (_, index) => ["--role", `${index}`.padEnd(61, "x")]).flat();
  const args = ["add", username, "--password-stdin", ...roles, "--claim", `a="${"x".repeat(1016)}"`];
  assert.equal(usersOf(folder)(args, "longEnough\n").status, 0);
  await serving(t, folder, async (issuer) => {
    const answer = await login(issuer, { username, password: "longEnough" });
    assert.equal(answer.status, 200);
    for (const cookie of answer.headers.getSetCookie()) assert.ok(cookie.length <= 4096, `${cookie.length}`);
  });
});

test("a new password from the command line ends the user's sessions", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const pass = await serving(t, folder, signIn);
  const changed = usersOf(folder)(["passwd", "exampleUser", "--password-stdin"], "anotherPassword\n");
  assert.match(changed.stdout, /set the password of exampleUser; sessions ended: 1/);
  assert.match(changed.stderr, /password_set/);
  await serving(t, folder, async (issuer) => {
    assert.equal((await refresh(issuer, pass)).status, 400);
    assert.equal((await login(issuer)).status, 401);
    assert.equal((await login(issuer, { password: "anotherPassword" })).status, 200);
  });
});

test("a deletion ends the user's sessions at once, and the name can be used again", async (t) => {
  const folder = temporaryFolder(t);
  const user = usersOf(folder);
  addUser(folder);
  const pass = await serving(t, folder, signIn);
  const deleted = user(["delete", "exampleUser", "--yes"]);
  assert.match(deleted.stdout, /deleted exampleUser; sessions ended: 1/);
  assert.match(deleted.stderr, /session_ended/);
  assert.match(deleted.stderr, /user_deleted/);
  assert.equal(user(["list", "--json"]).stdout, "");
  addUser(folder, { ...credentials, password: "anotherPassword" });
  await serving(t, folder, async (issuer) => {
    assert.equal((await refresh(issuer, pass)).status, 400);
    const me = await fetch(`${issuer.url}/me`, { headers: { authorization: `Bearer ${pass.token}` } });
    assert.equal(me.status, 401);
    assert.equal((await login(issuer)).status, 401);
    const next = await signIn(issuer, { password: "anotherPassword" });
    assert.notEqual(next.user.id, pass.user.id);
  });
});

test("users are listed as a table and as JSON, without hashes", (t) => {
  const folder = temporaryFolder(t);
  const user = usersOf(folder);
  addUser(folder);
  user(["add", "boss", "--password-stdin", "--role", "admin"], "bossPassword\n");
  user(["disable", "boss"]);
  const table = user(["list"]).stdout;
  assert.match(table, /^USER +ADDED +STATE +USERNAME +ROLES\n/);
  assert.match(table, /disabled +boss +admin\n/);
  const lines = user(["list", "--json"]).stdout;
  const boss = lines.trim().split("\n").map((line) => JSON.parse(line)).find(({ username }) => username === "boss");
  assert.deepEqual([boss.disabled, boss.roles, boss.claims], [true, ["admin"], {}]);
  assert.doesNotMatch(table + lines, /argon2|\$/);
});
