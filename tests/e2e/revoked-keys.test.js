/** A revoked refresh token key ends its sessions, on every endpoint and in every list, with an audit line each. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { cookieHeader, login, post, sleep } from "../support/client.js";
import { credentials, importUsersInto, startIssuer, temporaryFolder } from "../support/issuer.js";
import { addUserTo, cannotRunPostgres, environmentOf, onStore, startPostgres } from "../support/postgres.js";

/** Issuers that read the key ring several times a second. */
const ARGS = ["--key-ring-lag", "1s", "--key-set-max-age", "2s", "--issuer", "http://localhost:8080"];

/** Maximum milliseconds that a test waits for a condition. */
const PATIENCE = 60_000;

/** The stores: one issuer with a folder, several with a database. */
const STORES = [
  {
    name: "the embedded store",
    issuers: 1,
    open: (t) => ({ HALLPASS_STORE: `sled:${temporaryFolder(t)}`, HALLPASS_MASTER_KEY: randomBytes(32).toString("base64url") }),
  },
  { name: "PostgreSQL", issuers: 2, skip: cannotRunPostgres(), open: async (t) => environmentOf(await startPostgres(t)) },
];

async function start(t, env, count) {
  const issuers = await Promise.all(Array.from({ length: count }, () => startIssuer({ args: ARGS, env })));
  for (const issuer of issuers) t.after(() => issuer.kill());
  return issuers;
}

async function until(what, condition) {
  for (const end = Date.now() + PATIENCE; !(await condition()); await sleep(50)) {
    if (Date.now() > end) assert.fail(`never: ${what}`);
  }
}

function revoke(env, purpose) {
  const keys = onStore(env, ["keys", "list", "--json"]).trim().split("\n").map((line) => JSON.parse(line));
  return onStore(env, ["keys", "revoke", keys.find((key) => key.purpose === purpose && key.state === "in use").key]);
}

const bearer = ({ token }) => ({ authorization: `Bearer ${token}` });

/** Signs in, again after a 503, as the issuer asks of clients. */
async function signIn(issuer, more) {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await login(issuer, { transport: "body", ...more });
    if (answer.status === 200) return answer.json();
    assert.ok(answer.status === 503 && attempt < 60, `${answer.status} ${await answer.text()}`);
    await sleep(500);
  }
}

/** The sessions of these that `hallpass session list` shows. */
const listed = (env, ...sessions) => {
  const list = onStore(env, ["session", "list"]);
  return sessions.filter(({ session }) => list.includes(session.id));
};

/** The number of audit lines for sessions that ended because of a revoked key. */
const ends = (logs, { session }) =>
  logs.join("").split("\n").filter((line) => line.includes(session.id) && /event="session_ended".*cause=key_revoked/.test(line)).length;

/** The response of each endpoint to the tokens of a session. */
async function answers({ url }, session) {
  const headers = bearer(session);
  const password = { current_password: credentials.password, new_password: "anotherPassword" };
  const requests = [
    fetch(`${url}/me`, { headers }),
    fetch(`${url}/sessions`, { headers }),
    fetch(`${url}/sessions/${session.session.id}`, { headers, method: "DELETE" }),
    fetch(`${url}/sessions`, { headers, method: "DELETE" }),
    post(`${url}/password`, password, headers),
    post(`${url}/refresh`, { refresh_token: session.refresh_token }),
  ];
  return (await Promise.all(requests)).map(({ status }) => status);
}

for (const { name, issuers: count, skip, open } of STORES) {
  test(`sessions of a revoked key end while issuers run: ${name}`, { skip }, async (t) => {
    const env = await open(t);
    addUserTo(env, credentials);
    const issuers = await start(t, env, count);
    const one = issuers[0];
    const other = issuers.at(-1);
    const sessions = [await signIn(one), await signIn(other)];
    const cookie = cookieHeader(await login(one));
    assert.match(revoke(env, "refresh-tokens"), /sessions with a refresh token of this key have ended/);
    assert.deepEqual(listed(env, ...sessions), [], "listed no longer, at once");
    for (const issuer of issuers) {
      await until("refused", async () => (await fetch(`${issuer.url}/me`, { headers: bearer(sessions[0]) })).status === 401);
      for (const session of sessions) assert.deepEqual(await answers(issuer, session), [401, 401, 401, 401, 401, 400]);
      assert.equal((await fetch(`${issuer.url}/me`, { headers: { cookie } })).status, 401);
    }
    const fresh = await signIn(other);
    const own = await (await fetch(`${one.url}/sessions`, { headers: bearer(fresh) })).json();
    assert.deepEqual(own.sessions.map(({ id }) => id), [fresh.session.id]);
    assert.deepEqual(listed(env, fresh), [fresh]);
    const logs = () => issuers.map((issuer) => issuer.log());
    await until("a line for each end", () => sessions.every((session) => ends(logs(), session) > 0));
    for (const session of sessions) assert.equal(ends(logs(), session), 1);
    assert.equal(ends(logs(), fresh), 0);
  });

  test(`a killed revocation resumes at the next start: ${name}`, { skip }, async (t) => {
    const env = await open(t);
    const users = importUsersInto(env, 4);
    const [first] = await start(t, env, 1);
    const sessions = [];
    for (let round = 0; round < 16; round += 1) sessions.push(...(await Promise.all(users.map((user) => signIn(first, user)))));
    await first.kill();
    revoke(env, "refresh-tokens");
    assert.deepEqual(listed(env, ...sessions), [], "listed no longer, though no issuer runs");
    const [second] = await start(t, env, 1);
    await until("one has ended", () => sessions.some((session) => ends([second.log()], session)));
    await second.kill();
    const issuers = await start(t, env, count);
    const fresh = await signIn(issuers[0], users[0]);
    assert.equal((await fetch(`${issuers[0].url}/me`, { headers: bearer(fresh) })).status, 200);
    const logs = () => [second, ...issuers].map((issuer) => issuer.log());
    // An issuer ends the sessions of one revocation before those of the next.
    revoke(env, "refresh-tokens");
    await until("the next revocation has ended its session", () => ends(logs(), fresh));
    // The kill may have cut off lines of sessions that the second had ended. Any other would end now, with a line.
    const silent = sessions.filter((session) => !ends(logs(), session));
    assert.ok(silent.length < sessions.length);
    for (const session of silent) assert.equal((await post(`${issuers[0].url}/refresh`, { refresh_token: session.refresh_token })).status, 400);
    const { session: last } = await signIn(issuers[0], users[1]);
    await until("the log has come so far", () => issuers[0].log().includes(last.id));
    for (const session of silent) assert.equal(ends(logs(), session), 0);
    for (const session of sessions.slice(0, 4)) assert.deepEqual((await answers(issuers[0], session))[0], 401);
    assert.ok(sessions.every((session) => ends(logs(), session) <= 1));
    assert.deepEqual(listed(env, ...sessions), []);
  });

  test(`a reset of the keys ends every session: ${name}`, { skip }, async (t) => {
    const env = await open(t);
    addUserTo(env, credentials);
    const [first] = await start(t, env, 1);
    const session = await signIn(first);
    await first.stop();
    onStore(env, ["keys", "reset", "--yes"]);
    assert.deepEqual(listed(env, session), []);
    const [second] = await start(t, env, 1);
    assert.deepEqual(await answers(second, session), [401, 401, 401, 401, 401, 400]);
    await until("a line for its end", () => ends([second.log()], session) === 1);
    assert.equal((await signIn(second)).token_type, "Bearer");
  });

  test(`running issuers refuse tokens of a revoked signing key: ${name}`, { skip }, async (t) => {
    const env = await open(t);
    addUserTo(env, credentials);
    const issuers = await start(t, env, count);
    const session = await signIn(issuers[0]);
    revoke(env, "EdDSA");
    for (const issuer of issuers) {
      await until("refused", async () => (await fetch(`${issuer.url}/me`, { headers: bearer(session) })).status === 401);
    }
    const renewed = await (await post(`${issuers[0].url}/refresh`, { refresh_token: session.refresh_token })).json();
    assert.equal((await fetch(`${issuers.at(-1).url}/me`, { headers: bearer(renewed) })).status, 200);
  });
}
