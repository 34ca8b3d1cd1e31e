/** The client broken on purpose, to see that the simulation would catch it: each time something else in a copy of the compiled files. */

import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { temporaryFolder } from "../../support/issuer.js";

export const dist = fileURLToPath(new URL("../../../verifier-wasm/dist/", import.meta.url));

/** What is changed, `[file, from, to]` each, and the `kinds` of tabs that show it soonest. */
export const BROKEN = [
  {
    name: "an answer counts that a sign-out has overtaken, which did not wait for it",
    edits: [
      ["session.js", /(markEnding\(\);)\s+await this\.#upkeep;/, "$1"],
      ["session.js", /if \(this\.#turn !== turn\)\s+return [^;]*;/, ""],
      ["session.js", /if \(this\.#over\.has\(pass\.session\.id\)\)\s+return [^;]*;/, ""],
    ],
  },
  {
    name: "what was traded goes into the storage whatever is there by now",
    kinds: ["shared"],
    edits: [["tokens.js", " || (await this.#read()) !== presented", ""]],
  },
  {
    name: "what was refused is dropped from the storage whatever is there by now",
    kinds: ["shared"],
    edits: [["tokens.js", /if \(\(await this\.#read\(\)\) !== presented\)\s+return false;/, ""]],
  },
  {
    name: "a sign-in does not wait for the requests of other tabs",
    kinds: ["cookie"],
    edits: [["exchange.js", 'requests("exclusive"', 'requests("shared"']],
  },
  {
    name: "a failure is the end of the session",
    edits: [["answer.js", 'if (answer.kind !== "refused"', 'if (answer.kind === "failed") return true;\n    if (answer.kind !== "refused"']],
  },
  {
    name: "any refusal is the end of the session",
    edits: [["answer.js", 'if (answer.kind !== "refused"', 'if (answer.kind === "refused") return true;\n    if (answer.kind !== "refused"']],
  },
  {
    name: "renewals go on while a sign-out waits for the issuer",
    edits: [["tokens.js", 'return this.#isEnding ?? typeof mark === "string";', "return false;"]],
  },
  {
    name: "a sign-out is over though the issuer has not heard of it",
    kinds: ["cookie"],
    edits: [["exchange.js", /if \(answer\.kind === "done"\)(\s+await this\.tokens\.end\(presented\);)\s+return answer;/, '$1 return { kind: "done" };']],
  },
  {
    name: "whatever session another tab shows is shown",
    edits: [["session.js", /if \(await this\.#exchange\.tokens\.haveChanged\(\)\)\s+await this\.#ask\(\);/, 'if (message.type === "pass") this.#admit(message.pass);']],
  },
  {
    name: "the end of any session is the end of one's own",
    edits: [["session.js", /if \(isOurs\)\s+return this\.#forget\(\);/, "return this.#forget();"]],
  },
  {
    name: "nobody is asked when another tab shows another session",
    edits: [["session.js", "await this.#ask();", ";"]],
  },
  {
    name: "tabs with a storage each ask whenever one has renewed",
    kinds: ["own"],
    edits: [["tokens.js", "return this.#storage === undefined || (await this.#read()) !== this.#seen;", "return true;"]],
  },
  {
    name: "the age of a token stands still while the machine sleeps",
    edits: [["lifetime.js", "Math.max(now.monotonic - moment.monotonic, now.wall - moment.wall)", "now.monotonic - moment.monotonic"]],
  },
  {
    name: "the age of a token goes by the wall clock alone",
    edits: [["lifetime.js", "Math.max(now.monotonic - moment.monotonic, now.wall - moment.wall)", "now.wall - moment.wall"]],
  },
  { name: "a request is never given up", edits: [["issuer.js", "TIME_OUT = 15_000", "TIME_OUT = 1e9"]] },
  { name: "several renewals at a time", edits: [["session.js", "this.#upkeep ??= this", "this.#upkeep = this"]] },
  { name: "the token goes to whoever is asked", edits: [["authorized-fetch.js", /this\.#origins\.has\([^;]*?\) &&/, ""]] },
  { name: "a timer that rings early is the last", edits: [["agenda.js", /this\.become\(\{\}\);(\s+if)/, "$1"]] },
  {
    name: "a page that does not know who is there waits until the user sees it",
    edits: [["schedule.js", "if (isInDoubt || isEnding)", "if ((isInDoubt || isEnding) && isVisible)"]],
  },
  { name: "what the issuer says of when to come back is not read", edits: [["issuer.js", "retryAfter === undefined ||", "true ||"]] },
  { name: "a short wait ends a longer one", edits: [["failure.js", /return former && waitLeft[^;]*;/, "return next;"]] },
  { name: "a wait is not shared", edits: [["session.js", "this.#agenda.become({ failure });\n        this.published.failed(failure.error);", ""]] },
  { name: "a page that is left keeps its channel", edits: [["session.js", /if \(!this\.#agenda\.standing\.isChanging\)\s+this\.#neighbours\.leave\(\);/, ""]] },
  { name: "a page that returns believes what it knew", edits: [["session.js", "isInDoubt: isInDoubt || isAway,", ""]] },
];

/** The broken client's `PageSession`. */
export async function breakClient(test, { edits }) {
  const folder = temporaryFolder(test);
  cpSync(join(dist, "client"), join(folder, "client"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  for (const [file, from, to] of edits) {
    const path = join(folder, "client", file);
    const whole = readFileSync(path, "utf8");
    const edited = whole.replace(from, to);
    assert.notEqual(edited, whole, `${from} must be there in ${file}`);
    writeFileSync(path, edited);
  }
  return (await import(pathToFileURL(join(folder, "client/session.js")).href)).PageSession;
}
