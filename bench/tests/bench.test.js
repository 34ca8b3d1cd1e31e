/** A short run of `cargo xtask bench`: every part measures, and the stored figures stay unchanged. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const XTASK = process.env.HALLPASS_XTASK;
const KEPT = ["bench/results.json", "bench/speed.svg", "docs/figures.md", "README.md"].map((name) =>
  new URL(`../../${name}`, import.meta.url));
const MINUTE = 60_000;

/** The name of Hallpass's row, by the prefix of a table's id. */
const OURS = {
  verify: "hallpass", decode: "hallpass", expiry: "hallpass", rust: "hallpass-token", refresh: "hallpass",
  logins: "hallpass", flood: "hallpass",
};

test("a short run measures every part, and leaves the stored figures unchanged", { timeout: 9 * MINUTE },
  async () => {
    const before = KEPT.map((file) => readFileSync(file, "utf8"));
    const { status, output } = await bench("--quick");
    assert.equal(status, 0, output);
    assert.deepEqual(KEPT.map((file) => readFileSync(file, "utf8")), before);

    const file = /^kept in (.+quick\.json), drawn in /m.exec(output)[1];
    const record = JSON.parse(readFileSync(file, "utf8"));
    assert.deepEqual(Object.keys(record).sort(), ["issuer", "logins", "verifier-js", "verifier-rust"]);
    for (const results of Object.values(record)) assertWhole(results);
    assert.match(readFileSync(join(dirname(file), "speed.svg"), "utf8"), /^<svg .+<\/svg>\n$/s);
  });

test("the help lists the parts", { timeout: MINUTE }, async () => {
  const { status, output } = await bench("--help");
  assert.equal(status, 0);
  for (const part of ["verifier-js", "verifier-rust", "issuer", "logins"]) assert.match(output, new RegExp(`- ${part}: `));
});

/** The results have the machine, versions and build; rows are positive numbers, and one is Hallpass's. */
function assertWhole({ part, machine, tools, build, versions, tables }) {
  assert.ok(machine.cores > 0 && machine.cpu !== "" && tools.rustc && Object.values(versions).every(Boolean), part);
  assert.match(build, /^curve25519-dalek \S+: (32|64)-bit limbs, \w+/);
  for (const { id, rows } of tables) {
    const ours = OURS[id.split("-")[0]];
    if (ours) assert.ok(rows.some(({ name }) => name.startsWith(ours)), id);
    // With so few rounds, the time of a start above the bare runtime may be negative. In a flood a peer may accept no
    // client in time.
    for (const { name, value, total, missing, isBare, sent } of rows) {
      const isWhole = (total ?? value) > 0 || (sent?.count > 0 && name !== ours);
      assert.ok(missing !== undefined || isBare || isWhole, `${id}: ${name}`);
    }
  }
}

async function bench(option) {
  const child = spawn(XTASK, ["bench", option]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const [status] = await once(child, "close");
  return { status, output };
}
