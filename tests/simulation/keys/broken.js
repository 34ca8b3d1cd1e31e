/** The verifier broken on purpose, to see that the simulation would catch it: each time something else in a copy of the compiled files. */

import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { temporaryFolder } from "../../support/issuer.js";

const folderOfPackage = fileURLToPath(new URL("../../../verifier-wasm/", import.meta.url));

/** What is changed, `[file, from, to]` each, and the verifiers that show it soonest. */
export const BROKEN = [
  {
    name: "keys are never fetched again",
    edits: [
      ["remote-keys.js", "if (age < held.freshFor * AHEAD)", "if (held)"],
      ["remote-keys.js", "async reload() {", "async reload() { return false;"],
    ],
  },
  {
    name: "keys are fetched again only for an unknown key",
    edits: [["remote-keys.js", "if (age < held.freshFor * AHEAD)", "if (held)"]],
  },
  { name: "an unknown key is not looked for", kinds: /^(steady|far away)$/, edits: [["remote-keys.js", "async reload() {", "async reload() { return false;"]] },
  {
    name: "a set that comes does not take the place of the one before",
    edits: [["remote-keys.js", "if (number < this.#taken)", "if (number < this.#taken || this.#held)"]],
  },
  {
    name: "old keys go on for ever while the issuer cannot be reached",
    kinds: /lost/,
    edits: [["remote-keys.js", "return age < freshFor + this.#settings.maxStale;", "return true;"]],
  },
  {
    name: "old keys do not go on at all while the issuer cannot be reached",
    kinds: /lost/,
    edits: [["remote-keys.js", "return age < freshFor + this.#settings.maxStale;", "return age < freshFor;"]],
  },
  {
    name: "keys are trusted for as long as the network is allowed to be away",
    edits: [["remote-keys.js", "age >= held.freshFor && this.#mustWait(held, age)", "age >= held.freshFor + this.#settings.maxStale"]],
  },
  {
    name: "a key set that came late is taken for a new one",
    kinds: /asleep/,
    edits: [["remote-keys.js", "since: startedAt", "since: moment()"]],
  },
  {
    name: "a key set that came late is not asked for again",
    kinds: /set$|asleep/,
    edits: [["remote-keys.js", "return this.#backOff.failure === undefined &&", "return false &&"]],
  },
  { name: "the time in caches does not count", kinds: /cache/, edits: [["freshness.js", "?.[1] ?? \"0\"", "?.[2] ?? \"0\""]] },
  {
    name: "the last seconds of a cache's copy count as half a minute",
    kinds: /cache/,
    edits: [["freshness.js", "isEnding ?", "false ?"]],
  },
  {
    name: "time is told by the clock that stands still in sleep alone",
    kinds: /asleep/,
    edits: [["elapsed.js", "Math.max(0, Date.now() - wall, performance.now() - steady)", "performance.now() - steady"]],
  },
  {
    name: "time is told by the clock that is set alone",
    kinds: /set$/,
    edits: [["elapsed.js", "Math.max(0, Date.now() - wall, performance.now() - steady)", "Date.now() - wall"]],
  },
  {
    name: "the age of a snapshot does not count",
    kinds: /snapshot/,
    edits: [["snapshot.js", "age: age < 0 ? freshFor : age", "age: 0"]],
  },
];

/** Rules of the issuer's that are broken, by their names in `issuer/src/key_ring/model/broken.rs`. */
export const BROKEN_ISSUERS = {
  NoLead: "a key signs as soon as it is published",
  NoRetention: "a retired key is gone at once",
  RevokedIsRetired: "a revoked key only retires",
  MaxAgeIsNotReduced: "a key set says its whole max-age, however long ago the issuer has read its keys",
};

/** The broken package's `createVerifier`. */
export async function breakVerifier(test, { edits }) {
  const folder = temporaryFolder(test);
  for (const part of ["dist", "wasm", "package.json"]) cpSync(join(folderOfPackage, part), join(folder, part), { recursive: true });
  for (const [file, from, to] of edits) {
    const path = join(folder, "dist", file);
    const whole = readFileSync(path, "utf8");
    const edited = whole.replace(from, to);
    assert.notEqual(edited, whole, `${from} must be there in ${file}`);
    writeFileSync(path, edited);
  }
  return (await import(pathToFileURL(join(folder, "dist/entry-node.js")).href)).createVerifier;
}
