/** The issuer's keys with the real binary: rotation, restarts in every state, revocation, and kills. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, createPrivateKey, createPublicKey, randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { cookieHeader, logged, login, post, sleep } from "../support/client.js";
import { addUser, binary, issuerFor, run, startIssuer, temporaryFolder } from "../support/issuer.js";

/** Short intervals, in seconds: a key signs 3 s after its publication. The `iss` is the same after a restart. */
const QUICK = ["--key-ring-lag", "1s", "--key-set-max-age", "2s", "--refresh-grace", "0", "--issuer", "http://localhost:8080"];

/** Maximum milliseconds that a test waits for a condition. */
const PATIENCE = 60_000;

const store = (folder) => ["--store", `sled:${folder}`];

function keys(folder, ...args) {
  const { status, stdout, stderr } = run(["keys", ...args, ...store(folder)]);
  assert.equal(status, 0, stderr);
  return stdout;
}

/** The keys of one purpose in a store without a running issuer. */
function list(folder, purpose) {
  const lines = keys(folder, "list", "--json").trim().split("\n").map((line) => JSON.parse(line));
  return lines.filter((line) => line.purpose === purpose);
}

const used = (folder, purpose = "EdDSA") => list(folder, purpose).find(({ state }) => state === "in use").key;

async function published(issuer) {
  const answer = await fetch(`${issuer.url}/.well-known/jwks.json`);
  return (await answer.json()).keys.map(({ kid }) => kid);
}

const kid = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url").toString()).kid;

const me = (issuer, headers) => fetch(`${issuer.url}/me`, { headers });
const bearer = (token) => ({ authorization: `Bearer ${token}` });

/** Signs in until a token has another key than `old`. */
async function tokenByAnotherKey(issuer, old) {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    const { token } = await (await login(issuer, { transport: "body" })).json();
    if (kid(token) !== old) return token;
    await sleep(100);
  }
  assert.fail("no other key came into use");
}

test("keys rotate automatically, and no valid token is refused during a rotation", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const issuer = await issuerFor(t, { args: [...store(folder), ...QUICK, "--key-rotation", "4s"] });
  const first = await (await login(issuer, { transport: "body" })).json();
  const seen = await published(issuer);
  // Three where a busy machine has rotated in between.
  assert.ok(seen.length >= 2 && seen.includes(kid(first.token)));
  const second = await tokenByAnotherKey(issuer, kid(first.token));
  assert.ok(seen.includes(kid(second)), "it was published before it signed");
  const third = await tokenByAnotherKey(issuer, kid(second));
  for (const token of [first.token, second, third]) assert.equal((await me(issuer, bearer(token))).status, 200);
  const set = await published(issuer);
  for (const token of [first.token, second, third]) assert.ok(set.includes(kid(token)));
  await logged(issuer, /event="key_retired" purpose=EdDSA key=\S+ by="issuer"/);
});

test("a requested rotation resumes after a kill in each state", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const args = [...store(folder), ...QUICK];
  let issuer = await startIssuer({ args });
  t.after(() => issuer.kill());
  let { token, refresh_token } = await (await login(issuer, { transport: "body" })).json();
  const tokens = [token];
  const restarted = async () => {
    const before = await published(issuer);
    await issuer.kill();
    const between = list(folder, "EdDSA");
    issuer = await startIssuer({ args });
    assert.deepEqual(await published(issuer), before);
    for (const each of tokens) assert.equal((await me(issuer, bearer(each))).status, 200);
    const answer = await post(`${issuer.url}/refresh`, { refresh_token });
    assert.equal(answer.status, 200);
    ({ token, refresh_token } = await answer.json());
    tokens.push(token);
    return between.map(({ state }) => state).sort();
  };
  assert.deepEqual(await restarted(), ["in use", "published"]);
  // Ordered, and not yet done: the issuer that starts next does it.
  await issuer.kill();
  const next = list(folder, "EdDSA").find(({ state }) => state === "published").key;
  keys(folder, "rotate");
  issuer = await startIssuer({ args });
  await restarted();
  assert.equal(kid(await tokenByAnotherKey(issuer, kid(tokens[0]))), next);
  assert.deepEqual(await restarted(), ["in use", "published", "retired"]);
  assert.equal(kid(token), next);
});

test("a revoked key is removed at once, its tokens are refused, and cookies are renewed", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const args = [...store(folder), ...QUICK];
  const first = await startIssuer({ args });
  const { token } = await (await login(first, { transport: "body" })).json();
  const cookies = cookieHeader(await login(first));
  await first.kill();
  const revoked = used(folder);
  const next = list(folder, "EdDSA").find(({ state }) => state === "published").key;
  assert.equal(kid(token), revoked);
  // A name may begin with `-`: it is base64url.
  const told = keys(folder, "revoke", revoked);
  assert.match(told, new RegExp(`the key ${revoked} is revoked: running issuers drop it within 1 s`));
  assert.match(told, /every verifier drops it by \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
  assert.match(told, new RegExp(`its successor ${next} is in use`));
  assert.deepEqual(list(folder, "EdDSA").map(({ state }) => state).sort(), ["in use", "published", "revoked"]);

  const issuer = await issuerFor(t, { args });
  assert.ok(!(await published(issuer)).includes(revoked));
  assert.equal((await me(issuer, bearer(token))).status, 401);
  const renewed = await me(issuer, { cookie: cookies });
  assert.equal(renewed.status, 200);
  assert.equal((await me(issuer, { cookie: cookieHeader(renewed) })).status, 200);
});

test("a revoked refresh token key ends its sessions, and users sign in again", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const args = [...store(folder), ...QUICK];
  const first = await startIssuer({ args });
  const { refresh_token } = await (await login(first, { transport: "body" })).json();
  await first.kill();
  assert.match(keys(folder, "revoke", used(folder, "refresh-tokens")), /sessions with a refresh token of this key have ended/);
  const issuer = await issuerFor(t, { args });
  const answer = await post(`${issuer.url}/refresh`, { refresh_token });
  assert.deepEqual([answer.status, (await answer.json()).error], [400, "invalid_grant"]);
  const again = await (await login(issuer, { transport: "body" })).json();
  assert.equal((await post(`${issuer.url}/refresh`, { refresh_token: again.refresh_token })).status, 200);
});

test("the key set has an ETag, and a request with it gets a 304 without a body", async (t) => {
  const issuer = await issuerFor(t);
  const url = `${issuer.url}/.well-known/jwks.json`;
  const answer = await fetch(url);
  const etag = answer.headers.get("etag");
  assert.match(etag, /^"[\w-]{22}"$/);
  assert.match(answer.headers.get("content-type"), /^application\/json$/);
  const again = await fetch(url, { headers: { "if-none-match": etag, "cache-control": "no-cache" } });
  assert.equal(again.status, 304);
  assert.match(again.headers.get("cache-control"), /^public, max-age=\d+$/);
  assert.equal((await fetch(url, { headers: { "if-none-match": '"another"' } })).status, 200);
});

test("impossible key commands are refused and change nothing", async (t) => {
  const folder = temporaryFolder(t);
  const refused = (...args) => run(["keys", ...args, ...store(folder)]);
  assert.match(refused("list").stderr, /^hallpass: there is no store in .*: check --store/);
  await (await startIssuer({ args: store(folder) })).stop();
  const before = keys(folder, "list", "--json").replaceAll(/"age":\d+/g, "");
  assert.match(refused("revoke", "nothing").stderr, /^hallpass: there is no key nothing: `hallpass keys list` shows all keys\n$/);
  assert.match(refused("revoke", "-nothing").stderr, /^hallpass: there is no key -nothing/);
  const other = join(folder, "other.key");
  writeFileSync(other, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  const wrong = refused("rotate", "--master-key-file", other);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /^hallpass: the key ring cannot be opened with this master key: .*; nothing was changed\n$/);
  const short = run(["keys", "list", ...store(folder)], { env: { HALLPASS_MASTER_KEY: "short" } });
  assert.equal(short.status, 2);
  assert.match(short.stderr, /^hallpass: HALLPASS_MASTER_KEY must be 32 random bytes as base64url/);
  assert.equal(keys(folder, "list", "--json").replaceAll(/"age":\d+/g, ""), before);
});

test("the keys move to a new master key, and the old one no longer opens them", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const first = await startIssuer({ args: store(folder) });
  const { refresh_token } = await (await login(first, { transport: "body" })).json();
  await first.stop();
  const text = randomBytes(32).toString("base64url");
  const file = join(folder, "new.key");
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  assert.match(keys(folder, "reseal", "--new-master-key-file", file), /restart the issuers with it/);
  const before = run(["serve", "--listen", "127.0.0.1:0", ...store(folder)]);
  assert.match(before.stderr, /cannot be opened with this master key/);
  const issuer = await issuerFor(t, { args: store(folder), env: { HALLPASS_MASTER_KEY: text } });
  assert.equal((await post(`${issuer.url}/refresh`, { refresh_token })).status, 200);
});

/** A folder of the previous version: its keys, and the thumbprint of the signing key. */
function writeKeysOfTheVersionBefore(folder) {
  const seed = randomBytes(32);
  const text = (bytes) => bytes.toString("base64url");
  const file = { version: 2, signing_key: text(seed), es256_key: text(randomBytes(32)), refresh_token_key: text(randomBytes(32)) };
  writeFileSync(join(folder, "keys.json"), JSON.stringify(file), { mode: 0o600 });
  // The frame of PKCS #8 around an Ed25519 key (RFC 8410 §7).
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const { x } = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })).export({ format: "jwk" });
  return createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest("base64url");
}

test("the keys of the previous version are migrated, even after repeated kills", async (t) => {
  for (let round = 0; round < 4; round += 1) {
    const folder = temporaryFolder(t);
    addUser(folder);
    const signed = writeKeysOfTheVersionBefore(folder);
    for (let kill = 0; kill < 5; kill += 1) {
      const child = spawn(binary, ["serve", "--listen", "127.0.0.1:0", ...store(folder)], { stdio: "ignore" });
      const exited = once(child, "exit");
      await sleep(5 + Math.random() * 120);
      child.kill("SIGKILL");
      await exited;
    }
    const issuer = await startIssuer({ args: store(folder) });
    t.after(() => issuer.kill());
    const { token } = await (await login(issuer, { transport: "body" })).json();
    assert.equal(kid(token), signed);
    assert.ok(!existsSync(join(folder, "keys.json")));
    await issuer.kill();
  }
});

test("concurrent key commands each succeed or fail with a message, and the key ring stays consistent", async (t) => {
  const folder = temporaryFolder(t);
  await (await startIssuer({ args: store(folder) })).stop();
  const orders = Array.from({ length: 4 }, () => spawn(binary, ["keys", "rotate", ...store(folder)], { stdio: "ignore" }));
  const statuses = await Promise.all(orders.map(async (order) => (await once(order, "exit"))[0]));
  assert.ok(statuses.includes(0) && statuses.every((status) => status === 0 || status === 1), `${statuses}`);
  assert.deepEqual(list(folder, "EdDSA").map(({ state }) => state).sort(), ["in use", "published"]);
});
