/** The published package: its error codes, its files, its size, and the cost of an import. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = new URL("../../../", import.meta.url);
const text = (path) => readFileSync(new URL(path, root), "utf8");
const codesIn = (source, pattern) => [...source.matchAll(pattern)].map(([, code]) => code);

test("the error codes are those of the Rust crate, and seven more", () => {
  const rust = codesIn(text("token/ERROR_CODES.md"), /^\| `(ERR_\w+)`/gm);
  const own = ["ERR_TOKEN_NOT_STRING", "ERR_OPTIONS_INVALID", "ERR_KEYS_NOT_LOADED", "ERR_KEYS_UNREACHABLE",
    "ERR_WEBCRYPTO_MISSING", "ERR_WASM_BLOCKED", "ERR_WASM_MISSING"];
  assert.ok(rust.length > 10);
  assert.deepEqual(codesIn(text("verifier-wasm/ts/codes.ts"), /"(ERR_\w+)"/g), [...rust, ...own]);
});

test("the package contains exactly the expected files", () => {
  const names = ["back-off", "bearer", "bound-verifier", "cache", "claim-rules", "claims", "claims-text", "clock", "codes", "cookies", "discovery", "elapsed", "error", "express", "fastify", "freshness",
    "hono", "index", "instance", "issuers", "key-fetch", "key-source", "options", "pending-token", "public-key", "react", "remote-keys", "schema", "settings",
    "signature-checker", "slim", "snapshot", "start-failure", "sync-crypto", "sync-crypto-node", "sync-crypto-none", "token", "token-text",
    "token-memory", "url", "verifier", "web-crypto",
    ...["agenda", "answer", "authorized-fetch", "environment", "error", "exchange", "failure", "index", "issuer", "lifetime", "options",
      "origin", "other-tabs", "retry-after", "schedule", "session", "state", "task-queue", "token-store", "with-timeout"].map((name) => `client/${name}`)];
  const modules = [...names, "entry-text", "entry-workerd", "module-text"];
  const withTypes = (folder, names) => names.flatMap((name) => [`${folder}/${name}.d.ts`, `${folder}/${name}.js`]);
  const expected = [
    "LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json", "cjs/package.json",
    ...withTypes("dist", modules), ...withTypes("cjs/ts", [...names, "entry-commonjs"]), ...withTypes("cjs/wasm", ["hallpass"]),
    ...["d.ts", "js", "text.d.ts", "text.js", "wasm"].map((ending) => `wasm/hallpass.${ending}`),
  ];
  const packed = JSON.parse(npm("pack", "--dry-run", "--json", "--workspace", "hallpass"));
  const { files } = Array.isArray(packed) ? packed[0] : packed.hallpass;
  assert.deepEqual(files.map(({ path }) => path).sort(), expected.sort());
});

test("the wasm module is at most 64 KB gzipped", () => {
  const wasm = readFileSync(new URL("verifier-wasm/wasm/hallpass.wasm", root));
  assert.ok(gzipSync(wasm, { level: 9 }).length <= 64_000);
});

test("the session client is at most 6.5 KB minified and gzipped", async () => {
  const entryPoints = [fileURLToPath(new URL("verifier-wasm/dist/client/index.js", root))];
  const { outputFiles } = await build({ entryPoints, bundle: true, minify: true, format: "esm", target: "es2022", write: false });
  assert.ok(gzipSync(outputFiles[0].contents, { level: 9 }).length <= 6.5 * 1024);
});

test("the hook of hallpass/react adds at most 1 KB minified and gzipped to a page with React", async () => {
  const entryPoints = [fileURLToPath(new URL("verifier-wasm/dist/react.js", root))];
  const options = { bundle: true, minify: true, format: "esm", target: "es2022", write: false, external: ["react"] };
  const { outputFiles } = await build({ entryPoints, ...options });
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  assert.ok(size > 0 && size <= 1024, `${size} bytes`);
});

test("an import compiles nothing, reads no clock, uses no random numbers and fetches nothing; the first use compiles", () => {
  const spy = `
    const done = [];
    const watch = (object, name) => { const was = object[name]; object[name] = new Proxy(was, {
      apply: (f, self, given) => { done.push(name); return Reflect.apply(f, self, given); },
      construct: (f, given, as) => { done.push(name); return Reflect.construct(f, given, as); } }); };
    for (const name of ["Module", "Instance", "compile", "instantiate"]) watch(WebAssembly, name);
    watch(Date, "now"); watch(Math, "random"); watch(crypto, "getRandomValues"); watch(globalThis, "fetch");
    for (const name of ["setTimeout", "setInterval"]) watch(globalThis, name);
    const hallpass = await import("hallpass");
    const atImport = done.splice(0);
    hallpass.decode("e30.e30.AQ");
    hallpass.decode("e30.e30.AQ");
    console.log(JSON.stringify({ atImport, atUse: done }));
  `;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", spy], { cwd: new URL("tests/", root), encoding: "utf8" });
  assert.deepEqual(JSON.parse(output), { atImport: [], atUse: ["Module", "Instance"] });
});

function npm(...args) {
  return execFileSync("npm", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], shell: process.platform === "win32" });
}

test("the module's text decodes to the module", async () => {
  const [{ bytesOf }, { default: text }] = await Promise.all(["dist/module-text.js", "wasm/hallpass.text.js"].map((path) => import(new URL(`verifier-wasm/${path}`, root))));
  assert.deepEqual(Buffer.from(bytesOf(text)), readFileSync(new URL("verifier-wasm/wasm/hallpass.wasm", root)));
});
