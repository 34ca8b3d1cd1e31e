/** The order of system calls: a response is sent after the data that it depends on is written and synced. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { login, post, sleep } from "../support/client.js";
import { addUser, startIssuer, temporaryFolder } from "../support/issuer.js";
import { answered, cannotTrace, find, received } from "../support/trace.js";
import { syncBegins, syncReturns, traceIssuer, wroteLog } from "../support/trace.js";

const skip = cannotTrace();

/** The lines of a story, each once and shortened. */
const excerpt = (events, places) => {
  const shorten = (line) => `  ${line.replace(/"(.{0,24}).*?"\.*/, '"$1…"').slice(0, 130)}`;
  return [...new Set(places)].map((at) => shorten(events[at].line)).join("\n");
};

const options = { skip, timeout: 300_000 };

test("a sync follows each write and precedes its response: login, refresh, logout", options, async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const issuer = await traceIssuer(t, { args: ["--store", `sled:${folder}`, "--refresh-grace", "0"] });
  const first = await (await login(issuer, { transport: "body" })).json();
  const second = await (await post(`${issuer.url}/refresh`, { refresh_token: first.refresh_token })).json();
  assert.equal((await post(`${issuer.url}/logout`, { refresh_token: second.refresh_token })).status, 204);
  const events = await issuer.end();
  for (const path of ["/login", "/refresh", "/logout"]) {
    const came = find(events, 0, `the request for ${path}`, received(`POST ${path}`));
    const answer = find(events, came, `the answer to ${path}`, answered);
    find(events, came, `a write of ${path}`, wroteLog, answer);
    const wrote = events.slice(0, answer).findLastIndex(wroteLog);
    // The write has returned before this sync begins, which returns before the answer is sent.
    const began = find(events, wrote + 1, `a sync of what ${path} wrote`, syncBegins, answer);
    const synced = find(events, began, `the end of ${path}'s sync before its answer`, syncReturns, answer);
    t.diagnostic(`${path}\n${excerpt(events, [came, wrote, began, synced, answer])}`);
  }
});

test("a response that only reads waits for the sync of the data that it read", options, async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  // Time enough for another request while the sync is under way; where it is not, the next attempt may be in time.
  const args = ["--store", `sled:${folder}`, "--refresh-grace", "0"];
  const issuer = await traceIssuer(t, { args, slowSync: 600 });
  let pass = await (await login(issuer, { transport: "body" })).json();
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const renewal = post(`${issuer.url}/refresh`, { refresh_token: pass.refresh_token });
    await sleep(100);
    const me = await fetch(`${issuer.url}/me`, { headers: { authorization: `Bearer ${pass.token}` } });
    assert.equal(me.status, 200);
    pass = await (await renewal).json();
  }
  const events = await issuer.end();
  let during = 0;
  for (let at = 0; (at = events.findIndex((event, index) => index >= at && received("GET /me")(event))) >= 0; at += 1) {
    const socket = /^\d+/.exec(events[at].text)[0];
    const isAnswer = (event) => answered(event) && event.text.startsWith(`${socket}<`);
    const answer = find(events, at, "the answer to /me", isAnswer);
    const began = events.slice(0, at).filter(syncBegins).length;
    const returned = events.slice(0, at).filter(syncReturns).length;
    if (began === returned) continue;
    during += 1;
    const synced = find(events, at, "the end of the sync under way", syncReturns);
    assert.ok(synced < answer, "the answer that read was sent before the sync of what it read had returned");
    if (during === 1) t.diagnostic(`GET /me\n${excerpt(events, [at, synced, answer])}`);
  }
  assert.ok(during > 0, "no request came while a sync was under way");
});

test("the data of a killed process is synced before new writes", options, async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const killed = await startIssuer({ args: ["--store", `sled:${folder}`] });
  assert.equal((await login(killed)).status, 200);
  await killed.kill();
  const issuer = await traceIssuer(t, { args: ["--store", `sled:${folder}`] });
  const events = await issuer.end();
  const snapshot = find(events, 0, "a snapshot", ({ call, text }) => call === "write" && text.includes("/sled/snap."));
  const synced = find(events, 0, "a sync before it", syncReturns, snapshot);
  assert.equal(events.slice(0, synced).findIndex(wroteLog), -1);
});
