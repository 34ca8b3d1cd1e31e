/** Every runtime agrees with every shared vector and passes the behavior suite, with the package of `npm pack`. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { prepare } from "./given.js";
import { DIFFERENCES, installSuites, RUNTIMES } from "./runtimes.js";
import { behaviors } from "./suite/behavior.js";

let packed;
let prepared;

before(async () => {
  packed = installSuites();
  prepared = await prepare();
});

after(async () => {
  await prepared?.stop();
  packed?.remove();
});

for (const [name, run] of Object.entries(RUNTIMES)) {
  test(`${name}: the package agrees with every vector and passes the behavior suite`, async (t) => {
    const { vectors } = prepared.given;
    const { faults, ...counts } = await run(packed.folder, prepared.givenTo(name));
    t.diagnostic(JSON.stringify(counts));
    const differences = Object.entries(DIFFERENCES[name] ?? {});
    for (const difference of differences) t.diagnostic(difference.join(": "));
    assert.deepEqual([...new Set(faults)], differences.map((difference) => difference.join(": ")));
    const accepted = vectors.filter(({ expected }) => expected === "accepted").length;
    assert.ok(accepted > 0);
    assert.deepEqual(counts, {
      accepted: [accepted - differences.length, accepted],
      refused: Array(2).fill(vectors.length - accepted),
      withTables: [vectors.length - differences.length, vectors.length],
      behavior: Array(2).fill(Object.keys(behaviors).length),
    });
  });
}
