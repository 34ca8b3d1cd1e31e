/** Connections that say nothing, drip or stall are ended, and cost nobody else anything. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { issuerFor } from "../support/issuer.js";

/** Longer than every time-out of the issuer, which are 10 s; a connection still open then is never ended. */
const PATIENCE = 25_000;

/** Opens a connection, sends `first`, then `drip` every second; what came back by the time that it was closed. */
function endOf(port, first, drip) {
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => first && socket.write(first));
    const dripping = drip && setInterval(() => socket.writable && socket.write(drip), 1000);
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

  test("that drips its head", async (t) => {
    const { port } = await issuerFor(t);
    assert.doesNotMatch(await endOf(port, "GET /healthz HTTP/1.1\r\nhost: x\r\n", "x: y\r\n"), /200 OK/);
  });

  test("that stalls in its body, with 408 in the one error shape", async (t) => {
    const { port } = await issuerFor(t);
    const head = "POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    const received = await endOf(port, head);
    assert.match(received, /^HTTP\/1\.1 408 /);
    assert.match(received, /"error":"request_timeout"/);
  });

  test("that drips its body", async (t) => {
    const { port } = await issuerFor(t);
    const head = "POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    assert.match(await endOf(port, head, " "), /^HTTP\/1\.1 408 /);
  });

  test("that was answered and then falls silent", async (t) => {
    const { port } = await issuerFor(t);
    assert.match(await endOf(port, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"), /^HTTP\/1\.1 200 /);
  });

  test("that does not read its answers", async (t) => {
    const { port } = await issuerFor(t);
    const socket = connect({ port, host: "127.0.0.1", highWaterMark: 1 }).pause();
    t.after(() => socket.destroy());
    await once(socket, "connect");
    // Requests until the answers fill every buffer on their way, and the issuer reads no more.
    const requests = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".repeat(200_000);
    socket.write(requests);
    const closed = once(socket, "close", { signal: AbortSignal.timeout(60_000) });
    await assert.rejects(closed, { code: /^(ECONNRESET|EPIPE)$/ });
  });

  test("while others are served", async (t) => {
    const issuer = await issuerFor(t);
    const silent = Array.from({ length: 200 }, () => connect(issuer.port, "127.0.0.1").on("error", () => {}));
    t.after(() => silent.forEach((socket) => socket.destroy()));
    assert.equal((await fetch(`${issuer.url}/healthz`)).status, 200);
  });
});
