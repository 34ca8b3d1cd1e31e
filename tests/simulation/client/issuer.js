/** The real issuer, the release binary, whose clock this process moves (libfaketime). */

import { existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { addUser, startIssuer, temporaryFolder } from "../../support/issuer.js";

export const USERS = ["ada", "grace"];
export const PASSWORD = "correct-horse-battery";

/** Where Debian's package `libfaketime` puts the library that lies about the time. */
export function libfaketime() {
  const folders = existsSync("/usr/lib") ? readdirSync("/usr/lib") : [];
  return folders.map((folder) => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`).find(existsSync);
}

/**
 * Starts an issuer with two users. `setTime(seconds)` moves its clock; `post` asks it; `thefts()` are
 * the sessions that it ended as stolen, all of them once it has come to its `stop()`.
 */
export async function startIssuerWithClock(test, { start }) {
  const folder = temporaryFolder(test);
  const file = join(folder, "time");
  const setTime = (seconds) => {
    const text = new Date(Math.floor(seconds) * 1000).toISOString().replace("T", " ").slice(0, 19);
    // At once: the issuer must not read half of it.
    writeFileSync(`${file}.new`, `${text}\n`);
    renameSync(`${file}.new`, file);
  };
  setTime(start);
  const store = join(folder, "store");
  for (const username of USERS) addUser(store, { username, password: PASSWORD });
  const issuer = await startIssuer({
    args: ["--store", `sled:${store}`],
    env: {
      LD_PRELOAD: libfaketime(),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      // Timers, and what the issuer measures of itself, go by the monotonic clock.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
      TZ: "UTC",
    },
  });
  test.after(() => issuer.stop());
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  test.after(() => agent.destroy());
  return {
    setTime,
    post: (path, body, cookie) => post(agent, issuer.port, path, body, cookie),
    thefts: () => [...issuer.log().matchAll(/session_ended".*?session=([0-9a-f-]+) cause="?token_reuse/gi)].map(([, session]) => session),
    stop: issuer.stop,
  };
}

function post(agent, port, path, body, cookie) {
  const headers = { ...(body !== undefined && { "content-type": "application/json" }), ...(cookie && { cookie }) };
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, host: "127.0.0.1", method: "POST", path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part)).on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    sent.on("error", reject).end(body);
  });
}
