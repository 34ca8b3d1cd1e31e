/** Passwords are hashed in a queue: a flood is answered or refused, and no other request waits for it. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { login, post, sleep } from "../support/client.js";
import { addUser, importUsers, issuerFor, run, temporaryFolder } from "../support/issuer.js";

const LOGINS = 200;

/**
 * An issuer with one worker, whose metrics are on another port, and what signs its users in. Each of them comes from an
 * address of its own: this is not about the limits on guessing.
 */
async function oneWorkerFor(t, count) {
  const folder = temporaryFolder(t);
  const users = importUsers(folder, count);
  const args = ["--store", `sled:${folder}`, "--hashing-workers", "1", "--admin-listen", "127.0.0.1:0"];
  const issuer = await issuerFor(t, { args: [...args, "--trusted-proxy", "127.0.0.1", "--hashing-deadline", "2s"] });
  const signIns = users.map((user, at) => ({
    body: { ...user, transport: "body" },
    headers: { "x-forwarded-for": `192.0.2.${at}` },
  }));
  const signIn = ({ body, headers }) => post(`${issuer.url}/login`, body, headers);
  return { issuer, signIns, signIn };
}

/** Waits until the issuer has logged this. */
async function logged(issuer, pattern) {
  let found;
  for (let waited = 0; waited < 200 && !found; waited++) {
    found = pattern.exec(issuer.log());
    if (!found) await sleep(20);
  }
  return found;
}

/** Reads the lines of the metrics. */
async function metrics(issuer) {
  const [, url] = await logged(issuer, /metrics on (http:\S+)/);
  return (await (await fetch(url)).text()).split("\n");
}

/** Reads one number of the metrics; 0 if it is missing. */
async function metric(issuer, name) {
  const line = (await metrics(issuer)).find((line) => line.startsWith(`${name} `));
  return line ? Number(line.slice(name.length + 1)) : 0;
}

/** Reads a histogram: how many values are at most each bound. The last has no bound. */
async function histogram(issuer, name) {
  const bucket = new RegExp(`^${name}_bucket\\{le="(.+)"\\} (\\d+)`);
  const found = (await metrics(issuer)).map((line) => bucket.exec(line)).filter((found) => found !== null);
  return found.map(([, bound, count]) => ({ bound: Number(bound.replace("+Inf", "Infinity")), count: Number(count) }));
}

/** The memory of a process in KiB. */
const memoryOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);

/** Sends a request and closes the connection: before any response, if `after` is 0. */
async function hangUp({ port }, path, { body, headers = {} }, after = 0) {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const json = JSON.stringify(body);
  const lines = Object.entries({ host: "x", "content-type": "application/json", "content-length": json.length, ...headers });
  const head = `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  await new Promise((sent) => socket.write(head + json, sent));
  await sleep(after);
  socket.destroy();
}

describe("hashing by turns", () => {
  test("a burst of sign-ins is answered in time or refused with Retry-After, and health checks are answered", async (t) => {
    const { issuer, signIns, signIn } = await oneWorkerFor(t, LOGINS);
    await Promise.all(signIns.slice(0, 10).map(signIn));
    const before = memoryOf(issuer.pid);
    const burst = Promise.all(
      signIns.map(async (each) => {
        const { status, headers } = await signIn(each);
        return { status, retryAfter: headers.get("retry-after") };
      }),
    );
    assert.equal((await fetch(`${issuer.url}/healthz`)).status, 200);
    assert.equal((await fetch(`${issuer.url}/readyz`)).status, 200);
    const answers = await burst;
    const served = answers.filter(({ status }) => status === 200).length;
    const refused = answers.filter(({ status }) => status === 503);
    assert.equal(served + refused.length, LOGINS);
    assert.ok(served > 0);
    for (const { retryAfter } of refused) assert.match(retryAfter, /^([1-9]|[1-5]\d|60)$/);
    assert.equal(await metric(issuer, 'hallpass_logins_total{outcome="ok"}'), 10 + served);
    assert.equal(await metric(issuer, 'hallpass_logins_total{outcome="overloaded"}'), refused.length);
    const sentAway =
      (await metric(issuer, 'hallpass_hash_dropped_total{reason="full"}')) +
      (await metric(issuer, 'hallpass_hash_dropped_total{reason="late"}'));
    assert.equal(sentAway, refused.length);
    assert.equal(await metric(issuer, 'hallpass_hash_queue_length{lane="unknown"}'), 0);
    // A hash each would have taken 19 MiB more.
    assert.ok(memoryOf(issuer.pid) - before < 40 * 1024, `${before} KiB before, ${memoryOf(issuer.pid)} after`);
  });

  test("a flood by known devices leaves unknown devices their share, and no request waits past its deadline", async (t) => {
    const accounts = 6;
    const connections = 5;
    const enough = 150;
    const deadline = 2;
    const folder = temporaryFolder(t);
    const users = importUsers(folder, 200);
    const args = ["--store", `sled:${folder}`, "--admin-listen", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1"];
    const hashing = ["--hashing-workers", "2", "--hashing-deadline", `${deadline}s`];
    const issuer = await issuerFor(t, { args: [...args, ...hashing] });
    // Each name has an address of its own, and no limit on guessing is near.
    const signIn = (at, body = {}) =>
      post(`${issuer.url}/login`, { ...users[at], transport: "body", ...body }, { "x-forwarded-for": `192.0.2.${at}` });
    const tokens = [];
    for (let at = 0; at < accounts; at += 1) tokens.push((await (await signIn(at)).json()).device_token);
    const served = { known: 0, unknown: 0 };
    const flooding = new Set();
    const flood = async (lane, next) => {
      while (served.known < enough) {
        const { status } = await next();
        if (status === 200) served[lane] += 1;
        else await sleep(50);
      }
    };
    for (let at = 0; at < accounts * connections; at += 1) {
      const account = at % accounts;
      flooding.add(flood("known", () => signIn(account, { device_token: tokens[account] })));
    }
    let stranger = accounts;
    const another = () => (stranger = stranger + 1 < users.length ? stranger + 1 : accounts);
    for (let at = 0; at < 12; at += 1) flooding.add(flood("unknown", () => signIn(another())));
    await Promise.all(flooding);
    // A third of all is half as many as the others'. The clients themselves leave their lane empty now and then.
    assert.ok(served.unknown > served.known / 4, `${served.unknown} beside ${served.known}`);
    const refused = [...issuer.log().matchAll(/path="?\/login"? status=503 micros=(\d+)/g)].map(([, micros]) => micros / 1e6);
    assert.ok(Math.max(0, ...refused) < 3 * deadline, `an answer of 503 after ${Math.max(...refused)} s`);
    const buckets = await histogram(issuer, "hallpass_hash_wait_seconds");
    const [first] = buckets.filter(({ bound }) => bound > deadline);
    assert.equal(first.count, buckets.at(-1).count, `of so many waits none was longer than ${first.bound} s`);
  });

  test("no password is hashed for a closed connection", async (t) => {
    const { issuer, signIns, signIn } = await oneWorkerFor(t, 40);
    const hashes = () => metric(issuer, "hallpass_hash_time_seconds_count");
    const gone = () => metric(issuer, 'hallpass_hash_dropped_total{reason="client_gone"}');
    await signIn(signIns[39]);
    const before = await hashes();
    // Others keep the worker busy for a third of a second, while these are gone already. More could fill the queue.
    const seconds = await metric(issuer, "hallpass_hash_time_seconds_sum") / before;
    const others = signIns.slice(10, 10 + Math.min(28, Math.ceil(0.33 / seconds))).map(signIn);
    await sleep(50);
    await Promise.all(signIns.slice(0, 10).map((each) => hangUp(issuer, "/login", each, 20)));
    const served = (await Promise.all(others)).filter(({ status }) => status === 200).length;
    for (let waited = 0; (await metric(issuer, 'hallpass_hash_queue_length{lane="unknown"}')) > 0; waited++) {
      assert.ok(waited < 100, "the queue is empty in the end");
      await sleep(50);
    }
    // Whatever was taken from the queue was hashed or dropped; most of those who hung up were still in it.
    assert.ok((await gone()) >= 5, `${await gone()} dropped`);
    assert.ok((await hashes()) - before <= served + 10 - (await gone()), "no hash beyond those that were answered");
  });

  test("a sign-out ends the session even if the client closes the connection", async (t) => {
    const issuer = await issuerFor(t);
    for (let round = 0; round < 20; round++) {
      const { refresh_token } = await (await login(issuer, { transport: "body" })).json();
      await hangUp(issuer, "/logout", { body: { refresh_token } });
      let over;
      for (let waited = 0; waited < 100 && !over; waited++) {
        await sleep(20);
        over = (await post(`${issuer.url}/refresh`, { refresh_token })).status === 400;
      }
      assert.ok(over, "the session is over");
    }
  });

  test("a weak hash is replaced at a successful sign-in, and the session continues", async (t) => {
    const folder = temporaryFolder(t);
    addUser(folder);
    const args = ["--store", `sled:${folder}`, "--argon2-memory", "20MiB", "--admin-listen", "127.0.0.1:0"];
    const issuer = await issuerFor(t, { args });
    await login(issuer, { password: "wrongPassword" });
    assert.equal(await metric(issuer, "hallpass_rewritten_hashes_total"), 0);
    const { refresh_token } = await (await login(issuer, { transport: "body" })).json();
    for (let waited = 0; (await metric(issuer, "hallpass_rewritten_hashes_total")) < 1; waited++) {
      assert.ok(waited < 100, "the hash is made anew");
      await sleep(50);
    }
    assert.equal((await login(issuer)).status, 200);
    assert.equal((await login(issuer, { password: "wrongPassword" })).status, 401);
    assert.equal((await post(`${issuer.url}/refresh`, { refresh_token })).status, 200);
    await sleep(200);
    assert.equal(await metric(issuer, "hallpass_rewritten_hashes_total"), 1);
  });
});

describe("the metrics", () => {
  test("are Prometheus text on their own port only", async (t) => {
    const issuer = await issuerFor(t, { args: ["--dev", "--admin-listen", "127.0.0.1:0"] });
    assert.equal((await fetch(`${issuer.url}/metrics`)).status, 404);
    await login(issuer, { username: "nobody" });
    const [, url] = await logged(issuer, /metrics on (http:\S+)/);
    const answer = await fetch(url);
    assert.match(answer.headers.get("content-type"), /^application\/openmetrics-text; version=1\.0\.0/);
    const text = await answer.text();
    assert.match(text, /^hallpass_build_info\{version="[^"]+"\} 1$/m);
    assert.match(text, /^hallpass_logins_total\{outcome="refused"\} 1$/m);
    assert.match(text, /^hallpass_http_requests_total\{route="other",status="4xx"\} 1$/m);
    assert.match(text, /^hallpass_hash_wait_seconds_count 1$/m);
    assert.match(text, /^# EOF$/m);
    assert.equal((await fetch(new URL("/login", url))).status, 404);
    assert.equal((await fetch(url, { method: "POST" })).status, 405);
  });
});

const ONE_CORE = ["taskset", "--cpu-list", "0"];
const cannotPin = spawnSync(ONE_CORE[0], [...ONE_CORE.slice(1), "true"]).status === 0 ? false : "`taskset` cannot give out core 0";

test("beside a busy process on the same core, only the first sign-in is slow", { skip: cannotPin }, async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const hog = spawn(ONE_CORE[0], [...ONE_CORE.slice(1), "sh", "-c", "while :; do :; done"], { stdio: "ignore" });
  t.after(() => hog.kill("SIGKILL"));
  const issuer = await issuerFor(t, { args: ["--store", `sled:${folder}`], under: ONE_CORE });
  // Behind all others one hash takes several seconds.
  assert.equal((await login(issuer)).status, 200);
  const begun = performance.now();
  for (let count = 0; count < 15; count += 1) assert.equal((await login(issuer)).status, 200);
  assert.ok(performance.now() - begun < 60_000, `${performance.now() - begun} ms`);
});

test("an invalid hashing option is reported by its name, with status 2", () => {
  for (const [args, expected] of [
    [["--argon2-memory", "18MiB"], /--argon2-memory.*OWASP's minimum.*19 MiB with 2/s],
    [["--argon2-memory", "19"], /such as 19MiB/],
    [["--argon2-passes", "1"], /OWASP's minimum/],
    [["--argon2-lanes", "17"], /lanes/],
    [["--hashing-workers", "0"], /--hashing-workers/],
    [["--hashing-workers", "2", "--hashing-memory", "37MiB"], /--hashing-memory of 37 MiB is too little.*need 38 MiB/s],
    [["--hashing-workers", "1", "--hashing-memory", "100000GiB"], /this machine or container has/],
    [["--hashing-deadline", "21s"], /from 1s to 20s/],
  ]) {
    const { status, stderr } = run(["serve", "--dev", "--listen", "127.0.0.1:0", ...args]);
    assert.equal(status, 2, `${args}: ${stderr}`);
    assert.match(stderr.replaceAll("\n", " "), expected, `${args}`);
  }
});
