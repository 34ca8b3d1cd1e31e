/** Several issuers on one PostgreSQL give the same responses. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { COOKIES, post, sleep } from "../support/client.js";
import { credentials, run } from "../support/issuer.js";
import { addUserTo, cannotRunPostgres, environmentOf, issuersFor, onStore, startPostgres } from "../support/postgres.js";

const skip = cannotRunPostgres();

let env;
let server;
/** Cleanup of the resources that the tests share. */
const ends = [];

before(async () => {
  if (skip) return;
  server = await startPostgres({ after: (end) => ends.unshift(end) });
  env = environmentOf(server);
  addUserTo(env, credentials);
});
after(async () => {
  for (const end of ends) await end();
});

const login = (issuer, more = {}) => post(`${issuer.url}/login`, { ...credentials, transport: "body", ...more });
const refresh = (issuer, { refresh_token }) => post(`${issuer.url}/refresh`, { refresh_token });
const me = (issuer, { token }) => fetch(`${issuer.url}/me`, { headers: { authorization: `Bearer ${token}` } });

test("issuers that start concurrently on an empty database all work, with the same keys", { skip }, async (t) => {
  const server = await startPostgres(t);
  const fresh = environmentOf(server);
  const issuers = await issuersFor(t, 4, { env: fresh });
  const keys = await Promise.all(issuers.map(async ({ url }) => (await fetch(`${url}/.well-known/jwks.json`)).text()));
  assert.equal(new Set(keys).size, 1);
  for (const { url } of issuers) assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.match(onStore(fresh, ["store", "migrate"]), /^hallpass: the schema already has version \d+\n$/);
});

test("a session of one issuer is renewed, listed and ended by the others at once", { skip }, async (t) => {
  const [one, two, three] = await issuersFor(t, 3, { args: ["--refresh-grace", "0"], env });
  for (let round = 0; round < 20; round += 1) {
    const first = await (await login(one)).json();
    assert.equal((await me(two, first)).status, 200);
    const second = await (await refresh(two, first)).json();
    assert.equal((await me(three, second)).status, 200);
    assert.equal((await post(`${three.url}/logout`, { refresh_token: second.refresh_token })).status, 204);
    assert.equal((await me(one, second)).status, 401);
    assert.equal((await refresh(two, second)).status, 400);
  }
});

test("concurrent refreshes at several issuers return one successor", { skip }, async (t) => {
  const issuers = await issuersFor(t, 3, { env });
  for (let round = 0; round < 10; round += 1) {
    const first = await (await login(issuers[0])).json();
    const racers = Array.from({ length: 12 }, (_, index) => refresh(issuers[index % 3], first));
    const answers = await Promise.all((await Promise.all(racers)).map(async (answer) => [answer.status, await answer.json()]));
    // Too many at once are told to come back, and do.
    const given = answers.filter(([status]) => status === 200).map(([, body]) => body.refresh_token);
    for (const [status, body] of answers) assert.ok(status === 200 || body.error === "overloaded", JSON.stringify(body));
    assert.equal(new Set(given).size, 1);
    assert.notEqual(given[0], first.refresh_token);
    assert.equal((await (await refresh(issuers[1], first)).json()).refresh_token, given[0]);
  }
});

test("a stolen token at another issuer ends the session everywhere", { skip }, async (t) => {
  const [one, two] = await issuersFor(t, 2, { args: ["--refresh-grace", "0"], env });
  const first = await (await login(one)).json();
  const second = await (await refresh(two, first)).json();
  const third = await (await refresh(one, second)).json();
  assert.equal((await (await refresh(two, first)).json()).error, "invalid_grant");
  assert.equal((await refresh(one, third)).status, 400);
  assert.equal((await me(one, third)).status, 401);
});

test("concurrent registrations of a name at several issuers create one user", { skip }, async (t) => {
  const issuers = await issuersFor(t, 3, { args: ["--allow-registration"], env });
  const racers = issuers.map(({ url }) => post(`${url}/register`, { username: "newcomer", password: "a good passphrase" }));
  const statuses = (await Promise.all(racers)).map(({ status }) => status).sort();
  assert.deepEqual(statuses, [201, 409, 409]);
});

test("a password change at one issuer ends the sessions and applies at all issuers", { skip }, async (t) => {
  const [one, two] = await issuersFor(t, 2, { env });
  const user = { username: "changer", password: "the first passphrase" };
  addUserTo(env, user);
  const own = await (await login(one, user)).json();
  const other = await (await login(two, user)).json();
  const body = { current_password: user.password, new_password: "the second passphrase" };
  const changed = await post(`${one.url}/password`, body, { authorization: `Bearer ${own.token}` });
  assert.equal(changed.status, 204);
  assert.deepEqual([(await me(two, own)).status, (await me(two, other)).status], [200, 401]);
  assert.equal((await login(two, user)).status, 401);
  assert.equal((await login(two, { ...user, password: body.new_password })).status, 200);
});

test("commands work beside running issuers, with immediate effect", { skip }, async (t) => {
  const [issuer] = await issuersFor(t, 1, { env });
  const user = { username: "watched", password: "a good passphrase" };
  addUserTo(env, user);
  const pass = await (await login(issuer, user)).json();
  assert.match(onStore(env, ["session", "list", "--user", user.username]), /watched/);
  assert.match(onStore(env, ["user", "disable", user.username]), /sessions ended: 1/);
  assert.equal((await me(issuer, pass)).status, 401);
  assert.equal((await login(issuer, user)).status, 401);
  onStore(env, ["user", "enable", user.username]);
  assert.equal((await login(issuer, user)).status, 200);
});

test("an issuer on a shared store needs the shared master key", { skip }, () => {
  const serve = ["serve", "--listen", "127.0.0.1:0"];
  for (const key of [undefined, "", "too short"]) {
    const { status, stderr } = run(serve, { env: { HALLPASS_STORE: env.HALLPASS_STORE, HALLPASS_MASTER_KEY: key } });
    assert.equal(status, 2, stderr);
    assert.match(stderr, /^hallpass: .*HALLPASS_MASTER_KEY.*\n$/);
  }
});

test("a store's address with a password is accepted from the environment only, and never printed", () => {
  const address = "postgres://hallpass:s3cret@127.0.0.1:1/hallpass";
  const shown = [
    run(["user", "list", "--store", address]),
    run(["user", "list"], { env: { HALLPASS_STORE: "postgres://hallpass:s3cret@127.0.0.1:1/hallpass?sslmode=prefer" } }),
    run(["serve", "--help"], { env: { HALLPASS_STORE: address } }),
  ];
  assert.deepEqual(shown.map(({ status }) => status), [2, 2, 0]);
  assert.match(shown[0].stderr, /^error: invalid value for '--store <STORE>': an argument with a password/);
  assert.match(shown[1].stderr, /sslmode must be one of disable/);
  for (const { stdout, stderr } of shown) assert.doesNotMatch(stdout + stderr, /s3cret/);
});

/** The failures in a user's record. */
const recordedOf = (username) =>
  Number(server.query(`SELECT (convert_from(record, 'UTF8')::jsonb ->> 'failures')::int FROM hallpass.users WHERE username = '${username}'`));

test("an issuer writes its failure counts before it stops", { skip }, async (t) => {
  const [issuer] = await issuersFor(t, 1, { env });
  const user = { username: "stopped", password: "a good passphrase" };
  addUserTo(env, user);
  server.query("CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.7); RETURN NEW; END'");
  t.after(() => server.query("DROP FUNCTION slowly CASCADE"));
  server.query("CREATE TRIGGER slowly BEFORE UPDATE ON hallpass.users FOR EACH ROW EXECUTE FUNCTION slowly()");
  assert.equal((await login(issuer, { ...user, password: "a wrong guess" })).status, 401);
  await issuer.stop();
  assert.equal(recordedOf("stopped"), 4);
});

test("an issuer starts with the failure counts of the others, and lowers none", { skip }, async (t) => {
  const [one, two] = await issuersFor(t, 2, { env });
  const user = { username: "hammered", password: "a good passphrase" };
  addUserTo(env, user);
  const guess = async (issuer) => (await login(issuer, { ...user, password: "a wrong guess" })).status;
  const recorded = () => recordedOf("hammered");
  // The other issuer has seen the account before anything failed at it.
  assert.equal((await login(two, user)).status, 200);
  for (let count = 0; count < 5; count += 1) assert.equal(await guess(one), 401);
  for (let count = 0; recorded() !== 10; count += 1) {
    assert.ok(count < 200, "the failures are noted");
    await sleep(50);
  }
  const [three] = await issuersFor(t, 1, { env });
  assert.equal(await guess(three), 401);
  for (let count = 0; recorded() !== 20; count += 1) {
    assert.ok(count < 200, "the failures are added");
    await sleep(50);
  }
  assert.equal(await guess(two), 401);
  await sleep(300);
  assert.equal(recorded(), 20);
});

test("a sign-out with many tokens needs as many database queries as with one", { skip }, async (t) => {
  const settings = ["log_statement = all", "logging_collector = on", "log_directory = 'log'", "log_filename = 'all'"];
  const server = await startPostgres(t, settings);
  const env = environmentOf(server);
  addUserTo(env, credentials);
  // An issuer reads its keys by the clock too: rarely enough here.
  const [issuer] = await issuersFor(t, 1, { env, args: ["--key-ring-lag", "150s"] });
  const { refresh_token } = await (await login(issuer)).json();
  // Each names a key that no issuer has.
  const bogus = () => `hprt_${randomBytes(6).toString("base64url")}${refresh_token.slice("hprt_".length + 8)}`;
  const asked = (what) => readFileSync(join(server.data, "log", "all"), "utf8").split("\n").filter((line) => /LOG: {2}(statement|execute)/.test(line) && line.includes(what)).length;
  const before = [asked("hallpass.sessions"), asked("hallpass.key_ring")];
  const cookie = [...Array.from({ length: 15 }, bogus), refresh_token].map((token) => `${COOKIES.refresh}=${token}`).join("; ");
  assert.equal((await post(`${issuer.url}/logout`, undefined, { cookie })).status, 204);
  assert.equal((await refresh(issuer, { refresh_token })).status, 400);
  // Of the sign-out a look and a change, of the refresh a look; the keys for both, and once by the clock.
  assert.ok(asked("hallpass.sessions") - before[0] <= 3, `${asked("hallpass.sessions") - before[0]} questions about sessions`);
  assert.ok(asked("hallpass.key_ring") - before[1] <= 3, `${asked("hallpass.key_ring") - before[1]} questions about keys`);
});
