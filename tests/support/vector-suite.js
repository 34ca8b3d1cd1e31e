/** The vectors as tests, one a file, for a runtime that is asked with `ask({ vectors, withTables })` and returns its disagreements. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

/** The folder of the vectors. */
export const folder = new URL("../vectors/", import.meta.url);

/** Declares the tests: every file in turn, and that the same instance has outlived all its refusals. */
export function testVectors(ask) {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const all = files.map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), "utf8"))]);
  for (const [name, vectors] of all) {
    test(`${vectors.length} vectors of ${name} are answered as they say`, async () => {
      assert.deepEqual(await ask({ vectors, withTables: false }), []);
    });
  }
  const good = all.flatMap(([, vectors]) => vectors).filter(({ expected }) => expected === "accepted");
  test(`after all refusals, ${good.length} good tokens are still accepted`, async () => {
    assert.ok(good.length > 0, "there are no vectors");
    assert.deepEqual(await ask({ vectors: good, withTables: false }), []);
  });
  test("once the keys have tables, every vector is answered as before", async () => {
    assert.deepEqual(await ask({ vectors: all.flatMap(([, vectors]) => vectors), withTables: true }), []);
  });
}
