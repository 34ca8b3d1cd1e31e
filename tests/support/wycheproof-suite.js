/** Project Wycheproof's cases as tests, for a runtime with `ask(method, suite)`, a method of `wycheproof.js`. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { folder } from "./vector-suite.js";
import { isByRuntime } from "./wycheproof.js";

/** The cases, which `cargo xtask test` writes with `cargo run -p hallpass-token --example wycheproof_cases FILE`. */
const file = process.env.HALLPASS_WYCHEPROOF || new URL("../../target/wycheproof.json", import.meta.url);

/** The number of cases by each method, so that none is lost. */
const RUN = { raw: 4701, wrapped: 5394 };

/** Vectors whose tokens are accepted. */
const GOOD = [
  ["header.json", "no kid means the one key there is"],
  ["signature.json", "a good token by a shared secret is accepted"],
  ["es256.json", "a good token by ES256 is accepted"],
  ["rsa-signatures.json", "a good token by RS256 is accepted", "a good token by PS256 is accepted"],
  ["sha2.json", ...["ES384", "ES512", "RS384", "RS512", "PS384", "PS512"].map((alg) => `a good token by ${alg} is accepted`),
    ...["HS384", "HS512"].map((alg) => `a good token by a secret for ${alg} is accepted`)],
];

/**
 * Declares the tests. For a runtime that cannot read some keys, `unread` has the suite's name, the reason, and its number of cases. `raws` are the
 * methods by which the runtime's crypto checks signatures.
 */
export function testWycheproof(ask, { unread = { raw: 0, wrapped: 0 }, raws = ["raw"] } = {}) {
  const suites = JSON.parse(readFileSync(file, "utf8")).filter(({ name }) => name !== unread.suite);
  if (unread.suite !== undefined) test(`${unread.suite}: the verifier agrees with Wycheproof`, { skip: unread.reason }, () => {});
  const run = { raw: 0, rawSync: 0, wrapped: 0 };
  const ways = raws.flatMap((way) => suites.filter(isByRuntime).map((suite) => [way, suite]));
  for (const [way, suite] of ways) {
    test(`${suite.alg}, ${suite.name}, ${way}: the verifier agrees with Wycheproof, except for the listed cases`, async (t) => {
      const { run: count, agreed, differing, notText } = await ask(way, suite);
      const listed = suite.differing.flatMap(({ first, last }) => range(first, last));
      t.diagnostic(`${suite.name}: ${count} run, ${agreed} agreed`);
      if (notText.length > 0) t.diagnostic(`not run, because the message is not a text: ${notText.join(", ")}`);
      for (const { first, last, reason } of suite.differing) t.diagnostic(`differing ${first} to ${last}: ${reason}`);
      assert.deepEqual(differing, listed.filter((id) => !notText.includes(id)));
      run[way] += count;
    });
  }
  for (const suite of suites) {
    test(`${suite.alg}, ${suite.name}: no foreign signature is valid for a token, and no key causes a failure`, async (t) => {
      const { run: count, faults } = await ask("wrapped", suite);
      t.diagnostic(`${suite.name}: ${count} tokens`);
      assert.deepEqual(faults, []);
      run.wrapped += count;
    });
  }
  test("all cases have run", () => {
    for (const way of raws) assert.equal(run[way] + unread.raw, RUN.raw, way);
    assert.equal(run.wrapped + unread.wrapped, RUN.wrapped);
  });
  test("a valid token of each algorithm is accepted (Wycheproof has none)", async () => {
    assert.deepEqual(await ask("control", { vectors: GOOD.flatMap(vectorsNamed), withTables: false }), []);
  });
}

/** The vectors of a file that have a name. */
function vectorsNamed([file, ...names]) {
  const vectors = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
  const named = vectors.filter(({ name }) => names.includes(name));
  assert.equal(named.length, names.length, file);
  return named;
}

function range(first, last) {
  return Array.from({ length: last - first + 1 }, (_, place) => first + place);
}
