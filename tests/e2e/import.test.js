/** `hallpass user import`: the users of another system, from JSON Lines and CSV, with the hashes of other libraries. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { binary, issuerFor, run, temporaryFolder } from "../support/issuer.js";
import { login } from "../support/client.js";
import { skipUnlessLong } from "../support/length.js";

/** Made by the Python packages bcrypt 5.0.0, argon2-cffi 25.1.0 and passlib 1.7.4. */
const HASHES = {
  bcrypt: ["long ago at bcrypt", "$2b$04$pTY8ZpkKnS9NEoAaIO1EkuDYi7dO23GoJRy6ilWQVZtuxqAnLE/iC"],
  argon2i: [
    "long ago at argon2i",
    "$argon2i$v=19$m=8192,t=1,p=1$reLT29TTVSlY4Op3Fz1j8A$TXOFWJ/eFnbxHbuSaVbO/H46M3Fk4gPyKfnGDB/TfNw",
  ],
  scrypt: ["long ago at scrypt", "$scrypt$ln=10,r=8,p=1$rJXyXgsBgDCm1Nqbs7ZWKg$xgJ1es+JTwSLHkllFAkhUrWyeugzd3lPRaw9epaVImA"],
  // Hashed as it was typed, with an accent of its own.
  pbkdf2: [
    "cafe\u0301 at pbkdf2",
    "$pbkdf2-sha256$1000$Uao15hxDaI2Rci7l/L/3fg$NZIUcWBhBW0QTIu/I158zMLViccZ2.XKuA8Lbr8zq/c",
  ],
};
const HASH = HASHES.bcrypt[1];

const line = (username, more = {}) => `${JSON.stringify({ username, hash: HASH, ...more })}\n`;

/** A folder with a file of that name, and its import. */
function importOf(t, name, content, ...args) {
  const folder = temporaryFolder(t);
  const file = join(folder, name);
  writeFileSync(file, content);
  const store = `sled:${join(folder, "data")}`;
  return { folder, file, store, run: () => run(["user", "import", file, "--store", store, ...args]) };
}

const listed = (store) =>
  run(["user", "list", "--json", "--store", store]).stdout.trim().split("\n").filter(Boolean).map(JSON.parse);

test("imported users sign in with their old passwords, and their tokens have their roles and claims", async (t) => {
  const lines = Object.entries(HASHES).map(([kind, [, hash]]) =>
    line(kind, { hash, roles: ["member"], claims: { org: { id: kind } } }),
  );
  const file = importOf(t, "users.jsonl", lines.join("") + line("gone", { disabled: true }));
  const { status, stdout } = file.run();
  assert.equal(status, 0);
  assert.equal(stdout, "hallpass: users added: 5; existing, unchanged: 0; lines refused: 0\n");
  const issuer = await issuerFor(t, { args: ["--store", file.store] });
  const signIn = (username, password) => login(issuer, { username, password, transport: "body" });
  for (const [kind, [password]] of Object.entries(HASHES)) {
    assert.equal((await signIn(kind, `${password}!`)).status, 401, kind);
    // The second time with the hash that is made anew at the first.
    for (let round = 0; round < 2; round += 1) {
      const answer = await signIn(kind, password);
      assert.equal(answer.status, 200, kind);
      const claims = decodeJwt((await answer.json()).token);
      assert.deepEqual([claims.roles, claims.org], [["member"], { id: kind }]);
      await sleep(300);
    }
  }
  // Since it was made anew, the hash fits however the password is typed.
  assert.equal((await signIn("pbkdf2", "caf\u00e9 at pbkdf2")).status, 200);
  assert.equal((await signIn("gone", HASHES.bcrypt[0])).status, 401);
});

test("invalid lines are reported by number with the fault, and valid ones are imported", (t) => {
  const file = importOf(
    t,
    "users.jsonl",
    Buffer.concat([
      Buffer.from(`\ufeff${line("one")}\r\n`),
      Buffer.from(line("two").replace("\n", "\r\n")),
      Buffer.from(line("one")),
      Buffer.from('{"username":"three","hash":"5f4dcc3b5aa765d61d8327deb882cf99"}\n'),
      Buffer.from(line("four", { claims: { iss: "me" } })),
      Buffer.from(line("five", { hash: "$2b$31$e9BB4ZkZmWzVNAMIOC2tkeMAWTIMxVf1rsR8tCyxNq2hk8M83NKfO" })),
      Buffer.from([0x7b, 0xff, 0x0a]),
      Buffer.from(`${"x".repeat(100_000)}\n`),
      Buffer.from(line("six", { password: "x" })),
      Buffer.from(line("seven")),
      Buffer.from('{"username":"eight","hash":'),
    ]),
  );
  const { status, stdout, stderr } = file.run();
  assert.equal(status, 1);
  assert.equal(stdout, "hallpass: users added: 3; existing, unchanged: 0; lines refused: 8\n");
  const faults = [
    "line 4: line 1 has the same username",
    "line 5: a password hash must begin with its kind",
    'line 6: the claim "iss" is reserved',
    "line 7: five cannot be imported: the hash's ",
    "line 8: the line is not UTF-8",
    "line 9: the line has more than 32768 bytes",
    'line 10: "password" is unknown',
    "line 12: the line is incomplete: the file is truncated",
  ];
  const told = stderr.split("\n").filter((each) => each.startsWith("line "));
  assert.equal(told.length, faults.length, stderr);
  faults.forEach((fault, index) => assert.ok(told[index].startsWith(fault), told[index]));
  assert.match(stderr, /hallpass: 8 lines were refused\n$/);
  assert.doesNotMatch(stderr, /5f4dcc3b/);
  assert.deepEqual(listed(file.store).map(({ username }) => username).sort(), ["one", "seven", "two"]);
});

test("the first line of a CSV file names its columns", (t) => {
  const good = importOf(
    t,
    "users.csv",
    `roles,username,claims,hash\r\na  b,"Zoë, ""Z""","{""plan"":""pro""}",${HASH}\r\n,two,,${HASH}\r\n`,
  );
  assert.equal(good.run().status, 0);
  const users = listed(good.store).map(({ username, roles, claims }) => [username, roles, claims]).sort();
  assert.deepEqual(users, [['Zoë, "Z"', ["a", "b"], { plan: "pro" }], ["two", [], {}]]);
  const refused = (content) => importOf(t, "users.csv", content).run();
  assert.match(refused(`user,hash\na,${HASH}\n`).stderr, /hallpass: line 1: "user" is unknown/);
  assert.match(refused(`username,roles\na,b\n`).stderr, /hallpass: line 1: hash is missing/);
  const cut = refused(`username,hash\na,${HASH}\nb,${HASH.slice(0, 40)}`);
  assert.match(cut.stderr, /line 3: the last line has no line end/);
  assert.match(cut.stdout, /users added: 1;/);
  assert.match(refused(`username,hash\na,${HASH},x\n"b,${HASH}\n`).stderr, /line 2: the line has 3 columns.*\nline 3: a quotation/);
});

test("hidden line breaks and characters are refused by line number, with --check too", (t) => {
  const column = "username,hash,claims";
  for (const [name, content, told, admitted] of [
    ["users.csv", `${column}\nann,${HASH},\rbob,${HASH},\ncid,${HASH},\n`, [[2, "the line has a carriage return without a line feed"]], 1],
    ["users.csv", `${column}\rann,${HASH},\r`, undefined, 0],
    ["users.csv", `${column}\nann,${HASH},"\nmallory,${HASH},\n"\ncid,${HASH},\n`,
      [[2, "a quotation mark is not closed"], [3, "the line is in a field that line 2 opens"], [4, "the line is in a field"]], 1],
    ["users.csv", `${column}\n"ann"x,${HASH},\ncid,${HASH},\n`, [[2, "a field that contains a quotation mark must be"]], 1],
    ["users.csv", `${column}\nann,${HASH},\u00a0\ncid,${HASH},\n`, [[2, "custom claims must be a JSON object"]], 1],
    ["users.jsonl", line("ann").replace("\n", "\r") + line("bob") + line("cid"), [[1, "the line has a carriage return"]], 1],
    ["users.jsonl", `[${line("ann").trim()}]\n${line("cid")}`, [[1, "the line is not a JSON object"]], 1],
    ["users.jsonl", line("ann").replace("ann", "a\0") + line("cid"), [[1, "the line has a NUL byte"]], 1],
    ["users.jsonl", Buffer.from(`\ufeff${line("ann")}`, "utf16le"), undefined, 0],
  ]) {
    const file = importOf(t, name, content);
    const real = file.run();
    const checked = run(["user", "import", file.file, "--check"]);
    assert.deepEqual([real.status, checked.status], [1, 1], content);
    for (const { stderr } of [real, checked]) {
      const lines = stderr.split("\n").filter((each) => each.startsWith("line "));
      assert.equal(lines.length, told?.length ?? 0, stderr);
      told?.forEach(([number, fault], index) => assert.ok(lines[index].startsWith(`line ${number}: ${fault}`), lines[index]));
      if (told === undefined) assert.match(stderr, /hallpass: (line 1: .* has a carriage return|cannot read .*: it is UTF-16: save it as UTF-8)/);
    }
    assert.equal(listed(file.store).length, admitted);
  }
});

test("the output of `user list --json` cannot be imported, and the error names the valid formats", (t) => {
  const file = importOf(t, "users.jsonl", line("ann"));
  assert.equal(file.run().status, 0);
  const printed = run(["user", "list", "--json", "--store", file.store]).stdout;
  const again = importOf(t, "users.jsonl", printed).run();
  assert.equal(again.status, 1);
  assert.match(again.stderr, /line 1: "id" is from `hallpass user list`, which prints no hashes: use `hallpass store copy`/);
});

test("the audit log has an import only if it added users", (t) => {
  for (const [name, content] of [
    ["users.csv", `user,hash\na,${HASH}\n`],
    ["users.jsonl", "{}\n"],
  ]) {
    const refused = importOf(t, name, content).run();
    assert.equal(refused.status, 1);
    assert.doesNotMatch(refused.stderr, /users_imported/);
  }
  const partly = importOf(t, "users.jsonl", line("one") + "{}\n").run();
  assert.match(partly.stderr, /event="users_imported" added=1 present=0 refused=1 address="command-line"/);
});

test("an import can be repeated: existing users are unchanged", (t) => {
  const file = importOf(t, "users.ndjson", line("one") + line("two"));
  assert.equal(file.run().status, 0);
  assert.equal(run(["user", "set", "one", "--role", "admin", "--store", file.store]).status, 0);
  writeFileSync(file.file, line("one", { roles: ["other"] }) + line("two") + line("three"));
  const again = file.run();
  assert.equal(again.status, 0);
  assert.match(again.stdout, /users added: 1; existing, unchanged: 2; lines refused: 0/);
  assert.deepEqual(listed(file.store).find(({ username }) => username === "one").roles, ["admin"]);
});

test("--check reads the file only, and an unknown format must be named by an option", (t) => {
  const file = importOf(t, "users.txt", line("one") + "{}\n", "--check");
  assert.match(file.run().stderr, /hallpass: the name of .*users\.txt does not show its format: set --format/);
  const checked = run(["user", "import", file.file, "--check", "--format", "jsonl", "--store", file.store]);
  assert.equal(checked.status, 1);
  assert.match(checked.stderr, /line 2: username is missing/);
  assert.equal(checked.stdout, "hallpass: valid lines: 1; refused: 1; nothing was imported\n");
  assert.deepEqual(listed(file.store), []);
  const piped = run(["user", "import", "-", "--format", "jsonl", "--store", file.store], { input: line("two") });
  assert.match(piped.stdout, /users added: 1;/);
  assert.match(run(["user", "import", `${file.file}.jsonl`]).stderr, /cannot read .*users\.txt\.jsonl: No such file/);
});

test("a killed import is completed by running it again", { skip: skipUnlessLong }, async (t) => {
  const count = 40_000;
  const lines = Array.from({ length: count }, (_, index) => line(`user${index}`));
  const file = importOf(t, "users.jsonl", lines.join(""));
  const child = spawn(binary, ["user", "import", file.file, "--store", file.store], { stdio: "ignore" });
  const exited = once(child, "exit");
  await sleep(400);
  child.kill("SIGKILL");
  await exited;
  const again = file.run();
  assert.equal(again.status, 0, again.stderr);
  const [, added, present] = /users added: (\d+); existing, unchanged: (\d+);/.exec(again.stdout);
  assert.equal(Number(added) + Number(present), count);
  const names = new Set(listed(file.store).map(({ username }) => username));
  assert.equal(names.size, count);
});
