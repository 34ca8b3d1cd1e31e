/** Faulty clients, to prove that the simulation detects faults: each changes one thing in a copy of the compiled files. */

import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { temporaryFolder } from "../../support/issuer.js";

export const dist = fileURLToPath(new URL("../../../verifier-wasm/dist/", import.meta.url));

/** The changes, each `[file, from, to]`, and the `kinds` of tabs that show the fault soonest. */
export const BROKEN = [
  {
    name: "a response counts although a later sign-out has superseded it",
    edits: [
      ["session.js", /(markSignOut\(\);)\s+await this\.#running;/, "$1"],
      ["session.js", /if \(this\.#version !== version\)\s+return [^;]*;/, ""],
      ["session.js", /if \(this\.#endedSessions\.has\(accessToken\.session\.id\)\)\s+return [^;]*;/, ""],
    ],
  },
  {
    name: "a refresh overwrites a stored token that another tab has replaced",
    kinds: ["shared"],
    edits: [["token-store.js", " || (await this.#read()) !== presented", ""]],
  },
  {
    name: "a refusal removes a stored token that another tab has replaced",
    kinds: ["shared"],
    edits: [["token-store.js", /if \(\(await this\.#read\(\)\) !== presented\)\s+return false;/, ""]],
  },
  {
    name: "a sign-in does not wait for the requests of other tabs",
    kinds: ["cookie"],
    edits: [["exchange.js", 'requests("exclusive"', 'requests("shared"']],
  },
  {
    name: "a failure ends the session",
    edits: [["answer.js", 'if (answer.kind !== "refused"', 'if (answer.kind === "failed") return true;\n    if (answer.kind !== "refused"']],
  },
  {
    name: "any refusal ends the session",
    edits: [["answer.js", 'if (answer.kind !== "refused"', 'if (answer.kind === "refused") return true;\n    if (answer.kind !== "refused"']],
  },
  {
    name: "tabs renew while a sign-out is pending",
    edits: [["token-store.js", 'return this.#isSigningOut ?? typeof mark === "string";', "return false;"]],
  },
  {
    name: "a sign-out ends without the issuer's confirmation",
    kinds: ["cookie"],
    edits: [["exchange.js", /if \(answer\.kind === "done"\)(\s+await this\.tokens\.endSignOut\(presented\);)\s+return answer;/, '$1 return { kind: "done" };']],
  },
  {
    name: "a tab applies a message about another session",
    edits: [["session.js", /if \(await this\.#exchange\.tokens\.hasChanged\(\)\)\s+await this\.#checkWithIssuer\(\);/, 'if (message.type === "pass") this.#apply(message.pass);']],
  },
  {
    name: "the end of any session ends the tab's own",
    edits: [["session.js", /if \(isOurs\)\s+return this\.#clearUser\(\);/, "return this.#clearUser();"]],
  },
  {
    name: "a tab ignores a message about another session",
    edits: [["session.js", "await this.#checkWithIssuer();", ";"]],
  },
  {
    name: "a renewal in one tab makes tabs with separate storages ask the issuer",
    kinds: ["own"],
    edits: [["token-store.js", "return this.#storage === undefined || (await this.#read()) !== this.#lastRead;", "return true;"]],
  },
  {
    name: "the age of a token follows the monotonic clock only",
    edits: [["lifetime.js", "Math.max(now.monotonic - moment.monotonic, now.wall - moment.wall)", "now.monotonic - moment.monotonic"]],
  },
  {
    name: "the age of a token follows the wall clock only",
    edits: [["lifetime.js", "Math.max(now.monotonic - moment.monotonic, now.wall - moment.wall)", "now.wall - moment.wall"]],
  },
  { name: "a request never times out", edits: [["issuer.js", "TIMEOUT = 15_000", "TIMEOUT = 1e9"]] },
  { name: "several renewals run at a time", edits: [["session.js", "this.#running ??= this", "this.#running = this"]] },
  { name: "the token is sent to any origin", edits: [["authorized-fetch.js", /this\.#origins\.has\([^;]*?\) &&/, ""]] },
  { name: "a timer that fires early is the last", edits: [["agenda.js", /this\.update\(\{\}\);(\s+if)/, "$1"]] },
  {
    name: "a hidden page does not ask for the user's status",
    edits: [["schedule.js", "if (isUnknown || isSigningOut)", "if ((isUnknown || isSigningOut) && isVisible)"]],
  },
  { name: "Retry-After is ignored", edits: [["issuer.js", "retryAfter === undefined ||", "true ||"]] },
  { name: "a short wait ends a longer one", edits: [["failure.js", /return previous && waitLeft[^;]*;/, "return next;"]] },
  { name: "a wait is not shared", edits: [["session.js", "this.#agenda.update({ failure });\n        this.published.failed(failure.error);", ""]] },
  { name: "a page that is left keeps its channel open", edits: [["session.js", /if \(!this\.#agenda\.state\.isChanging\)\s+this\.#otherTabs\.leave\(\);/, ""]] },
  { name: "a page that returns does not ask the issuer", edits: [["session.js", "isUnknown: isUnknown || isSuspended,", ""]] },
];

/** The `PageSession` of a faulty client. */
export async function breakClient(test, { edits }) {
  const folder = temporaryFolder(test);
  cpSync(join(dist, "client"), join(folder, "client"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  for (const [file, from, to] of edits) {
    const path = join(folder, "client", file);
    const whole = readFileSync(path, "utf8");
    const edited = whole.replace(from, to);
    assert.notEqual(edited, whole, `${file} does not contain ${from}`);
    writeFileSync(path, edited);
  }
  return (await import(pathToFileURL(join(folder, "client/session.js")).href)).PageSession;
}
