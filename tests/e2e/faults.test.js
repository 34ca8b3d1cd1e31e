/** Faults of a store: each is reported in one line, and loses no data. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { login, post } from "../support/client.js";
import { addUser, run, startIssuer, temporaryFolder } from "../support/issuer.js";

/** Why a test that mounts a file system or runs as another user is skipped, or false if it can run. */
const skip = process.getuid() === 0 ? false : "only root can mount a file system or run as another user";

/** A user that owns nothing. */
const NOBODY = 65534;

const args = (folder) => ["--store", `sled:${folder}`, "--issuer", "http://localhost:8080", "--refresh-grace", "0"];

/** Creates a store with a renewed session and an ended one. Returns the pairs. */
async function fill(folder) {
  addUser(folder);
  const issuer = await startIssuer({ args: args(folder) });
  const first = await (await login(issuer, { transport: "body" })).json();
  const ended = await (await login(issuer, { transport: "body" })).json();
  assert.equal((await post(`${issuer.url}/logout`, { refresh_token: ended.refresh_token })).status, 204);
  const living = await (await post(`${issuer.url}/refresh`, { refresh_token: first.refresh_token })).json();
  await issuer.kill();
  return { living, ended };
}

/** Whether an issuer starts on the store. If so, all acknowledged data must be present; if not, the reason must be one line. */
async function startsWithEverything(folder, { living, ended }) {
  const issuer = await startIssuer({ args: args(folder) }).catch(() => undefined);
  if (!issuer) return false;
  const me = ({ token }) => fetch(`${issuer.url}/me`, { headers: { authorization: `Bearer ${token}` } });
  try {
    assert.equal((await me(living)).status, 200, "the session is there");
    assert.equal((await me(ended)).status, 401, "the sign-out is there");
    assert.equal((await post(`${issuer.url}/refresh`, { refresh_token: living.refresh_token })).status, 200);
  } finally {
    await issuer.kill();
  }
  return true;
}

/** The error line of an issuer that does not start. */
function refusal(folder) {
  const { status, stderr, stdout } = run(["serve", "--listen", "127.0.0.1:0", ...args(folder)]);
  assert.equal(status, 1, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /^hallpass: .*\n$/, "one line");
  return stderr;
}

const log = (folder) => join(folder, "sled", "db");

/** The written length of the log. */
function writtenLength(folder) {
  const bytes = readFileSync(log(folder));
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length -= 1;
  return length;
}

function flip(file, at) {
  const bytes = readFileSync(file);
  bytes[at] ^= 0xff;
  writeFileSync(file, bytes);
}

test("a damaged log is reported in one line, and the copy restores the store", { timeout: 300_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const copy = temporaryFolder(t);
  const pairs = await fill(folder);
  // A killed issuer leaves its socket, which is not needed, and which Node cannot copy.
  cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  const length = writtenLength(folder);
  const at = Array.from({ length: 12 }, (_, index) => Math.floor((length * (index + 0.5)) / 12));
  const faults = {
    ...Object.fromEntries(at.map((place) => [`byte ${place} of ${length} is another`, () => flip(log(folder), place)])),
    "the log is empty": () => truncateSync(log(folder), 0),
    "the log is half as long": () => truncateSync(log(folder), Math.floor(length / 2)),
    "the log lacks its end": () => truncateSync(log(folder), length - 10),
    "the log is gone": () => rmSync(log(folder)),
    "a snapshot is empty": () => {
      const name = readdirSync(join(folder, "sled")).find((each) => each.startsWith("snap."));
      truncateSync(join(folder, "sled", name), 0);
    },
  };
  let refused = 0;
  for (const [fault, damage] of Object.entries(faults)) {
    damage();
    if (!(await startsWithEverything(folder, pairs))) {
      const line = refusal(folder);
      assert.match(line, /^hallpass: the store .* (is damaged: .*; restore a backup|has lost its last \d+ )/, fault);
      refused += 1;
    }
    rmSync(folder, { recursive: true });
    cpSync(copy, folder, { recursive: true });
  }
  assert.ok(refused > 5, `${refused} refusals`);
  assert.ok(await startsWithEverything(folder, pairs));
});

test("a store without its configuration file, or with foreign files, opens with all data", async (t) => {
  const folder = temporaryFolder(t);
  const pairs = await fill(folder);
  rmSync(join(folder, "sled", "conf"));
  writeFileSync(join(folder, "sled", "snap.00000000000000FF.generating"), "half");
  writeFileSync(join(folder, "sled", "README"), "somebody's");
  assert.ok(await startsWithEverything(folder, pairs));
});

test("a truncated log can be used if the operator requests it", async (t) => {
  const folder = temporaryFolder(t);
  await fill(folder);
  truncateSync(log(folder), writtenLength(folder) - 10);
  const line = refusal(folder);
  assert.match(line, /has lost its last 1 acknowledged commits/);
  rmSync(/or remove (.*) to continue without them/.exec(line)[1]);
  const issuer = await startIssuer({ args: args(folder) });
  t.after(() => issuer.stop());
  assert.equal((await login(issuer)).status, 200);
});

test("a read-only store is reported in one line, and works when it is writable again", { skip }, async (t) => {
  const disk = mkdtempSync(join(tmpdir(), "hallpass-test-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", disk]);
  t.after(() => {
    execFileSync("umount", ["--lazy", disk]);
    rmSync(disk, { recursive: true });
  });
  const folder = join(disk, "data");
  const pairs = await fill(folder);
  execFileSync("mount", ["-o", "remount,ro", disk]);
  assert.match(refusal(folder), /^hallpass: the store .* cannot be opened: Read-only file system/);
  execFileSync("mount", ["-o", "remount,rw", disk]);
  assert.ok(await startsWithEverything(folder, pairs));
});

test("another user's store is reported in one line", { skip }, (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  chmodSync(folder, 0o755);
  const { status, stderr } = run(["serve", "--listen", "127.0.0.1:0", ...args(folder)], { uid: NOBODY });
  assert.equal(status, 1);
  assert.match(stderr, /^hallpass: the store .* cannot be opened: Permission denied.*\n$/);
});
