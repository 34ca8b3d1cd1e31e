/** The shared vectors in Node, with the packed package; the committed vectors equal the output of their program. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { importPacked, packPackage } from "../../../tests/support/packed.js";
import { folder, testVectors } from "../../../tests/support/vector-suite.js";
import { disagreements } from "../../../tests/support/vectors.js";
import { files } from "../../../tests/vectors/generate.js";

const packed = packPackage();
after(() => packed.remove());
const hallpass = await importPacked(packed);

testVectors((vectors) => disagreements(vectors, { ...hallpass, isSync: true }));

test("the committed vectors equal the output of generate.js", () => {
  const written = new Map(files());
  assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith(".json")).sort(), [...written.keys()].sort());
  for (const [name, text] of written) {
    assert.equal(readFileSync(new URL(name, folder), "utf8"), text, `${name}: run node tests/vectors/generate.js`);
  }
});
