/** The rules of refresh over HTTP: tabs, lost responses, late retries, theft, and the audit log. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { COOKIES, cookieHeader, cookieValue, logged, login, post, sleep } from "../support/client.js";
import { issuerFor } from "../support/issuer.js";

const REFRESH = COOKIES.refresh;

/** Every use rotates, and every retry is late. */
const STRICT = ["--dev", "--refresh-grace", "0"];

const refresh = (issuer, refresh_token) => post(`${issuer.url}/refresh`, { refresh_token });
const me = (issuer, token) => fetch(`${issuer.url}/me`, { headers: { authorization: `Bearer ${token}` } });
const signIn = async (issuer) => (await login(issuer, { transport: "body" })).json();

/** Renews, and returns the body of the response. */
async function renewed(issuer, refresh_token) {
  const answer = await refresh(issuer, refresh_token);
  const body = await answer.json();
  assert.equal(answer.status, 200, body.error_description);
  return body;
}

async function assertOver(issuer, refresh_token) {
  const answer = await refresh(issuer, refresh_token);
  assert.deepEqual([answer.status, (await answer.json()).error], [400, "invalid_grant"]);
}

/** The audit lines of a stopped issuer, except those of its keys, as objects. */
async function auditOf(issuer) {
  await issuer.stop();
  const lines = issuer.log().split("\n").filter((line) => line.includes(" audit ") && !line.includes('event="key_'));
  return lines.map((line) => ({
    level: /\b(INFO|WARN)\b/.exec(line)[1],
    ...Object.fromEntries([...line.matchAll(/(\w+)=("[^"]*"|\S+)/g)].map(([, name, value]) => [name, value.replaceAll('"', "")])),
  }));
}

test("tabs that renew concurrently get the same pair", async (t) => {
  const issuer = await issuerFor(t);
  const cookie = cookieHeader(await login(issuer));
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => post(`${issuer.url}/refresh`, undefined, { cookie })),
  );
  assert.ok(answers.every((answer) => answer.status === 200));
  const cookies = answers.map((answer) => cookieValue(cookieHeader(answer), REFRESH));
  assert.equal(new Set(cookies).size, 1);
  assert.notEqual(cookies[0], cookieValue(cookie, REFRESH));
  for (const answer of answers) assert.equal((await me(issuer, (await answer.json()).token)).status, 200);
});

test("concurrent requests that are renewed get the same pair", async (t) => {
  const issuer = await issuerFor(t);
  const refreshCookie = cookieHeader(await login(issuer)).split("; ")[1];
  const [beside, onTheWay] = await Promise.all([
    post(`${issuer.url}/refresh`, undefined, { cookie: refreshCookie }),
    fetch(`${issuer.url}/me`, { headers: { cookie: refreshCookie } }),
  ]);
  assert.deepEqual([beside.status, onTheWay.status], [200, 200]);
  assert.equal(cookieValue(cookieHeader(beside), REFRESH), cookieValue(cookieHeader(onTheWay), REFRESH));
});

test("a repeated refresh returns the lost response, and a reload gets the current token", async (t) => {
  const issuer = await issuerFor(t);
  const { refresh_token } = await signIn(issuer);
  const second = await renewed(issuer, refresh_token);
  const retried = await renewed(issuer, refresh_token);
  assert.equal(retried.refresh_token, second.refresh_token);
  assert.notEqual(retried.token, second.token);
  const reloaded = await renewed(issuer, second.refresh_token);
  assert.equal(reloaded.refresh_token, second.refresh_token);
  await issuer.stop();
  await logged(issuer, /answered again.*grace_answers=1/);
});

test("a retry gets the same token, then Retry-After, then a new token that replaces the first", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--refresh-grace", "3s"] });
  const { refresh_token } = await signIn(issuer);
  const second = await renewed(issuer, refresh_token);
  const seen = [];
  let late;
  while (!late) {
    const answer = await refresh(issuer, refresh_token);
    const body = await answer.json();
    if (answer.status === 503) {
      assert.equal(body.error, "retry_later");
      const seconds = Number(answer.headers.get("retry-after"));
      assert.ok(seconds >= 1 && seconds <= 4, String(seconds));
      seen.push("wait");
    } else {
      assert.equal(answer.status, 200, body.error_description);
      if (body.refresh_token !== second.refresh_token) late = body;
      seen.push(late ? "another" : "same");
    }
    await sleep(100);
  }
  assert.deepEqual([...new Set(seen)], ["same", "wait", "another"]);
  await assertOver(issuer, second.refresh_token);
  await assertOver(issuer, late.refresh_token);
  await issuer.stop();
  // To be told to wait is no fault.
  await logged(issuer, / INFO .*status=503 .*the refresh token was used a moment ago/);
  assert.doesNotMatch(issuer.log(), / ERROR /);
});

test("an old token ends the session with all its tokens, and the audit log has the event", async (t) => {
  const issuer = await issuerFor(t, { args: STRICT });
  const first = await signIn(issuer);
  const second = await renewed(issuer, first.refresh_token);
  const third = await renewed(issuer, second.refresh_token);
  assert.equal((await me(issuer, third.token)).status, 200);
  await assertOver(issuer, first.refresh_token);
  await assertOver(issuer, third.refresh_token);
  for (const { token } of [first, second, third]) assert.equal((await me(issuer, token)).status, 401);

  const { session, user } = first;
  const [began, ended, ...more] = await auditOf(issuer);
  assert.deepEqual(more, []);
  const fields = { user: user.id, session: session.id, address: "127.0.0.1" };
  assert.deepEqual(began, { level: "INFO", event: "session_began", device: "new", ...fields });
  assert.deepEqual(ended, { level: "WARN", event: "session_ended", ...fields, cause: "token_reuse" });
  for (const { refresh_token } of [first, second, third]) assert.ok(!issuer.log().includes(refresh_token.slice(-30)));
});

test("without a grace a retry replaces the token, so that two holders end the session", async (t) => {
  const issuer = await issuerFor(t, { args: STRICT });
  const { refresh_token } = await signIn(issuer);
  const owners = await renewed(issuer, refresh_token);
  const thiefs = await renewed(issuer, refresh_token);
  assert.notEqual(owners.refresh_token, thiefs.refresh_token);
  await assertOver(issuer, owners.refresh_token);
  await assertOver(issuer, thiefs.refresh_token);
});

test("a forged token ends no session", async (t) => {
  const issuer = await issuerFor(t, { args: STRICT });
  const { refresh_token } = await signIn(issuer);
  const made = `${refresh_token.slice(0, 50)}${"A".repeat(refresh_token.length - 50)}`;
  await assertOver(issuer, made);
  assert.equal((await post(`${issuer.url}/logout`, { refresh_token: made })).status, 204);
  await renewed(issuer, refresh_token);
});

test("any genuine token of a session signs it out, even an old one", async (t) => {
  const issuer = await issuerFor(t, { args: STRICT });
  const first = await signIn(issuer);
  const second = await renewed(issuer, first.refresh_token);
  const third = await renewed(issuer, second.refresh_token);
  assert.equal((await post(`${issuer.url}/logout`, { refresh_token: first.refresh_token })).status, 204);
  await assertOver(issuer, third.refresh_token);
  assert.equal((await me(issuer, third.token)).status, 401);
  const audit = await auditOf(issuer);
  assert.deepEqual(audit.map(({ event, cause }) => [event, cause]), [
    ["session_began", undefined],
    ["session_ended", "signed_out"],
  ]);
});
