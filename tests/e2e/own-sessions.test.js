/** Users manage their own sessions and passwords; the operator manages those of all users. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { cookieHeader, logged, login, post } from "../support/client.js";
import { addUser, credentials, issuerFor, run, startIssuer, temporaryFolder } from "../support/issuer.js";

const bearer = (token) => ({ authorization: `Bearer ${token}` });
const signIn = async (issuer, more) => (await login(issuer, { transport: "body", ...more })).json();
const refresh = (issuer, { refresh_token }) => post(`${issuer.url}/refresh`, { refresh_token });
const me = async (issuer, { token }) => (await fetch(`${issuer.url}/me`, { headers: bearer(token) })).status;
const end = (issuer, path, { token }) => fetch(issuer.url + path, { method: "DELETE", headers: bearer(token) });

async function listed(issuer, { token }) {
  const answer = await fetch(`${issuer.url}/sessions`, { headers: bearer(token) });
  assert.equal(answer.status, 200);
  return (await answer.json()).sessions;
}

async function assertError(response, status, error) {
  const body = await response.json();
  assert.deepEqual([response.status, body.error], [status, error], body.error_description);
}

const FIREFOX = "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0";

test("a user lists their sessions, with the current one and its client", async (t) => {
  const issuer = await issuerFor(t);
  const phone = await (await login(issuer, { transport: "body" }, { "user-agent": FIREFOX.padEnd(300, "!") })).json();
  const laptop = await (await login(issuer, { transport: "body" }, { "user-agent": "a laptop" })).json();
  const sessions = await listed(issuer, laptop);
  const byId = Object.fromEntries(sessions.map((session) => [session.id, session]));
  assert.deepEqual(Object.keys(byId).sort(), [phone.session.id, laptop.session.id].sort());
  const { created_at, last_used_at, ...own } = byId[laptop.session.id];
  assert.deepEqual(own, { ...laptop.session, label: "a laptop", client: null, current: true });
  assert.ok(Math.abs(created_at - Date.now() / 1000) < 60 && last_used_at === created_at);
  assert.equal(byId[phone.session.id].label, FIREFOX.padEnd(256, "!"));
  assert.equal(byId[phone.session.id].client, "Firefox 145 on Android");
  assert.equal(byId[phone.session.id].current, false);
  await assertError(await fetch(`${issuer.url}/sessions`), 401, "invalid_token");
});

test("a list requested with a refresh cookie only is served after a renewal", async (t) => {
  const issuer = await issuerFor(t);
  const [, refreshCookie] = cookieHeader(await login(issuer)).split("; ");
  const answer = await fetch(`${issuer.url}/sessions`, { headers: { cookie: refreshCookie } });
  assert.equal((await answer.json()).sessions.length, 1);
  assert.equal(answer.headers.getSetCookie().length, 2);
});

test("an error after a renewal has the new cookies too", async (t) => {
  const issuer = await issuerFor(t);
  const [, cookie] = cookieHeader(await login(issuer)).split("; ");
  const body = { current_password: "wrongPassword", new_password: "anotherPassword" };
  const answers = [
    [await post(`${issuer.url}/password`, body, { cookie }), 403, "invalid_credentials"],
    [await fetch(`${issuer.url}/sessions/nonsense`, { method: "DELETE", headers: { cookie } }), 404, "not_found"],
  ];
  for (const [answer, status, error] of answers) {
    assert.equal(answer.headers.getSetCookie().length, 2);
    await assertError(answer, status, error);
  }
});

test("a user ends one session, with immediate effect on the issuer's endpoints", async (t) => {
  const issuer = await issuerFor(t);
  const own = await signIn(issuer);
  const other = await signIn(issuer);
  for (let times = 0; times < 2; times += 1) {
    assert.equal((await end(issuer, `/sessions/${other.session.id}`, own)).status, 204, "over already is fine");
  }
  assert.equal(await me(issuer, other), 401);
  await assertError(await refresh(issuer, other), 400, "invalid_grant");
  assert.deepEqual((await listed(issuer, own)).map(({ id }) => id), [own.session.id]);
  // An unknown id, an invalid id, and a longer path.
  for (const id of ["00000000-0000-4000-8000-000000000000", "nonsense", "a/b"]) {
    await assertError(await end(issuer, `/sessions/${id}`, own), 404, "not_found");
  }
  const wrongMethod = await fetch(`${issuer.url}/sessions/${own.session.id}`, { headers: bearer(own.token) });
  assert.equal(wrongMethod.headers.get("allow"), "DELETE");
  assert.equal((await end(issuer, `/sessions/${own.session.id}`, own)).status, 204);
  assert.equal(await me(issuer, own), 401);
});

test("a user cannot see or end the session of another", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  addUser(folder, { username: "other", password: "otherPassword" });
  const issuer = await issuerFor(t, { args: ["--store", `sled:${folder}`] });
  const own = await signIn(issuer);
  const other = await signIn(issuer, { username: "other", password: "otherPassword" });
  await assertError(await end(issuer, `/sessions/${other.session.id}`, own), 404, "not_found");
  assert.equal((await end(issuer, "/sessions", own)).status, 204);
  assert.equal(await me(issuer, own), 401);
  assert.equal(await me(issuer, other), 200);
});

test("a user ends all sessions, and the cookies are cleared", async (t) => {
  const issuer = await issuerFor(t);
  const others = [await signIn(issuer), await signIn(issuer)];
  const cookie = cookieHeader(await login(issuer));
  const answer = await fetch(`${issuer.url}/sessions`, { method: "DELETE", headers: { cookie } });
  assert.equal(answer.status, 204);
  for (const each of answer.headers.getSetCookie()) assert.match(each, /^hallpass_\w+=; .*Max-Age=0/);
  for (const other of others) assert.equal(await me(issuer, other), 401);
  assert.equal((await fetch(`${issuer.url}/me`, { headers: { cookie } })).status, 401);
});

test("a page of another origin can neither end a session nor change a password", async (t) => {
  const issuer = await issuerFor(t);
  const own = await signIn(issuer);
  const headers = { ...bearer(own.token), origin: "https://evil.example" };
  for (const [method, path] of [["DELETE", "/sessions"], ["DELETE", `/sessions/${own.session.id}`], ["POST", "/password"]]) {
    await assertError(await fetch(issuer.url + path, { method, headers }), 403, "csrf_rejected");
  }
  assert.equal(await me(issuer, own), 200);
});

test("a changed password ends the user's other sessions and keeps the current one", async (t) => {
  const issuer = await issuerFor(t);
  const own = await signIn(issuer);
  const other = await signIn(issuer);
  const change = (current_password, new_password, { token } = own) =>
    post(`${issuer.url}/password`, { current_password, new_password }, bearer(token));
  const { password } = credentials;
  await assertError(await change("wrongPassword", "anotherPassword"), 403, "invalid_credentials");
  await assertError(await change(password, "short"), 422, "weak_password");
  await assertError(await change("", "anotherPassword"), 400, "invalid_request");
  await assertError(await post(`${issuer.url}/password`, {}, bearer(own.token)), 400, "invalid_request");
  await assertError(await change(password, "anotherPassword", { token: "nonsense" }), 401, "invalid_token");
  assert.equal(await me(issuer, other), 200);

  const changed = await change(password, "anotherPassword");
  assert.deepEqual([changed.status, await changed.text()], [204, ""]);
  assert.equal(await me(issuer, other), 401);
  await assertError(await refresh(issuer, other), 400, "invalid_grant");
  assert.equal(await me(issuer, own), 200);
  assert.equal((await refresh(issuer, own)).status, 200);
  assert.equal((await login(issuer)).status, 401);
  assert.equal((await login(issuer, { password: "anotherPassword" })).status, 200);
  await issuer.stop();
  await logged(issuer, /event="password_changed"/);
  await logged(issuer, new RegExp(`session=${other.session.id} cause=password_changed`));
  assert.doesNotMatch(issuer.log(), /anotherPassword/);
});

test("the 101st session ends the least recently used one", { timeout: 300_000 }, async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--refresh-grace", "0"] });
  const first = await signIn(issuer);
  const second = await signIn(issuer);
  // Used again in a later second than all that have begun so far.
  const { last_used_at } = (await listed(issuer, second))[0];
  let used = second;
  do used = await (await refresh(issuer, used)).json();
  while ((await listed(issuer, used)).find(({ current }) => current).last_used_at <= last_used_at);
  const more = [];
  for (let index = 0; index < 98; index += 1) more.push(await signIn(issuer));
  assert.equal((await listed(issuer, used)).length, 100);
  assert.equal(await me(issuer, first), 200);
  more.push(await signIn(issuer));
  assert.equal((await listed(issuer, used)).length, 100);
  assert.equal(await me(issuer, first), 401);
  for (const session of [used, ...more]) assert.equal(await me(issuer, session), 200);
  await issuer.stop();
  await logged(issuer, new RegExp(`session=${first.session.id} cause=too_many_sessions`));
});

test("the operator lists and ends sessions", async (t) => {
  const folder = temporaryFolder(t);
  const store = ["--store", `sled:${folder}`];
  addUser(folder);
  addUser(folder, { username: "other", password: "otherPassword" });
  let issuer = await startIssuer({ args: store });
  const one = await (await login(issuer, { transport: "body" }, { "user-agent": "a phone" })).json();
  const two = await signIn(issuer);
  const others = await signIn(issuer, { username: "other", password: "otherPassword" });
  await issuer.stop();

  const list = (...args) => run(["session", "list", ...args, ...store]).stdout.trimEnd().split("\n").slice(1);
  assert.equal(list().length, 3);
  const date = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ";
  const line = new RegExp(`^${one.session.id}  ${date}  ${date}  ${date}  exampleUser  -  a phone$`);
  assert.equal(list("--user", "exampleUser").filter((each) => line.test(each)).length, 1);
  assert.equal(list("--user", "other").length, 1);

  assert.match(run(["session", "revoke", one.session.id, ...store]).stdout, /^hallpass: sessions ended: 1\n$/);
  const byUser = run(["session", "revoke", "--user", "other", ...store]);
  assert.match(byUser.stdout, /sessions ended: 1/);
  assert.match(byUser.stderr, new RegExp(`session=${others.session.id} cause=revoked_by_operator address=command-line`));
  assert.match(run(["session", "revoke", "--user", "nobody", ...store]).stderr, /^hallpass: no such user: nobody\n$/);
  const unknown = run(["session", "revoke", "00000000-0000-4000-8000-000000000000", ...store]);
  assert.deepEqual([unknown.status, unknown.stderr], [1, "hallpass: no such session: 00000000-0000-4000-8000-000000000000\n"]);
  assert.equal(run(["session", "revoke", ...store]).status, 2);
  assert.equal(run(["session", "revoke", "nonsense", ...store]).status, 2);
  assert.equal(list().length, 1);

  issuer = await startIssuer({ args: store });
  t.after(() => issuer.kill());
  assert.deepEqual([(await refresh(issuer, one)).status, (await refresh(issuer, others)).status], [400, 400]);
  assert.equal((await refresh(issuer, two)).status, 200);
});

test("a disabled user is signed out and cannot sign in until enabled again", async (t) => {
  const folder = temporaryFolder(t);
  const store = ["--store", `sled:${folder}`];
  addUser(folder);
  let issuer = await startIssuer({ args: store });
  const one = await signIn(issuer);
  await issuer.stop();
  const disabled = run(["user", "disable", "exampleUser", ...store]);
  assert.equal(disabled.stdout, "hallpass: disabled exampleUser; sessions ended: 1\n");
  assert.match(disabled.stderr, new RegExp(`event="user_disabled" user=${one.user.id} address="?command-line`));
  assert.match(disabled.stderr, new RegExp(`session=${one.session.id} cause=revoked_by_operator`));
  issuer = await startIssuer({ args: store });
  // Nobody learns from outside that the user is disabled.
  await assertError(await login(issuer), 401, "invalid_credentials");
  assert.equal(await me(issuer, one), 401);
  await assertError(await refresh(issuer, one), 400, "invalid_grant");
  await issuer.stop();
  assert.equal(run(["user", "enable", "exampleUser", ...store]).stdout, "hallpass: enabled exampleUser\n");
  assert.match(run(["user", "enable", "nobody", ...store]).stderr, /hallpass: no such user: nobody\n$/);
  issuer = await startIssuer({ args: store });
  t.after(() => issuer.kill());
  assert.equal((await login(issuer)).status, 200);
  await assertError(await refresh(issuer, one), 400, "invalid_grant");
});
