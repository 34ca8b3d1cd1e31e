/** A session on a server, in a module that it shares with pages: it sends no request until a method is called. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { sessionWith, grant } from "../../../tests/support/session-issuer.js";

const tests = new URL("../../../tests/", import.meta.url);

/** The calls of a process that creates a session and does not use it. The process must end. */
function createdBy(load) {
  const spy = `
    const done = [];
    const watch = (object, name) => { const was = object[name]; object[name] = new Proxy(was, {
      apply: (f, self, given) => { done.push(name); return Reflect.apply(f, self, given); },
      construct: (f, given, as) => { done.push(name); return Reflect.construct(f, given, as); } }); };
    for (const name of ["fetch", "setTimeout", "setInterval", "BroadcastChannel"]) watch(globalThis, name);
    process.on("exit", () => console.log(JSON.stringify({ done, status: session.state.status, user: session.user })));
    ${load}
    const session = createSession({ issuer: "https://auth.example" });
    const states = [];
    session.subscribe((state) => states.push(state));
  `;
  const type = load.includes("require") ? "commonjs" : "module";
  const printed = execFileSync(process.execPath, [`--input-type=${type}`, "--eval", spy], { cwd: tests, encoding: "utf8", timeout: 60_000 });
  return JSON.parse(printed);
}

for (const [name, load] of [
  ["a module", 'const { createSession } = await import("hallpass/client");'],
  ["CommonJS", 'const { createSession } = require("hallpass/client");'],
]) {
  test(`a session in ${name} without a document requests nothing, sets no timer, and lets the process end`, () => {
    assert.deepEqual(createdBy(load), { done: [], status: "unknown" });
  });
}

test("without a document, a session works when a method is called", async (t) => {
  const { session, asked } = sessionWith(t, { "/refresh": () => grant("t1") });
  assert.deepEqual([asked.length, session.state.status], [0, "unknown"]);
  assert.equal(await session.getAccessToken(), "t1");
  assert.deepEqual([asked.length, session.state.status], [1, "signed-in"]);
});
