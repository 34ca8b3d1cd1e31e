/** `cargo xtask demo` as a person runs it: it starts, serves, refuses a busy port, and leaves nothing behind. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort } from "../../tests/support/port.js";

const XTASK = process.env.HALLPASS_XTASK;
const MINUTE = 60_000;

let data;
before(async () => {
  assert.ok(XTASK, "HALLPASS_XTASK names no program: run `cargo xtask test demo`");
  data = await mkdtemp(join(tmpdir(), "hallpass-demo-"));
});
after(() => rm(data, { recursive: true, force: true }));

test("the demo signs a user in through its worker, and Ctrl-C stops it with its children", { timeout: 5 * MINUTE }, async (t) => {
  const first = await startDemo(t);
  const origin = `http://localhost:${first.port}`;
  assert.match(first.output(), new RegExp(`${origin}[^]*exampleUser / examplePassword`));

  const page = await fetch(origin);
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-type"), /^text\/html/);

  const token = await signIn(origin);
  const call = await fetch(`${origin}/api/protected-endpoint`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(call.status, 200);
  assert.equal((await call.json()).claims.username, "exampleUser");

  await assertStops(first, "SIGINT");
});

test("a second run finds the user of the first, and SIGTERM stops it too", { timeout: 5 * MINUTE }, async (t) => {
  const second = await startDemo(t);
  await signIn(`http://localhost:${second.port}`);
  await assertStops(second, "SIGTERM");
});

test("a busy port is one line, before anything is built", { timeout: MINUTE }, async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const busy = server.address().port;
  const free = await freePort();
  for (const [option, other] of [["--port", "--issuer-port"], ["--issuer-port", "--port"]]) {
    const demo = runDemo([option, busy, other, free]);
    const [code] = await once(demo.process, "close");
    const line = `error: port ${busy} is in use: stop the process that listens on it, or choose another port with ${option}\n`;
    assert.deepEqual({ code, output: demo.output() }, { code: 1, output: line });
  }
});

function runDemo(options) {
  const child = spawn(XTASK, ["demo", "--data", data, ...options.map(String)], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  return { process: child, output: () => output };
}

/** Starts the demo on free ports and waits until it says that it is ready. */
async function startDemo(t) {
  const [port, issuerPort] = [await freePort(), await freePort()];
  const demo = { ...runDemo(["--port", port, "--issuer-port", issuerPort]), port, issuerPort };
  t.after(() => demo.process.kill("SIGTERM"));
  const isReady = () => demo.output().includes("Ctrl-C");
  await waitUntil(() => isReady() || demo.process.exitCode !== null, "the demo did not start", 4 * MINUTE);
  assert.ok(isReady(), demo.output());
  return demo;
}

async function signIn(origin) {
  const response = await fetch(`${origin}/login`, {
    method: "POST",
    headers: { "content-type": "application/json", origin },
    body: JSON.stringify({ username: "exampleUser", password: "examplePassword" }),
  });
  assert.equal(response.status, 200);
  return (await response.json()).token;
}

async function assertStops(demo, signal) {
  const family = descendants(demo.process.pid);
  if (existsSync("/proc/self/stat")) assert.ok(family.length >= 2, "the issuer and the worker are its children");
  const closed = once(demo.process, "close");
  demo.process.kill(signal);
  const [code] = await closed;
  assert.equal(code, 0, demo.output());
  assert.deepEqual([await isOpen(demo.port), await isOpen(demo.issuerPort)], [false, false]);
  await waitUntil(() => !family.some(isAlive), "a child outlived the demo");
}

/** Everybody below a process, on a system that lists its processes under /proc. */
function descendants(pid) {
  const children = processes().filter(({ parent }) => parent === pid);
  return children.flatMap((child) => [child.pid, ...descendants(child.pid)]);
}

function isAlive(pid) {
  return processes().some((other) => other.pid === pid && other.state !== "Z");
}

function processes() {
  if (!existsSync("/proc/self/stat")) return [];
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      // After the name, which is in brackets and may hold anything, come state and parent.
      const [state, parent] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
      return [{ pid: Number(pid), state, parent: Number(parent) }];
    } catch {
      return []; // It ended while we looked.
    }
  });
}

function isOpen(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

async function waitUntil(condition, complaint, limit = 5_000) {
  for (const start = Date.now(); !condition(); ) {
    assert.ok(Date.now() - start < limit, complaint);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
