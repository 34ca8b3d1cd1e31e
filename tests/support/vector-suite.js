/** The vectors as tests, one per file, for a runtime whose `ask({ vectors, withTables })` returns its disagreements. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

/** The folder of the vectors. */
export const folder = new URL("../vectors/", import.meta.url);

/** Declares the tests: every file, and that the same instance still accepts valid tokens after all refusals. */
export function testVectors(ask) {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const all = files.map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), "utf8"))]);
  for (const [name, vectors] of all) {
    test(`the verifier agrees with ${vectors.length} vectors of ${name}`, async () => {
      assert.deepEqual(await ask({ vectors, withTables: false }), []);
    });
  }
  const good = all.flatMap(([, vectors]) => vectors).filter(({ expected }) => expected === "accepted");
  test(`after all refusals, ${good.length} valid tokens are still accepted`, async () => {
    assert.ok(good.length > 0, "there are no vectors");
    assert.deepEqual(await ask({ vectors: good, withTables: false }), []);
  });
  test("with key tables, the verifier agrees with every vector too", async () => {
    assert.deepEqual(await ask({ vectors: all.flatMap(([, vectors]) => vectors), withTables: true }), []);
  });
}
