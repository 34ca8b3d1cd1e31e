/** Silent, slow and stalled connections are closed, and do not affect other clients. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { logged, sleep } from "../support/client.js";
import { issuerFor, run } from "../support/issuer.js";
import { readAnswer } from "../support/wire.js";

/** Longer than the issuer's timeouts of 10 s: a connection that is still open then is never closed. */
const PATIENCE = 60_000;

/** Opens a connection, sends `first`, then `drip` every second; returns what it received until it was closed. */
function endOf(port, first, drip) {
  return new Promise((resolve, reject) => {
    let received = "";
    let dripping;
    const socket = connect(port, "127.0.0.1", () => {
      if (first) socket.write(first);
      if (drip) dripping = setInterval(() => socket.writable && socket.write(drip), 1000);
    });
    const patience = setTimeout(() => socket.destroy(new Error("still open")), PATIENCE);
    socket.setEncoding("latin1").on("data", (text) => (received += text));
    socket.on("error", (error) => (error.code === "ECONNRESET" || error.code === "EPIPE" ? undefined : reject(error)));
    socket.on("close", () => {
      clearInterval(dripping);
      clearTimeout(patience);
      resolve(received);
    });
  });
}

describe("a connection is ended", { concurrency: true }, () => {
  test("that never sends a byte", async (t) => {
    const { port } = await issuerFor(t);
    assert.equal(await endOf(port), "");
  });

  test("that sends its head slowly, with 408 in the standard error shape and in the log", async (t) => {
    const issuer = await issuerFor(t);
    const received = await endOf(issuer.port, "GET /healthz HTTP/1.1\r\nhost: x\r\n", "x: y\r\n");
    const { status, headers, body } = readAnswer(received);
    assert.deepEqual([status, headers.connection, JSON.parse(body).error], [408, "close", "request_timeout"]);
    await logged(issuer, new RegExp(`status=408 .*id="${headers["x-request-id"]}"`));
  });

  test("that stalls in its body, with 408 in the standard error shape", async (t) => {
    const { port } = await issuerFor(t);
    const head = "POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    const received = await endOf(port, head);
    assert.match(received, /^HTTP\/1\.1 408 /);
    assert.match(received, /"error":"request_timeout"/);
  });

  test("that sends its body slowly", async (t) => {
    const { port } = await issuerFor(t);
    const head = "POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    assert.match(await endOf(port, head, " "), /^HTTP\/1\.1 408 /);
  });

  test("that is idle for --keep-alive-timeout after a response, without another response", async (t) => {
    const { port } = await issuerFor(t, { args: ["--dev", "--keep-alive-timeout", "2s"] });
    const received = await endOf(port, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    assert.match(received, /^HTTP\/1\.1 200 [^]*\r\n\r\n\{"status":"ok"\}$/);
  });

  test("that does not read its responses", async (t) => {
    const { port } = await issuerFor(t);
    const socket = connect({ port, host: "127.0.0.1", highWaterMark: 1 }).pause();
    t.after(() => socket.destroy());
    await once(socket, "connect");
    // Requests until the answers fill every buffer on their way, and the issuer reads no more.
    const requests = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".repeat(200_000);
    socket.write(requests);
    const closed = once(socket, "close", { signal: AbortSignal.timeout(180_000) });
    await assert.rejects(closed, { code: /^(ECONNRESET|EPIPE)$/ });
  });

  test("while others are served", async (t) => {
    const issuer = await issuerFor(t);
    const silent = Array.from({ length: 200 }, () => connect(issuer.port, "127.0.0.1").on("error", () => {}));
    t.after(() => silent.forEach((socket) => socket.destroy()));
    assert.equal((await fetch(`${issuer.url}/healthz`)).status, 200);
  });
});

/** A keep-alive connection to an issuer: `ask()` sends a request, `send()` any text, and both return a status; `isOpen`. */
async function openConnection(test, port) {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  test.after(() => socket.destroy());
  const connection = { isOpen: true };
  socket.on("error", () => {}).on("close", () => (connection.isOpen = false));
  await once(socket, "connect");
  connection.send = async (text) => {
    socket.write(text);
    const [received] = await once(socket, "data");
    return readAnswer(received).status;
  };
  connection.ask = (path = "/healthz") => connection.send(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
  return connection;
}

test("an idle connection outlives the timeout for a head: its own timeout is above a load balancer's 60 s", async (t) => {
  const { port } = await issuerFor(t, { args: ["--dev", "--keep-alive-timeout", "1h"] });
  const connection = await openConnection(t, port);
  assert.equal(await connection.ask(), 200);
  await sleep(22_000);
  assert.equal(await connection.ask(), 200);
  assert.ok(connection.isOpen);
  assert.match(run(["serve", "--help"]).stdout.replace(/\s+/g, " "), /--keep-alive-timeout <DURATION>.*?\[default: 75s\]/);
});

test("when all slots are taken, a new connection replaces the one that is idle for longest, and busy ones stay", { timeout: 600_000 }, async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--keep-alive-timeout", "1h"] });
  const busy = await openConnection(t, issuer.port);
  assert.equal(await busy.ask(), 200);
  const idle = [];
  while (idle.length < 899) {
    const connection = await openConnection(t, issuer.port);
    assert.equal(await connection.ask(), 200);
    idle.push(connection);
  }
  assert.ok(idle.every(({ isOpen }) => isOpen));
  // The oldest connection becomes busy now: a body may take 10 s, which is enough for three requests and not for nine hundred.
  // The issuer's 100 (RFC 9110, section 15.2.1) shows that it reads the body.
  const head = "POST /login HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";
  assert.equal(await busy.send(head), 100);
  const answered = busy.send("{");
  for (let more = 1; more <= 3; more += 1) {
    const connection = await openConnection(t, issuer.port);
    assert.equal(await connection.ask(), 200);
    while (idle.findIndex(({ isOpen }) => isOpen) < more) await sleep(20);
    assert.equal(idle.findIndex(({ isOpen }) => isOpen), more, "the ones that were idle for longest, and no others");
    idle.push(connection);
  }
  assert.equal(await answered, 408, "a busy connection is answered in its time");
});
