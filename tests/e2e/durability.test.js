/** Acknowledged data survives a kill and a stop, and secrets are never stored in plain text. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { test } from "node:test";
import { COOKIES, cookieHeader, cookieValue, logged, login, post } from "../support/client.js";
import { skipUnlessLong } from "../support/length.js";
import { addUser, credentials, run, startIssuer, temporaryFolder } from "../support/issuer.js";

/** Only root can mount a small disk. */
const isRoot = process.getuid() === 0;

/** Fills the disk of a file. */
function fill(path) {
  const file = openSync(path, "w");
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (error) {
    assert.equal(error.code, "ENOSPC");
  } finally {
    closeSync(file);
  }
}

/** Every file below a folder, as bytes. */
function files(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({ path, bytes: readFileSync(path) }));
}

/** The forms in which a secret could be found: itself, its random bytes, and those in hexadecimal. */
function traces(refreshToken) {
  const bytes = Buffer.from(refreshToken.slice("hprt_".length), "base64url");
  // After the key's id, the session's, generation and attempt.
  const secret = bytes.subarray(28, 60);
  return [Buffer.from(refreshToken), secret, Buffer.from(secret.toString("hex")), Buffer.from(secret.toString("base64url"))];
}

test("sessions and keys survive a kill", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const args = ["--store", `sled:${folder}`, "--issuer", "http://localhost:8080"];
  let issuer = await startIssuer({ args });
  const { token, refresh_token } = await (await login(issuer, { transport: "body" })).json();
  const second = await (await post(`${issuer.url}/refresh`, { refresh_token })).json();
  const gone = await (await login(issuer, { transport: "body" })).json();
  assert.equal((await post(`${issuer.url}/logout`, { refresh_token: gone.refresh_token })).status, 204);
  const keys = await (await fetch(`${issuer.url}/.well-known/jwks.json`)).text();
  await issuer.kill();

  issuer = await startIssuer({ args });
  t.after(() => issuer.kill());
  assert.equal(await (await fetch(`${issuer.url}/.well-known/jwks.json`)).text(), keys);
  for (const accessToken of [token, second.token]) {
    const me = await fetch(`${issuer.url}/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    assert.equal(me.status, 200);
  }
  const refresh = (refresh_token) => post(`${issuer.url}/refresh`, { refresh_token });
  // The rotation is not undone: the token that it used is answered with the one that it gave.
  assert.equal((await (await refresh(refresh_token)).json()).refresh_token, second.refresh_token);
  assert.equal((await refresh(second.refresh_token)).status, 200, "the new token is there");
  assert.equal((await refresh(gone.refresh_token)).status, 400, "the sign-out is not undone");
});

test("no refresh token and no password is in the data folder", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const issuer = await startIssuer({ args: ["--store", `sled:${folder}`] });
  const first = await (await login(issuer, { transport: "body" })).json();
  const second = await (await post(`${issuer.url}/refresh`, { refresh_token: first.refresh_token })).json();
  const cookie = cookieValue(cookieHeader(await login(issuer)), COOKIES.refresh);
  assert.equal(await issuer.stop(), 0);

  const stored = files(folder);
  const contains = (trace) => stored.find(({ bytes }) => bytes.includes(trace))?.path;
  // The search finds what is there: the username, and the password's hash.
  assert.ok(contains(credentials.username));
  assert.ok(contains("$argon2id$v=19$m=19456,t=2,p=1$"));
  assert.equal(contains(credentials.password), undefined);
  for (const token of [first.refresh_token, second.refresh_token, cookie]) {
    for (const trace of traces(token)) assert.equal(contains(trace), undefined);
  }
  for (const token of [first.token, second.token]) assert.equal(contains(token), undefined);
  assert.equal(statSync(join(folder, "sled")).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, "master.key")).mode & 0o777, 0o600);
});

test("a request in flight is finished before the issuer stops", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const issuer = await startIssuer({ args: ["--store", `sled:${folder}`] });
  // A connection that idles must not hold up the end.
  const idle = connect(issuer.port, "127.0.0.1");
  await new Promise((resolve) => idle.once("connect", resolve));
  // The issuer asks for the body: the request has arrived, and cannot be answered yet.
  const body = JSON.stringify({ ...credentials, transport: "body" });
  const headers = { "content-type": "application/json", "content-length": body.length, expect: "100-continue" };
  const inFlight = request(`${issuer.url}/login`, { method: "POST", headers });
  inFlight.flushHeaders();
  await once(inFlight, "continue");
  const stopped = issuer.stop();
  inFlight.end(body);
  const [answer] = await once(inFlight, "response");
  assert.equal(answer.statusCode, 200);
  const { refresh_token } = await json(answer);
  assert.equal(await stopped, 0);
  idle.destroy();
  const again = await startIssuer({ args: ["--store", `sled:${folder}`] });
  t.after(() => again.kill());
  assert.equal((await post(`${again.url}/refresh`, { refresh_token })).status, 200);
});

const onASmallDisk = { skip: !isRoot || skipUnlessLong, timeout: 300_000 };

test("a full disk loses nothing acknowledged, and stops the issuer, which can be started again", onASmallDisk, async (t) => {
  const disk = mkdtempSync(join(tmpdir(), "hallpass-test-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", disk]);
  let issuer;
  t.after(async () => {
    await issuer?.kill();
    execFileSync("umount", ["--lazy", disk]);
    rmSync(disk, { recursive: true });
  });
  const folder = join(disk, "data");
  addUser(folder);
  // Without a grace every renewal writes.
  const args = ["--store", `sled:${folder}`, "--refresh-grace", "0"];
  issuer = await startIssuer({ args });
  let { refresh_token } = await (await login(issuer, { transport: "body" })).json();
  const filler = join(disk, "filler");
  fill(filler);
  // Renewals go on until the store cannot grow; the answer is then 503 and no false end of the session.
  let answer;
  for (let index = 0; index < 20_000; index += 1) {
    answer = await post(`${issuer.url}/refresh`, { refresh_token }).catch(() => undefined);
    if (answer?.status !== 200) break;
    ({ refresh_token } = await answer.json());
  }
  if (answer) assert.equal(answer.status, 503);
  assert.equal(await issuer.exited, 1);
  await logged(issuer, /hallpass: the issuer stopped, because the store must be opened again/);

  rmSync(filler);
  issuer = await startIssuer({ args });
  assert.equal((await post(`${issuer.url}/refresh`, { refresh_token })).status, 200);
  await issuer.kill();
  fill(filler);
  const { status, stderr } = run(["serve", "--listen", "127.0.0.1:0", ...args]);
  assert.equal(status, 1);
  assert.match(stderr, /^hallpass: the store .* cannot be opened: No space left on device.*\n$/);
});

test("without its master key the issuer does not start; new keys end every session", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const args = ["--store", `sled:${folder}`];
  const first = await startIssuer({ args });
  const { refresh_token } = await (await login(first, { transport: "body" })).json();
  assert.equal(await first.stop(), 0);
  rmSync(join(folder, "master.key"));
  const { status, stderr } = run(["serve", "--listen", "127.0.0.1:0", ...args]);
  assert.equal(status, 1);
  assert.match(stderr, /hallpass: the master key of this store is missing: restore .*master\.key.*hallpass keys reset.*\n$/);
  assert.equal(run(["keys", "reset", ...args]).status, 2);
  assert.equal(run(["keys", "reset", "--yes", ...args]).status, 0);
  const issuer = await startIssuer({ args });
  t.after(() => issuer.kill());
  assert.equal((await post(`${issuer.url}/refresh`, { refresh_token })).status, 400);
  assert.equal((await login(issuer)).status, 200);
});

test("a second issuer on a store is refused with one line", async (t) => {
  const folder = temporaryFolder(t);
  const issuer = await startIssuer({ args: ["--store", `sled:${folder}`] });
  t.after(() => issuer.kill());
  const { status, stderr } = run(["serve", "--listen", "127.0.0.1:0", "--store", `sled:${folder}`]);
  assert.equal(status, 1);
  assert.match(stderr, /^hallpass: the store .* is in use: a running hallpass holds it\n$/);
});
