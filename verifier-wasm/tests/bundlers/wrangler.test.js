/** The output of `wrangler` for the demo's worker verifies tokens. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { before, test } from "node:test";
import { publish, startKeyServer } from "../../../tests/support/key-server.js";
import { freshKey, withOneCharacterChanged } from "../../../tests/support/tokens.js";
import { startWorkerd } from "../../../tests/support/workerd.js";

const DEMO = fileURLToPath(new URL("../../../js-demo", import.meta.url));
const WORK = fileURLToPath(new URL(".work/wrangler", import.meta.url));
const OUT = join(WORK, "out");
const WRANGLER = join(createRequire(import.meta.url).resolve("wrangler/package.json"), "../bin/wrangler.js");

let said;

/** Performs a deployment without the upload. */
before(() => {
  rmSync(WORK, { recursive: true, force: true });
  mkdirSync(join(WORK, "keys"), { recursive: true });
  const env = { ...process.env, HOME: WORK, XDG_CONFIG_HOME: WORK, WRANGLER_SEND_METRICS: "false", CI: "true", NO_COLOR: "1" };
  const args = [WRANGLER, "deploy", "--dry-run", "--outdir", OUT];
  said = execFileSync(process.execPath, args, { cwd: DEMO, env, encoding: "utf8", timeout: 300_000 });
});

test("wrangler accepts the demo's configuration with all bindings", () => {
  for (const binding of ["env.KEYS", "env.ASSETS", "env.ISSUER_URL", "env.AUDIENCE"]) assert.ok(said.includes(binding), said);
  assert.doesNotMatch(said, /WARNING|ERROR/i);
});

test("the page's files have their headers on Cloudflare too", () => {
  const headers = readFileSync(join(DEMO, "dist/page/_headers"), "utf8");
  assert.match(headers, /^\/\*\n  content-security-policy: default-src 'none';/);
});

test("the output of wrangler verifies tokens with the keys of an issuer at its URL", { timeout: 300_000 }, async (t) => {
  const key = await freshKey("k1");
  const issuer = await startKeyServer(publish(key.jwk));
  t.after(() => issuer.stop());
  const url = `http://localhost:${new URL(issuer.url).port}`;
  const edge = await startWorkerd(writeConfig(), { env: { ISSUER_URL: url, AUDIENCE: "demo" } });
  t.after(() => edge.stop());
  const token = await key.sign({ iss: url, aud: "demo" });
  const ask = (token) => fetch(`http://127.0.0.1:${edge.port}/api/protected-endpoint`, { headers: { authorization: `Bearer ${token}` } });
  const good = await ask(token);
  assert.equal((await good.json()).claims.username, "exampleUser");
  assert.equal(good.headers.get("cache-control"), "no-store");
  const tampered = await ask(withOneCharacterChanged(token));
  assert.equal((await tampered.json()).code, "ERR_SIGNATURE_INVALID");
  assert.equal(issuer.requests, 1);
});

/** A workerd config with Cloudflare's bindings. There is none for the issuer: requests go over the network. */
function writeConfig() {
  const wasm = readdirSync(OUT).find((name) => name.endsWith(".wasm"));
  const config = join(WORK, "worker.capnp");
  writeFileSync(config, `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "edge")],
  services = [
    (name = "edge", worker = .edge),
    (name = "internet", network = (allow = ["private"])),
    (name = "keys", disk = (path = ${JSON.stringify(join(WORK, "keys"))}, writable = true)),
  ],
);
const edge :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "out/worker.js"), (name = "${wasm}", wasm = embed "out/${wasm}")],
  bindings = [
    (name = "KEYS", kvNamespace = "keys"),
    (name = "ISSUER_URL", fromEnvironment = "ISSUER_URL"),
    (name = "AUDIENCE", fromEnvironment = "AUDIENCE"),
  ],
  compatibilityDate = "2026-11-01",
);
`);
  return config;
}
