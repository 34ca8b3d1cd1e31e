/** The client broken on purpose, to see that the simulation would catch it: one change each in a copy of the compiled files. */

import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { temporaryFolder } from "../../support/issuer.js";

export const dist = fileURLToPath(new URL("../../../verifier-wasm/dist/", import.meta.url));

/** `{ name, file, from, to }`. */
export const BROKEN = [
  {
    name: "an answer counts though a sign-in elsewhere has overtaken it",
    file: "session.js",
    from: /if \(this\.#turn !== turn\)\s+return;/,
    to: "",
  },
  {
    name: "what was traded goes into the storage whatever is there by now",
    file: "tokens.js",
    from: " && (await this.#read()) === presented",
    to: "",
  },
  {
    name: "what was refused is dropped from the storage whatever is there by now",
    file: "tokens.js",
    from: /if \(\(await this\.#read\(\)\) !== presented\)\s+return false;/,
    to: "",
  },
  {
    name: "a sign-in does not wait for the requests of other tabs",
    file: "exchange.js",
    from: 'requests("exclusive"',
    to: 'requests("shared"',
  },
  {
    name: "a failure is the end of the session",
    file: "answer.js",
    from: 'if (answer.kind !== "refused"',
    to: 'if (answer.kind === "failed") return true;\n    if (answer.kind !== "refused"',
  },
  {
    name: "any refusal is the end of the session",
    file: "answer.js",
    from: 'if (answer.kind !== "refused"',
    to: 'if (answer.kind === "refused") return true;\n    if (answer.kind !== "refused"',
  },
  {
    name: "renewals go on while a sign-out waits for the issuer",
    file: "tokens.js",
    from: "return this.#isEnding || (await this.#marks.getItem(this.#ending)) !== null;",
    to: "return false;",
  },
  {
    name: "a sign-out is over though the issuer has not heard of it",
    file: "exchange.js",
    from: 'return "pending";',
    to: ";",
  },
  {
    name: "whatever session another tab shows is shown",
    file: "session.js",
    from: /if \(await this\.#exchange\.tokens\.haveChanged\(\)\)\s+await this\.#ask\(\);/,
    to: 'if (message.type === "pass") this.#admit(message.pass);',
  },
  {
    name: "the end of any session is the end of one's own",
    file: "session.js",
    from: /if \(isOurs\)\s+return this\.#forget\(\);/,
    to: "return this.#forget();",
  },
  {
    name: "nobody is asked when another tab shows another session",
    file: "session.js",
    from: "await this.#ask();",
    to: ";",
  },
  {
    name: "tabs with a storage each ask whenever one has renewed",
    file: "tokens.js",
    from: "return this.#storage === undefined || (await this.#read()) !== this.#seen;",
    to: "return true;",
  },
  {
    name: "the age of a token stands still while the machine sleeps",
    file: "lifetime.js",
    from: "Math.max(page.monotonic() - moment.monotonic, page.wall() - moment.wall)",
    to: "page.monotonic() - moment.monotonic",
  },
  {
    name: "the age of a token goes by the wall clock alone",
    file: "lifetime.js",
    from: "Math.max(page.monotonic() - moment.monotonic, page.wall() - moment.wall)",
    to: "page.wall() - moment.wall",
  },
  { name: "a request is never given up", file: "issuer.js", from: "TIME_OUT = 15_000", to: "TIME_OUT = 1e9" },
  { name: "several renewals at a time", file: "session.js", from: "this.#upkeep ??= this", to: "this.#upkeep = this" },
  { name: "the token goes to whoever is asked", file: "authorized-fetch.js", from: /source\.origins\.has\([^;]*?\) &&/, to: "" },
];

/** The broken client's `PageSession`. */
export async function breakClient(test, { file, from, to }) {
  const folder = temporaryFolder(test);
  cpSync(join(dist, "client"), join(folder, "client"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const path = join(folder, "client", file);
  const whole = readFileSync(path, "utf8");
  const parts = whole.split(from);
  assert.equal(parts.length, 2, `${from} must be there once in ${file}`);
  writeFileSync(path, parts.join(to));
  return (await import(pathToFileURL(join(folder, "client/session.js")).href)).PageSession;
}
