/** The wasm instance survives any input, and its memory does not grow. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { AUDIENCE, freshKey, ISSUER } from "../../../tests/support/tokens.js";

/** Wasm memory never shrinks. The smallest leak is 16 bytes, so this many tokens would exceed all slack. */
const TOKENS = 100_000;

/** Uses after which a key has its table, which stays in memory (docs/design/verifier.md). */
const USES_UNTIL_TABLES = 128;

const PIECES = [
  ".", "=", "A", "_", "é", "\0", "\ud800", "\u{1f3ab}", "e30", "eyJ", '{"a":', "[", "]", "}", '"', "\\ud800", "1e400",
];

let glue;
let instance;
let memory;
let verifier;
let good;

before(async () => {
  // The package does not export its memory: this is a separate instance of its module.
  const folder = new URL("wasm/", import.meta.resolve("hallpass/package.json"));
  glue = await import(new URL("hallpass.js", folder));
  instance = glue.initSync({ module: new WebAssembly.Module(readFileSync(new URL("hallpass.wasm", folder))) });
  const { TokenMemory } = await import(new URL("../dist/token-memory.js", folder));
  memory = new TokenMemory(new glue.Workspace(), instance.memory);
  const key = await freshKey("k1");
  good = await key.sign();
  verifier = new glue.Verifier([AUDIENCE], 0, undefined, [], ["at+jwt"], 8192);
  verifier.addIssuer(ISSUER, JSON.stringify({ keys: [key.jwk] }), false, undefined, "");
});

/** The bytes of its memory, and the number of JavaScript values that it references. */
const size = () => ({ bytes: instance.memory.buffer.byteLength, values: instance.__wbindgen_externrefs.length });

/** Pseudorandom numbers, the same in every run (xorshift32, Marsaglia 2003). */
function* numbersFrom(seed) {
  for (;;) {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    yield seed >>> 0;
  }
}

const numbers = numbersFrom(0x5eed);
const below = (end) => numbers.next().value % end;
const text = (length) => Array.from({ length }, () => PIECES[below(PIECES.length)]).join("");
const segment = (value) => Buffer.from(value).toString("base64url");

/** A mutated valid token, a token with malformed JSON, or random text. */
function malformedToken() {
  const start = below(good.length);
  switch (below(3)) {
    case 0: return good.slice(0, start) + text(below(3)) + good.slice(start + below(3));
    case 1: return [segment(text(below(40))), segment(text(below(40))), good.slice(start)].join(".");
    default: return text(below(60));
  }
}

/** Whether the call succeeded. A refusal is a text; any other exception means that the instance has ended. */
function isAnswered(call) {
  try {
    call();
    return true;
  } catch (thrown) {
    assert.equal(typeof thrown, "string", thrown);
    return false;
  }
}

function verifies(token) {
  return isAnswered(() => memory.verify(verifier, token, Date.now() / 1000));
}

function verifyOften(verifier, token) {
  for (let use = 0; use < USES_UNTIL_TABLES; use += 1) memory.verify(verifier, token, Date.now() / 1000);
}

/** Tokens of nearly 8 KiB that need the most memory: many values, many maps, the maximum nesting. */
function greedyTokens() {
  const deep = `${'{"a":['.repeat(7)}${"]}".repeat(7)}`;
  const values = ["[0],", "{},", '"",', '{"":0},', `${deep},`, "0,"];
  return values.map((value) => `e30.${segment(`{"a":[${value.repeat(6_000 / value.length)}0]}`)}.AQ`);
}

test("after 100,000 malformed tokens the instance works and its memory is unchanged", () => {
  verifyOften(verifier, good);
  for (const token of [good, ...greedyTokens(), "A".repeat(16 * 1024)]) verifies(token);
  const atFirst = size();
  let accepted = 0;
  for (let count = 0; count < TOKENS; count += 1) {
    const token = malformedToken();
    if (verifies(token)) accepted += Number(token !== good);
    if (count % 4 === 0) isAnswered(() => memory.decode(token));
    if (count % 4 === 1) isAnswered(() => memory.expiresAt(token));
  }
  assert.equal(accepted, 0);
  assert.deepEqual(size(), atFirst);
  assert.ok(verifies(good));
});

test("the tokens and key sets that need the most memory take at most 8 MiB, with any number of repetitions", () => {
  // A fetched key set has at most 64 KiB, and a map of one member needs the most memory per byte.
  const keySet = JSON.stringify({ keys: [], a: Array(9_000).fill({ "": 0 }) });
  const largest = 8 * 1024 * 1024;
  for (let count = 0; count < 200; count += 1) {
    for (const token of greedyTokens()) assert.equal(verifies(token), false);
    const another = new glue.Verifier(undefined, 0, undefined, [], undefined, 8192);
    another.addIssuer(undefined, keySet, false, undefined, "");
    another.free();
  }
  assert.ok(size().bytes <= largest, `${size().bytes} bytes`);
  assert.ok(verifies(good));
});

test("at most four key tables stay in memory as keys change", async () => {
  const sizes = [];
  for (let count = 0; count < 16; count += 1) {
    const key = await freshKey("k1");
    const token = await key.sign();
    const another = new glue.Verifier([AUDIENCE], 0, undefined, [], ["at+jwt"], 8192);
    another.addIssuer(ISSUER, JSON.stringify({ keys: [key.jwk] }), false, undefined, "");
    verifyOften(another, token);
    another.free();
    sizes.push(size().bytes);
  }
  assert.deepEqual(sizes.slice(4), Array(12).fill(sizes.at(3)));
});

test("a pending token's bytes are those of the token after the memory has grown", async () => {
  const key = await freshKey("k1", "ES256");
  const token = await key.sign();
  const another = new glue.Verifier([AUDIENCE], 0, undefined, [], ["at+jwt"], 8192);
  another.addIssuer(ISSUER, JSON.stringify({ keys: [key.jwk] }), false, undefined, "");
  const pending = memory.verify(another, token, Date.now() / 1000);
  instance.memory.grow(1);
  const { signed, signature } = pending.bytes();
  assert.equal(`${Buffer.from(signed)}.${Buffer.from(signature).toString("base64url")}`, token);
});
