/** A Rust service: the axum example with the keys of a real issuer. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { credentials, issuerFor } from "../support/issuer.js";

const binary =
  process.env.HALLPASS_EXAMPLE_SERVICE ?? fileURLToPath(new URL("../../target/debug/examples/axum", import.meta.url));

async function serviceFor(test, issuer) {
  const env = { ...process.env, HALLPASS_ISSUER: `http://localhost:${issuer.port}` };
  const child = spawn(binary, ["127.0.0.1:0"], { env, stdio: ["ignore", "pipe", "inherit"] });
  test.after(() => child.kill());
  const [line] = await once(createInterface({ input: child.stdout }), "line", { signal: AbortSignal.timeout(60_000) });
  const url = line.replace("listening on ", "");
  return (authorization) => fetch(`${url}/notes`, { headers: authorization ? { authorization } : {} });
}

async function signIn(issuer) {
  const answer = await fetch(`${issuer.url}/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...credentials, transport: "body" }),
  });
  assert.equal(answer.status, 200);
  return (await answer.json()).token;
}

for (const alg of ["EdDSA", "Ed25519", "ES256"]) {
  test(`a Rust service admits only tokens of the issuer (${alg})`, async (t) => {
    const issuer = await issuerFor(t, { args: ["--dev", "--signing-alg", alg] });
    const ask = await serviceFor(t, issuer);
    const token = await signIn(issuer);
    const welcome = await ask(`Bearer ${token}`);
    assert.equal(welcome.status, 200);
    assert.deepEqual(await welcome.json(), { notes_of: credentials.username, is_admin: false });
    const stranger = await ask();
    assert.equal(stranger.status, 401);
    assert.equal(stranger.headers.get("www-authenticate"), "Bearer");
    const [header, claims] = token.split(".");
    assert.equal((await ask(`Bearer ${header}.${claims}.${"A".repeat(86)}`)).status, 401);
  });
}

test("a Rust service works while the issuer is down, and responds 503 if it never had the keys", async (t) => {
  const issuer = await issuerFor(t);
  const knows = await serviceFor(t, issuer);
  const never = await serviceFor(t, issuer);
  const token = await signIn(issuer);
  assert.equal((await knows(`Bearer ${token}`)).status, 200);
  await issuer.kill();
  assert.equal((await knows(`Bearer ${token}`)).status, 200);
  const answer = await never(`Bearer ${token}`);
  assert.equal(answer.status, 503);
  assert.ok(Number(answer.headers.get("retry-after")) >= 1);
});
