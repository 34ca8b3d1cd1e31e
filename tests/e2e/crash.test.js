/**
 * An issuer that is killed at random moments loses nothing that it acknowledged. A few kills here; many with
 * `cargo xtask crash --kills 50`.
 */

import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { crashRun } from "../support/crash.js";
import { temporaryFolder } from "../support/issuer.js";
import { byLength } from "../support/length.js";

const kills = Number(process.env.HALLPASS_CRASH_KILLS ?? byLength({ short: 4, long: 8 }));
const seed = Number(process.env.HALLPASS_CRASH_SEED ?? 1);

test("an issuer that is killed at random moments loses nothing that it acknowledged", async (t) => {
  const report = await crashRun({ folder: temporaryFolder(t), kills, seed });
  const { logins, rotations, logouts, lostAnswers, busy, losses } = report;
  t.diagnostic(
    `seed ${seed}: ${report.kills} kills, ${report.killsWhileOpening} of them while the store opened; ` +
      `${logins + rotations + logouts} acknowledged writes ` +
      `(${logins} logins, ${rotations} rotations, ${logouts} logouts); ` +
      `${lostAnswers} answers lost, ${busy} of 503; ${losses.length} losses`,
  );
  assert.deepEqual(losses, []);
  assert.equal(report.kills, kills);
  assert.ok(rotations > 0);
});

test("the run detects a store that was rolled back", async (t) => {
  const folder = temporaryFolder(t);
  const store = join(folder, "sled");
  const copy = join(folder, "copy");
  let copied = false;
  const meddle = () => {
    if (copied) {
      rmSync(store, { recursive: true });
      cpSync(copy, store, { recursive: true });
    } else cpSync(store, copy, { recursive: true });
    copied = true;
  };
  const { losses } = await crashRun({ folder, kills: 5, seed: 1, meddle });
  assert.notDeepEqual(losses, []);
});
