/** Every faulty request gets the standard error shape, which names the fault and the remedy. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { cookieHeader, logged, login, post } from "../support/client.js";
import { issuerFor } from "../support/issuer.js";

async function assertError(response, status, error) {
  const body = await response.json();
  assert.deepEqual([response.status, body.error], [status, error]);
  assert.deepEqual(Object.keys(body), ["error", "error_description", "request_id"]);
  assert.match(response.headers.get("content-type"), /^application\/json/);
  assert.equal(response.headers.get("x-request-id"), body.request_id);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.ok(body.error_description.length > 10);
  return body;
}

const raw = (issuer, body, headers = { "content-type": "application/json" }) =>
  fetch(`${issuer.url}/login`, { method: "POST", headers, body, ...(body instanceof ReadableStream && { duplex: "half" }) });

test("an unknown path and a wrong method return the standard error shape", async (t) => {
  const issuer = await issuerFor(t);
  for (const path of ["/", "/nothing", "/login/", "/login/x", "//login", `/${"x".repeat(4000)}`]) {
    await assertError(await fetch(issuer.url + path), 404, "not_found");
  }
  // `CONNECT` has no path at all; nothing of ours is there, and nothing breaks over it.
  const connected = request({ port: issuer.port, method: "CONNECT", path: "evil.example:443" }).end();
  const [answer] = await once(connected, "connect");
  assert.equal(answer.statusCode, 404);
  for (const [method, path, allow] of [
    ["GET", "/login", "POST"],
    ["PUT", "/refresh", "POST"],
    ["GET", "/logout", "POST"],
    ["DELETE", "/me", "GET, HEAD"],
    ["POST", "/.well-known/jwks.json", "GET, HEAD"],
    ["PATCH", "/healthz", "GET, HEAD"],
  ]) {
    const refused = await fetch(issuer.url + path, { method });
    assert.equal(refused.headers.get("allow"), allow);
    await assertError(refused, 405, "method_not_allowed");
  }
});

test("malformed JSON is reported without its content", async (t) => {
  const issuer = await issuerFor(t);
  const bodies = [
    "",
    "{",
    "[]",
    '"hunter2hunter2"',
    '{"username":"exampleUser"}',
    '{"username":"exampleUser","password":7}',
    '{"username":"exampleUser","password":"hunter2hunter2","transport":"hunter2hunter2"}',
    '{"username":"exampleUser","password":"hunter2hunter2"',
    '{"username":"exampleUser","password":"","transport":"cookie"}',
    '{"username":"","password":"hunter2hunter2"}',
    JSON.stringify({ username: "exampleUser", password: "hunter2".repeat(200) }),
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
  ];
  for (const body of bodies) {
    const { error_description } = await assertError(await raw(issuer, body), 400, "invalid_request");
    assert.doesNotMatch(error_description, /hunter2/);
  }
  // The log is written by a thread of its own; at the end it is whole.
  await issuer.stop();
  await logged(issuer, /path="\/login" status=400/);
  assert.doesNotMatch(issuer.log(), /hunter2/);
});

test("an array instead of an object, and a wrong type instead of a string, are refused", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--allow-registration"] });
  const { username, password } = { username: "exampleUser", password: "examplePassword" };
  const cookie = cookieHeader(await login(issuer));
  const bodies = {
    "/login": [[username, password], [username, password, "cookie", null], { username, password, transport: { cookie: null } }, { username, password, transport: ["cookie"] }],
    "/register": [["somebody", "a long password"]],
    "/refresh": [[], [null], ["hprt_x"]],
    "/logout": [[], [null], ["hprt_x"]],
    "/password": [[password, "another password"]],
  };
  for (const [path, wrong] of Object.entries(bodies)) {
    for (const body of wrong) {
      const { error_description } = await assertError(await post(issuer.url + path, body, { cookie }), 400, "invalid_request");
      assert.match(error_description, /^the body must be .*JSON such as \{/, `${path} ${JSON.stringify(body)}`);
    }
  }
  // None of it did anything.
  assert.equal((await fetch(`${issuer.url}/me`, { headers: { cookie } })).status, 200);
  assert.equal((await login(issuer)).status, 200);
});

test("a body must be JSON by its content type", async (t) => {
  const issuer = await issuerFor(t);
  const body = JSON.stringify({ username: "exampleUser", password: "examplePassword" });
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]) {
    await assertError(await raw(issuer, body, { "content-type": type }), 415, "unsupported_media_type");
  }
  assert.equal((await raw(issuer, body, { "content-type": "Application/JSON; charset=utf-8" })).status, 200);
});

test("a body is at most 16 KiB, with and without Content-Length", async (t) => {
  const issuer = await issuerFor(t);
  const large = JSON.stringify({ username: "exampleUser", password: "x".repeat(17_000) });
  await assertError(await raw(issuer, large), 413, "body_too_large");
  const chunks = ReadableStream.from([Buffer.from(large.slice(0, 9000)), Buffer.from(large.slice(9000))]);
  await assertError(await raw(issuer, chunks), 413, "body_too_large");
  // The issuer is as well as before.
  assert.equal((await login(issuer)).status, 200);
});

test("a chunked body is accepted", async (t) => {
  const issuer = await issuerFor(t);
  const text = JSON.stringify({ username: "exampleUser", password: "examplePassword" });
  const chunks = ReadableStream.from([Buffer.from(text.slice(0, 5)), Buffer.from(text.slice(5))]);
  assert.equal((await raw(issuer, chunks)).status, 200);
});

test("a path with a trailing slash is another path", async (t) => {
  const issuer = await issuerFor(t);
  await assertError(await post(`${issuer.url}/login/`, {}), 404, "not_found");
  await assertError(await fetch(`${issuer.url}/me/`), 404, "not_found");
});

test("data that is not HTTP does not affect the issuer", async (t) => {
  const issuer = await issuerFor(t);
  const garbage = ["\0\0\0\0", "GET\r\n\r\n", "POST /login HTTP/1.1\r\ncontent-length: -1\r\n\r\n", "\x16\x03\x01\x02"];
  for (const bytes of garbage) {
    await new Promise((resolve, reject) => {
      const socket = connect(issuer.port, "127.0.0.1", () => socket.end(bytes, "latin1"));
      socket.on("close", resolve).on("error", reject).resume();
    });
  }
  assert.equal((await fetch(`${issuer.url}/healthz`)).status, 200);
  const header = { authorization: `Bearer ${"x".repeat(200_000)}` };
  assert.equal((await fetch(`${issuer.url}/me`, { headers: header })).status, 431);
});

test("no token and no password reaches the log", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--log", "trace"] });
  const answer = await login(issuer, { transport: "body" });
  const { token, refresh_token } = await answer.json();
  await fetch(`${issuer.url}/me`, { headers: { authorization: `Bearer ${token}` } });
  const renewed = await (await post(`${issuer.url}/refresh`, { refresh_token })).json();
  await post(`${issuer.url}/refresh`, { refresh_token });
  await post(`${issuer.url}/logout`, { refresh_token: renewed.refresh_token });
  assert.equal((await login(issuer, { password: "wrongPassword1" })).status, 401);
  // At its end, an issuer waits for a slow reader of its log for a limited time: so the last line comes first.
  await logged(issuer, /session_began/);
  await logged(issuer, /status=401/);
  await issuer.stop();
  // `--dev` itself says its user's password; nothing else may.
  for (const secret of [token, refresh_token, renewed.token, renewed.refresh_token, "wrongPassword1"]) {
    assert.ok(!issuer.log().includes(secret), "a secret is in the log");
    assert.ok(!issuer.log().includes(secret.slice(-40)), "a part of a secret is in the log");
  }
});
