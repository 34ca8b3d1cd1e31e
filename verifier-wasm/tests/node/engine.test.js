/** Engines without a feature that the package needs: each error has a code, and its message names the feature. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { importPageBuild } from "../../../tests/support/page-build.js";

const TOKEN = "e30.e30.AQ";

/** Calls `decode` of a new copy of the package while `WebAssembly` is replaced. */
async function decodeWith(t, replacement) {
  const { decode, HallpassError } = await importPageBuild();
  const original = globalThis.WebAssembly;
  t.after(() => (globalThis.WebAssembly = original));
  globalThis.WebAssembly = replacement;
  try {
    return decode(TOKEN);
  } catch (error) {
    return { error, isHallpassError: error instanceof HallpassError };
  } finally {
    globalThis.WebAssembly = original;
  }
}

/** `WebAssembly` whose `Module` throws. */
function refusing(error) {
  return new Proxy(WebAssembly, {
    get(target, name) {
      return name === "Module" ? class { constructor() { throw error; } } : target[name];
    },
  });
}

test("an engine that starts at most 4 KB on the main thread is an error that names the limit and the worker", async (t) => {
  const text = "WebAssembly.Compile is disallowed on the main thread, if the buffer size is larger than 4KB.";
  const cause = new RangeError(text);
  const { error, isHallpassError } = await decodeWith(t, refusing(cause));
  assert.equal(isHallpassError, true);
  assert.equal(error.code, "ERR_WASM_BLOCKED");
  assert.equal(error.cause, cause);
  assert.match(error.message, /at most 4 KB of WebAssembly synchronously on the main thread: call this package in a worker$/);
});

test("too little memory for the module is an error with a code", async (t) => {
  const { error, isHallpassError } = await decodeWith(t, refusing(new RangeError("WebAssembly.Instance(): Out of memory")));
  assert.deepEqual([isHallpassError, error.code], [true, "ERR_WASM_BLOCKED"]);
});

test("an engine without WebAssembly is an error that says so", async (t) => {
  const { error, isHallpassError } = await decodeWith(t, undefined);
  assert.deepEqual([isHallpassError, error.code], [true, "ERR_WASM_BLOCKED"]);
  assert.match(error.message, /This engine has no WebAssembly/);
});

test("a stack overflow of the caller while the module starts is thrown unchanged", async (t) => {
  for (const text of ["Maximum call stack size exceeded", "Maximum call stack size exceeded.", "too much recursion"]) {
    const overflow = new RangeError(text);
    assert.equal((await decodeWith(t, refusing(overflow))).error, overflow);
  }
});

test("an engine without AbortSignal.timeout cannot fetch keys, and the error names it", async (t) => {
  const { createVerifier } = await importPageBuild();
  const { timeout } = AbortSignal;
  delete AbortSignal.timeout;
  t.after(() => (AbortSignal.timeout = timeout));
  const jwks = "https://issuer.example/jwks.json";
  const verifier = createVerifier({ issuer: "https://issuer.example", audience: "api", jwks });
  await assert.rejects(verifier.verify(TOKEN), { name: "HallpassError", code: "ERR_KEYS_UNREACHABLE", message: /AbortSignal\.timeout/ });
});
