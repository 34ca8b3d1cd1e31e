/** The package in the real workerd, bundled as in a typical project. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { publish, startKeyServer } from "../../../tests/support/key-server.js";
import { freshKey, withOneCharacterChanged } from "../../../tests/support/tokens.js";
import { startWorkerd } from "../../../tests/support/workerd.js";
import { sleep } from "../../../tests/support/client.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
let key;
let keyServer;
let workerd;

before(async () => {
  key = await freshKey("k1");
  keyServer = await startKeyServer(publish(key.jwk));
  await build({
    entryPoints: [here("worker.js")],
    outdir: here("dist"),
    bundle: true,
    format: "esm",
    conditions: ["workerd"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    external: ["cloudflare:workers"],
  });
  workerd = await startWorkerd(here("worker.capnp"), { env: { JWKS_URL: keyServer.url } });
});

after(async () => {
  await workerd?.stop();
  await keyServer?.stop();
});

async function ask(act, given) {
  const response = await fetch(`http://127.0.0.1:${workerd.port}/`, {
    method: "POST",
    body: JSON.stringify({ act, ...given }),
    signal: AbortSignal.timeout(60_000),
  });
  return response.json();
}

test("a token is decoded", async () => {
  const token = await key.sign();
  const { result } = await ask("decode", { token });
  assert.equal(result.header.kid, "k1");
  assert.equal(result.claims.username, "exampleUser");
  assert.deepEqual(await ask("isExpired", { token }), { result: false });
  const { result: left } = await ask("expiresIn", { token });
  assert.ok(left > 290 && left <= 300, `${left}`);
});

test("a token is verified with keys as an option, and an invalid one is refused with its code", async () => {
  const jwks = { keys: [key.jwk] };
  const refusal = async (token) => {
    const { isHallpassError, code } = await ask("verifyByKeys", { token, jwks });
    assert.equal(isHallpassError, true);
    return code;
  };
  const token = await key.sign();
  assert.equal((await ask("verifyByKeys", { token, jwks })).result.sub, "user-1");
  assert.equal(await refusal(withOneCharacterChanged(token)), "ERR_SIGNATURE_INVALID");
  assert.equal(await refusal(await key.sign({ exp: 1 })), "ERR_TOKEN_EXPIRED");
  assert.equal(await refusal(await key.sign({ aud: "web" })), "ERR_CLAIM_INVALID");
  assert.equal(await refusal(undefined), "ERR_TOKEN_NOT_STRING");
  assert.equal(await refusal("no.token"), "ERR_TOKEN_SEGMENTS");
});

test("unavailable keys are an error, and then concurrent requests share one fetch", async () => {
  const token = await key.sign();
  // After a failure the verifier waits at most one second, then two.
  const backOff = [1_000, 2_000];
  const redirect = (_, response) => response.writeHead(302, { location: keyServer.url }).end();
  for (const misbehaviour of [redirect, (request) => request.socket.destroy()]) {
    keyServer.answer = misbehaviour;
    assert.equal((await ask("verifyByUrl", { token })).code, "ERR_KEYS_UNREACHABLE");
    await sleep(backOff.shift());
  }
  keyServer.answer = (...exchange) => setTimeout(publish(key.jwk), 100, ...exchange);
  const earlier = keyServer.requests;
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask("verifyByUrl", { token })));
  for (const { result, code } of answers) assert.equal(result?.sub, "user-1", code);
  assert.equal(keyServer.requests - earlier, 1);
});

test("a new key is fetched with its first token, in any request", async () => {
  const next = await freshKey("k2");
  keyServer.answer = (...exchange) => setTimeout(publish(key.jwk, next.jwk), 100, ...exchange);
  const token = await next.sign();
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask("verifyByUrl", { token })));
  for (const { result, code } of answers) assert.equal(result?.sub, "user-1", code);
  const other = await (await freshKey("k3")).sign();
  assert.equal((await ask("verifyByUrl", { token: other })).code, "ERR_KEY_UNKNOWN");
});

/** A snapshot of keys that were fetched `secondsAgo`, fresh for one minute. */
function snapshotOf(key, age) {
  const keySet = JSON.stringify({ keys: [key.jwk] });
  const fetchedAt = Math.floor(Date.now() / 1000) - age;
  return { version: 1, keySets: [{ url: keyServer.url, issuer: "https://auth.example", keySet, fetchedAt, maxAge: 60 }] };
}

for (const by of ["the option", "the call"]) {
  test(`with waitUntil by ${by} a refresh outlives its request, and no request waits for it`, async () => {
    const next = await freshKey("k4");
    const [token, nextToken] = await Promise.all([key.sign(), next.sign()]);
    let publishNext;
    const asked = new Promise((resolve) => {
      keyServer.answer = (...exchange) => {
        publishNext = () => publish(next.jwk)(...exchange);
        resolve();
      };
    });
    await ask("keep", { name: by, snapshot: snapshotOf(key, 50), waits: by });
    // The keys arrive only after this response.
    assert.equal((await ask("verifyKept", { name: by, token })).result?.sub, "user-1");
    await asked;
    publishNext();
    keyServer.answer = (_, response) => response.writeHead(500).end();
    const isThere = async () => (await ask("verifyKept", { name: by, token: nextToken })).result !== undefined;
    for (let look = 0; !(await isThere()); look += 1) {
      assert.ok(look < 100);
      await sleep(20);
    }
    assert.equal((await ask("verifyKept", { name: by, token })).code, "ERR_KEY_UNKNOWN");
  });
}

test("without waitUntil, a later request takes over a refresh that ended with its request", async () => {
  const next = await freshKey("k5");
  const token = await key.sign();
  keyServer.answer = () => {};
  await ask("keep", { name: "alone", snapshot: snapshotOf(key, 55) });
  assert.equal((await ask("verifyKept", { name: "alone", token })).result?.sub, "user-1");
  keyServer.answer = publish(next.jwk);
  // By then the lease of six seconds has expired, and the keys are stale.
  await sleep(7_000);
  assert.equal((await ask("verifyKept", { name: "alone", token: await next.sign() })).result?.sub, "user-1");
});

test("a worker starts with the keys of a snapshot, and exports them for the next one", async () => {
  const snapshot = snapshotOf(key, 10);
  const earlier = keyServer.requests;
  await ask("keep", { name: "restored", snapshot });
  assert.equal((await ask("verifyKept", { name: "restored", token: await key.sign() })).result?.sub, "user-1");
  const { result } = await ask("exportKept", { name: "restored" });
  assert.deepEqual(result, snapshot);
  assert.equal(keyServer.requests, earlier);
});
