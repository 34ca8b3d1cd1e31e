/** Malformed HTTP/1.1 requests are refused in the standard error shape, with a line in the log (RFC 9112). */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { logged } from "../support/client.js";
import { credentials, issuerFor } from "../support/issuer.js";
import { exchange, readAnswer } from "../support/wire.js";

/** Asserts that a response has the standard error shape, closes the connection, and is in the log with its id. */
async function assertRefused(issuer, { status, headers, body }, expected, code, about = "") {
  assert.equal(status, expected, `${about}: ${body}`);
  const error = JSON.parse(body);
  assert.deepEqual(Object.keys(error), ["error", "error_description", "request_id"], about);
  assert.equal(error.error, code, about);
  assert.equal(headers["x-request-id"], error.request_id);
  assert.equal(headers["content-type"], "application/json");
  assert.equal(headers["cache-control"], "no-store");
  await logged(issuer, new RegExp(`status=${expected} .*id="${error.request_id}"`));
  return error;
}

const get = (...lines) => ["GET /healthz HTTP/1.1", ...lines, "connection: close", "", ""].join("\r\n");

const text = JSON.stringify(credentials);
const chunked = `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
const post = (body, ...lines) =>
  ["POST /login HTTP/1.1", "host: x", "connection: close", "content-type: application/json", ...lines, "", body].join("\r\n");

describe("the header Host", () => {
  test("must occur once and be a host, or the request is refused with 400 (RFC 9112 §3.2)", async (t) => {
    const issuer = await issuerFor(t);
    const malformed = ["", "a b", "user@host", "host:port", "host:99999", "host:80:80", "[::1", "::1", "[host]", "ho/st", "a,b", "höst", "%zz"];
    const refused = [[], ["host: a", "host: a"], ["host: a", "host: b"], ...malformed.map((host) => [`host: ${host}`])];
    for (const lines of refused) {
      const error = await assertRefused(issuer, await exchange(issuer.port, get(...lines)), 400, "invalid_request", lines.join());
      assert.match(error.error_description, /Host/);
    }
    for (const host of ["x", "localhost:8080", "auth.example.com", "auth.example.com:", "127.0.0.1:1", "[::1]", "[2001:db8::1]:443", "a_b-c~!$&'()*+;=%41"]) {
      assert.equal((await exchange(issuer.port, get(`host: ${host}`))).status, 200, host);
    }
  });

  test("may be missing in HTTP/1.0, and occurs at most once", async (t) => {
    const issuer = await issuerFor(t);
    assert.equal((await exchange(issuer.port, "GET /healthz HTTP/1.0\r\n\r\n")).status, 200);
    assert.equal((await exchange(issuer.port, "GET /healthz HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n")).status, 400);
  });

  test("is checked first, also for a preflight", async (t) => {
    const issuer = await issuerFor(t);
    for (const line of ["POST /login", "GET /nothing", "OPTIONS /login"]) {
      const request = `${line} HTTP/1.1\r\norigin: https://a.example\r\naccess-control-request-method: POST\r\nconnection: close\r\n\r\n`;
      await assertRefused(issuer, await exchange(issuer.port, request), 400, "invalid_request", line);
    }
  });
});

describe("the header Transfer-Encoding", () => {
  test("must be chunked, or the request is refused with 400 (RFC 9112 §6.1)", async (t) => {
    const issuer = await issuerFor(t);
    for (const lines of [["gzip"], ["gzip, chunked"], ["chunked, chunked"], ["identity"], ["chunked", "chunked"], ["gzip", "chunked"], ["xchunked"], [""]]) {
      const coded = post(chunked, ...lines.map((coding) => `transfer-encoding: ${coding}`));
      await assertRefused(issuer, await exchange(issuer.port, coded), 400, "invalid_request", lines.join());
    }
    for (const coding of ["chunked", "Chunked"]) {
      assert.equal((await exchange(issuer.port, post(chunked, `transfer-encoding: ${coding}`))).status, 200, coding);
    }
  });

  test("is refused with Content-Length (RFC 9112 §6.3), and in HTTP/1.0", async (t) => {
    const issuer = await issuerFor(t);
    const coding = "transfer-encoding: chunked";
    const length = `content-length: ${chunked.length}`;
    for (const lines of [[coding, length], [length, coding], ["content-length: 0", coding]]) {
      await assertRefused(issuer, await exchange(issuer.port, post(chunked, ...lines)), 400, "invalid_request", lines.join());
    }
    const leading = `\r\n\r\n${post(chunked, "content-length: 3", coding)}`;
    await assertRefused(issuer, await exchange(issuer.port, leading), 400, "invalid_request", "behind empty lines");
    const older = post(chunked, coding).replace("HTTP/1.1", "HTTP/1.0");
    await assertRefused(issuer, await exchange(issuer.port, older), 400, "invalid_request");
  });

  test("with Content-Length, after a pending request, is the last request of its connection", async (t) => {
    const issuer = await issuerFor(t);
    const get = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    const both = post(chunked, "transfer-encoding: chunked", "content-length: 3");
    const socket = connect(issuer.port, "127.0.0.1").setEncoding("latin1");
    socket.write(`${get}${both.replace("connection: close\r\n", "")}${get}`);
    let answers = "";
    for await (const chunk of socket) answers += chunk;
    assert.equal(answers.match(/HTTP\/1\.1 \d{3} /g).length, 2);
    assert.match(answers, /connection: close/);
  });
});

describe("the end of a connection", () => {
  test("reaches a client that is still sending", async (t) => {
    const issuer = await issuerFor(t);
    const socket = connect(issuer.port, "127.0.0.1").setEncoding("latin1").pause();
    socket.write("POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n");
    await logged(issuer, /status=413/);
    for (let piece = 0; piece < 50; piece += 1) {
      await new Promise((resolve, reject) => socket.write("x".repeat(4096), (error) => (error ? reject(error) : resolve())));
    }
    let text = "";
    for await (const chunk of socket) text += chunk;
    const { status, headers } = readAnswer(text);
    assert.equal(status, 413);
    assert.equal(headers.connection, "close");
  });

  test("has no response if only empty lines followed the last request", async (t) => {
    const issuer = await issuerFor(t, { args: ["--dev", "--keep-alive-timeout", "1s"] });
    const socket = connect(issuer.port, "127.0.0.1").setEncoding("latin1");
    socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    let text = "";
    for await (const chunk of socket) {
      if (text === "") socket.write("\r\n");
      text += chunk;
    }
    assert.equal(text.match(/HTTP\/1\.1 \d{3} /g).length, 1);
    assert.equal(readAnswer(text).status, 200);
  });
});

describe("what hyper itself refuses", () => {
  test("gets the standard error shape, and is logged and counted", async (t) => {
    const issuer = await issuerFor(t, { args: ["--dev", "--admin-listen", "127.0.0.1:0"] });
    const malformed = ["\0\0\0\0", "GET\r\n\r\n", "\x16\x03\x01\x02\x00", "G@T / HTTP/1.1\r\n\r\n", "GET / HTTP/3.0\r\n\r\n", get("host: x", "a b: c"), post("", "content-length: -1"), post("", "content-length: 1, 2"), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"];
    for (const bytes of malformed) {
      const answer = await exchange(issuer.port, bytes);
      await assertRefused(issuer, answer, 400, "invalid_request", JSON.stringify(bytes));
      assert.equal(answer.headers.connection, "close");
    }
    await assertRefused(issuer, await exchange(issuer.port, get("host: x", `x: ${"y".repeat(200_000)}`)), 431, "head_too_large");
    await assertRefused(issuer, await exchange(issuer.port, get("host: x", ...Array.from({ length: 200 }, (_, at) => `x-${at}: y`))), 431, "head_too_large");
    await assertRefused(issuer, await exchange(issuer.port, `GET /${"y".repeat(200_000)} HTTP/1.1\r\nhost: x\r\n\r\n`), 414, "uri_too_long");

    const [, metrics] = await logged(issuer, /metrics on (http:\S+)/);
    const counted = await (await fetch(metrics)).text();
    assert.match(counted, new RegExp(`hallpass_http_requests_total\\{route="unreadable",status="4xx"\\} ${malformed.length + 3}\n`));
    // The metrics' listener has the same limits, and no shape to keep to.
    const other = new URL(metrics).port;
    assert.equal((await exchange(other, "\0\0\0\0")).status, 400);
    assert.equal((await exchange(other, get("host: x", `x: ${"y".repeat(200_000)}`))).status, 431);
  });

  test("also after an answered request", async (t) => {
    const issuer = await issuerFor(t);
    const first = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    await assertRefused(issuer, await exchange(issuer.port, `${first}${first}\0\0\0`), 400, "invalid_request");
    await assertRefused(issuer, await exchange(issuer.port, `${first}GET /healthz HTTP/1.1\r\n\r\n`), 400, "invalid_request");
    const large = `GET /healthz HTTP/1.1\r\nhost: x\r\n${"x: y\r\n".repeat(200)}\r\n`;
    await assertRefused(issuer, await exchange(issuer.port, `${first}${large}`), 431, "head_too_large");
    assert.equal((await fetch(`${issuer.url}/healthz`)).status, 200);
  });
});
