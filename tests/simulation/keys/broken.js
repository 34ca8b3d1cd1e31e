/** Faulty verifiers, to prove that the simulation detects faults: each changes one thing in a copy of the compiled files. */

import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { temporaryFolder } from "../../support/issuer.js";

const packageFolder = fileURLToPath(new URL("../../../verifier-wasm/", import.meta.url));

/** The changes, each `[file, from, to]`, and the verifiers that show the fault soonest. */
export const BROKEN = [
  {
    name: "keys are never refreshed",
    edits: [
      ["remote-keys.js", "if (age < keys.freshFor * REFRESH_AFTER)", "if (keys)"],
      ["remote-keys.js", "async refresh() {", "async refresh() { return false;"],
    ],
  },
  {
    name: "keys are refreshed only for an unknown key",
    edits: [["remote-keys.js", "if (age < keys.freshFor * REFRESH_AFTER)", "if (keys)"]],
  },
  { name: "an unknown key causes no refresh", kinds: /^(steady|far away)$/, edits: [["remote-keys.js", "async refresh() {", "async refresh() { return false;"]] },
  {
    name: "a fetched key set does not replace the previous one",
    edits: [["remote-keys.js", "if (number < this.#acceptedAttempt)", "if (number < this.#acceptedAttempt || this.#keys)"]],
  },
  {
    name: "stale keys are used without limit while the issuer is unreachable",
    kinds: /lost/,
    edits: [["remote-keys.js", "return age < freshFor + this.#settings.maxStale;", "return true;"]],
  },
  {
    name: "stale keys are not used while the issuer is unreachable",
    kinds: /lost/,
    edits: [["remote-keys.js", "return age < freshFor + this.#settings.maxStale;", "return age < freshFor;"]],
  },
  {
    name: "stale keys are used for maxStale although the issuer is reachable",
    edits: [["remote-keys.js", "age >= keys.freshFor && this.#mustWait(keys, age)", "age >= keys.freshFor + this.#settings.maxStale"]],
  },
  {
    name: "the age of a key set counts from its response, not from its request",
    kinds: /asleep/,
    edits: [["remote-keys.js", "requestedAt: startedAt", "requestedAt: moment()"]],
  },
  {
    name: "a key set that arrives stale is not fetched again",
    kinds: /set$|asleep/,
    edits: [["remote-keys.js", "return this.#backOff.failure === undefined &&", "return false &&"]],
  },
  { name: "the header Age is ignored", kinds: /cache/, edits: [["freshness.js", "?.[1] ?? \"0\"", "?.[2] ?? \"0\""]] },
  {
    name: "the last seconds of a cached copy count as 30 seconds",
    kinds: /cache/,
    edits: [["freshness.js", "isEnding ?", "false ?"]],
  },
  {
    name: "elapsed time follows the monotonic clock only",
    kinds: /asleep/,
    edits: [["elapsed.js", "Math.max(0, Date.now() - wall, performance.now() - monotonic)", "performance.now() - monotonic"]],
  },
  {
    name: "elapsed time follows the wall clock only",
    kinds: /set$/,
    edits: [["elapsed.js", "Math.max(0, Date.now() - wall, performance.now() - monotonic)", "Date.now() - wall"]],
  },
  {
    name: "the age of a snapshot is ignored",
    kinds: /snapshot/,
    edits: [["snapshot.js", "age: age < 0 ? freshFor : age", "age: 0"]],
  },
];

/** Faulty issuers, by their names in `issuer/src/key_ring/model/broken.rs`. */
export const BROKEN_ISSUERS = {
  NoLead: "a key signs as soon as it is published",
  NoRetention: "a retired key is removed at once",
  RevokedIsRetired: "a revoked key only retires",
  MaxAgeIsNotReduced: "max-age is not reduced by the age of the issuer's keys",
};

/** The `createVerifier` of a faulty package. */
export async function breakVerifier(test, { edits }) {
  const folder = temporaryFolder(test);
  for (const part of ["dist", "wasm", "package.json"]) cpSync(join(packageFolder, part), join(folder, part), { recursive: true });
  for (const [file, from, to] of edits) {
    const path = join(folder, "dist", file);
    const whole = readFileSync(path, "utf8");
    const edited = whole.replace(from, to);
    assert.notEqual(edited, whole, `${file} does not contain ${from}`);
    writeFileSync(path, edited);
  }
  return (await import(pathToFileURL(join(folder, "dist/entry-text.js")).href)).createVerifier;
}
