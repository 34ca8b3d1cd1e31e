/** An issuer's memory levels off: the initial growth (the store's page cache, the allocator's arenas) ends. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { platform } from "node:process";
import { test } from "node:test";
import { importUsers, issuerFor, temporaryFolder } from "../support/issuer.js";
import { skipUnlessLong } from "../support/length.js";

/** Concurrent clients, and their users. */
const CLIENTS = 32;
const USERS = 200;

/** Requests per round, and rounds: the issuer's memory is read after each. */
const REQUESTS = Number(process.env.HALLPASS_MEMORY_REQUESTS ?? 20_000);
const ROUNDS = 6;

/**
 * MiB that the second half of the rounds may add. In a long run a leak of 100 bytes per request adds 6, in a short one a leak of
 * 500 bytes; noise of the allocator stays below 2.
 */
const MAX_GROWTH = 4;

const residentMebibytes = (pid) => Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

/** Sends one request on a keep-alive connection; returns `{ status, body }`. */
function sender({ port }) {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  return (method, path, { body, token } = {}) =>
    new Promise((resolve, reject) => {
      const text = body && JSON.stringify(body);
      const headers = {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(text && { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
      };
      const sent = request({ agent, host: "127.0.0.1", port, method, path, headers }, (answer) => {
        let received = "";
        answer.setEncoding("utf8").on("data", (part) => (received += part));
        answer.on("end", () => resolve({ status: answer.statusCode, body: received && JSON.parse(received) }));
      });
      sent.on("error", reject).end(text);
    });
}

/** A client with the typical mix of requests. */
class Client {
  #send;
  #user;
  #held;

  constructor(send, user) {
    this.#send = send;
    this.#user = user;
  }

  async signIn() {
    const { status, body } = await this.#send("POST", "/login", { body: { ...this.#user, transport: "body" } });
    assert.equal(status, 200, JSON.stringify(body));
    this.#held = body;
  }

  async act(dice) {
    const { access_token: token, refresh_token } = this.#held;
    if (dice < 0.6) return this.#renew(refresh_token);
    if (dice < 0.85) return this.#send("GET", "/me", { token });
    if (dice < 0.9) return this.#send("GET", "/sessions", { token });
    if (dice < 0.95) return this.#send("GET", `/nothing/${dice}`);
    if (dice < 0.995) return this.#send("POST", "/refresh", { body: { refresh_token: `hprt_${dice}` } });
    await this.#send("POST", "/logout", { body: { refresh_token } });
    return this.signIn();
  }

  async #renew(refresh_token) {
    const { status, body } = await this.#send("POST", "/refresh", { body: { refresh_token } });
    assert.equal(status, 200, JSON.stringify(body));
    this.#held = body;
  }
}

test("memory levels off under mixed requests", { skip: (platform !== "linux" && "memory is read from /proc") || skipUnlessLong }, async (t) => {
  const folder = temporaryFolder(t);
  const users = importUsers(folder, USERS);
  // Every use of a refresh token rotates: with a grace most of them would write nothing.
  const args = ["--store", `sled:${folder}`, "--refresh-grace", "0", "--hashing-deadline", "20s", "--log", "error"];
  const issuer = await issuerFor(t, { args, readsLog: false });
  const send = sender(issuer);
  const clients = users.slice(0, CLIENTS).map((user) => new Client(send, user));
  for (const client of clients) await client.signIn();
  const sizes = [residentMebibytes(issuer.pid)];
  for (let round = 0; round < ROUNDS; round += 1) {
    let left = REQUESTS;
    await Promise.all(clients.map(async (client) => {
      while (left-- > 0) await client.act(Math.random());
    }));
    sizes.push(residentMebibytes(issuer.pid));
  }
  t.diagnostic(`MiB after each ${REQUESTS} requests: ${sizes.map((size) => size.toFixed(1)).join(", ")}`);
  const growth = sizes.at(-1) - sizes[ROUNDS / 2];
  assert.ok(growth <= MAX_GROWTH, `the last ${(ROUNDS / 2) * REQUESTS} requests added ${growth.toFixed(1)} MiB`);
});
