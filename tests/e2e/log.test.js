/** The log: slow readers, and the content that clients cause. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { logged, login, post, sleep } from "../support/client.js";
import { skipUnlessLong } from "../support/length.js";
import { addUser, importUsers, issuerFor, run, startIssuer, temporaryFolder } from "../support/issuer.js";

const MiB = 1024 * 1024;

/** Maximum memory of the log: its 16 MiB, and a constant for 2,400 requests and the allocator. */
const MAX_GROWTH = (16 + 32) * MiB;

/** Maximum milliseconds until the log is full, on the slowest machine. */
const FULL = 600_000;

/** A path of 30 KB; 2,400 of them exceed the limit of the log. No part of it could be a token. */
const LARGE_PATH = "/a".repeat(15_000);

/** A path whose line in the log is long: the log writes each of these characters as `\u{85}`. */
const LONG_LINE_PATH = `/${"\u0085".repeat(255)}`;

/** Sends pipelined requests for a path on a connection; resolves when all are answered. */
async function flood(port, target, count) {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  const request = `GET ${target} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
  let answers = 0;
  let end = "";
  socket.on("data", (text) => {
    answers += (end + text).split("HTTP/1.1 404").length - 1;
    end = text.slice(-11);
  });
  for (let sent = 0; sent < count; ) {
    const round = Math.min(20, count - sent);
    socket.write(request.repeat(round));
    sent += round;
    while (answers < sent) await once(socket, "data");
  }
  socket.destroy();
}

const floodThrice = (port, target, count) => Promise.all([1, 2, 3].map(() => flood(port, target, count / 3)));

/** The memory of a process, and its maximum so far, in bytes. */
function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const [now, most] = ["VmRSS", "VmHWM"].map((name) => Number(new RegExp(`${name}:\\s*(\\d+) kB`).exec(status)[1]) * 1024);
  return { now, most };
}

/**
 * Reads a stream: at most one megabyte per second from `pace()` on, nothing from `pause()` on, and all of it again from
 * `resume()` on; `text` is what it has read.
 */
function readerOf(stream) {
  let timer;
  let left = Infinity;
  const refill = () => {
    left = MiB / 10;
    stream.resume();
  };
  const restart = (bytes) => {
    clearInterval(timer);
    left = bytes;
  };
  const reader = {
    text: "",
    pace() {
      timer = setInterval(refill, 100);
      left = 0;
    },
    pause() {
      restart(0);
      stream.pause();
    },
    resume() {
      restart(Infinity);
      stream.resume();
    },
  };
  stream.setEncoding("utf8").on("data", (text) => {
    reader.text += text;
    left -= text.length;
    if (left <= 0) stream.pause();
  });
  return reader;
}

async function until(condition, most = 60_000) {
  for (const end = Date.now() + most; ; await sleep(50)) {
    const met = await condition();
    if (met) return met;
    assert.ok(Date.now() < end, `never: ${condition}`);
  }
}

test("a slow or stopped log reader costs bounded memory, and no audit line is lost", { timeout: 900_000, skip: skipUnlessLong }, async (t) => {
  const folder = temporaryFolder(t);
  const users = importUsers(folder, 10);
  const args = ["--store", `sled:${folder}`, "--admin-listen", "127.0.0.1:0"];
  const issuer = await startIssuer({ args, readsLog: false });
  t.after(async () => {
    await issuer.kill();
    issuer.stderr.destroy();
  });
  const reader = readerOf(issuer.stderr);
  const [, metricsUrl] = await until(() => /metrics on (\S+)/.exec(reader.text));
  const dropped = async (kind) => {
    const text = await (await fetch(metricsUrl)).text();
    return Number(new RegExp(`^hallpass_log_lines_dropped_total\\{kind="${kind}"\\} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
  };
  const sessions = [];
  const signIn = async (user) => {
    const answer = await login(issuer, { ...user, transport: "body" });
    assert.equal(answer.status, 200);
    sessions.push((await answer.json()).session.id);
  };

  // The log is read at one megabyte per second, and three connections send 30-KB paths.
  const before = memory(issuer.pid);
  reader.pace();
  let requests = 2_400;
  const flooded = floodThrice(issuer.port, LARGE_PATH, requests);
  for (const user of users.slice(0, 5)) await signIn(user);
  await flooded;
  const large = memory(issuer.pid);
  assert.ok(large.most - before.now < MAX_GROWTH, `${requests} requests took ${(large.most - before.now) / MiB} MiB`);

  // The log is no longer read, and requests continue until lines are dropped; users can still sign in.
  reader.pause();
  await until(async () => {
    await floodThrice(issuer.port, LONG_LINE_PATH, 1_500);
    requests += 1_500;
    return (await dropped("access")) > 0;
  }, FULL);
  for (const user of users.slice(5)) await signIn(user);
  const full = memory(issuer.pid);
  assert.ok(full.most - before.now < MAX_GROWTH, `a full log takes ${(full.most - before.now) / MiB} MiB`);

  // It is read again, and says what it lost.
  reader.resume();
  const report = () => [...reader.text.matchAll(/WARN log lines were dropped.* access=(\d+) event=(\d+) audit=(\d+)/g)].at(-1)?.slice(1);
  const lost = await until(async () => {
    const [access] = report() ?? [];
    return access !== undefined && Number(access) === (await dropped("access")) && report();
  });
  await issuer.stop();
  const [access, event, audit] = lost.map(Number);
  assert.deepEqual([event, audit], [0, 0]);
  for (const id of sessions) assert.match(reader.text, new RegExp(`audit event="session_began" .*session=${id}`));
  const written = reader.text.match(/ request method=/g).length;
  assert.equal(written + access, requests + sessions.length, "each request is a line that was written or counted");
  for (const line of reader.text.split("\n")) assert.ok(Buffer.byteLength(line) < 2000, line);
  const MB = (bytes) => (bytes / MiB).toFixed(1);
  t.diagnostic(
    `resident: ${MB(before.now)} MiB before, at most ${MB(large.most)} read at 1 MB/s, at most ${MB(full.most)} with a full log; ` +
      `${requests} requests, ${access} access lines dropped, 0 of the audit log`,
  );
});

test("no token reaches the log or a list, in any part of a request", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const issuer = await issuerFor(t, { args: ["--store", `sled:${folder}`, "--log", "debug"] });
  const pass = await (await login(issuer, { transport: "body" })).json();
  const tokens = [pass.refresh_token, pass.device_token, pass.token].filter(Boolean);
  assert.equal(tokens.length, 3);
  const encode = (token) => [...Buffer.from(token)].map((byte) => `%${byte.toString(16)}`).join("");
  const raw = async (head) => {
    const socket = connect(issuer.port, "127.0.0.1").end(`${head}\r\n\r\n`).resume();
    await Promise.race([once(socket, "close"), once(socket, "error")]);
  };
  for (const token of tokens) {
    for (const written of [token, encode(token), encode(encode(token)), token.replace("_", "%5F").replaceAll(".", "%2E")]) {
      for (const target of [`/refresh/${written}`, `/${written}`, `/sessions/${written}`, `/me?token=${written}`, `/x/${written}/y`]) {
        await raw(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close`);
      }
    }
    await raw(`${token.replaceAll(".", "")} /x HTTP/1.1\r\nHost: localhost\r\nConnection: close`);
    await raw(`OPTIONS /login HTTP/1.1\r\nHost: ${token}\r\nOrigin: https://${token}\r\nAccess-Control-Request-Method: ${token}\r\nConnection: close`);
    await raw(`POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: https://${token}.example\r\nX-Forwarded-For: ${token}\r\nConnection: close`);
    await login(issuer, { username: token.slice(0, 60) });
    await post(`${issuer.url}/refresh`, { refresh_token: `${token}x` });
    const answer = await login(issuer, { transport: "body" }, { "user-agent": `app/1.0 (${token}) ${token}` });
    const { token: access } = await answer.json();
    const { sessions } = await (await fetch(`${issuer.url}/sessions`, { headers: { authorization: `Bearer ${access}` } })).json();
    assertNone(JSON.stringify(sessions.map(({ label, client }) => [label, client])), tokens);
  }
  assertNone(run(["session", "list", "--store", `sled:${folder}`]).stdout, tokens);
  assert.equal(await issuer.stop(), 0);
  assertNone(issuer.log(), tokens);
  await logged(issuer, /path="\/sessions\/\{id\}"/);
  await logged(issuer, /path="\/refresh\/\[redacted\]"/);
});

/** Asserts that a text contains no secret part of a token, in any encoding. */
function assertNone(text, tokens) {
  for (const token of tokens) {
    for (let at = 8; at + 12 <= token.length; at += 1) {
      const part = token.slice(at, at + 12);
      assert.ok(!text.includes(part), `${part} of ${token}`);
      const encoded = [...Buffer.from(part)].map((byte) => byte.toString(16)).join("%");
      assert.ok(!text.includes(encoded) && !text.includes(encoded.replaceAll("%", "%25")), `${part} of ${token}, encoded`);
    }
  }
}
