/** A session over HTTP: both transports, renewal, sign-out. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { COOKIES, cookieHeader, cookieValue, logged, login, post } from "../support/client.js";
import { issuerFor, run, temporaryFolder } from "../support/issuer.js";

const REFRESH = COOKIES.refresh;

const refresh = (issuer, body, headers) => post(`${issuer.url}/refresh`, body, headers);
const logout = (issuer, body, headers) => post(`${issuer.url}/logout`, body, headers);

async function assertError(response, status, error) {
  const body = await response.json();
  assert.deepEqual([response.status, body.error], [status, error], body.error_description);
}

test("a refresh cookie returns a new pair, and its reuse without a grace ends the session", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--refresh-grace", "0", "--late-window", "0"] });
  const first = cookieHeader(await login(issuer));
  const renewed = await refresh(issuer, undefined, { cookie: first });
  assert.equal(renewed.status, 200);
  const body = await renewed.json();
  assert.equal(body.token, body.access_token);
  assert.equal(body.refresh_token, undefined);
  const second = cookieHeader(renewed);
  assert.notEqual(cookieValue(second, REFRESH), cookieValue(first, REFRESH));
  await assertError(await refresh(issuer, undefined, { cookie: first }), 400, "invalid_grant");
  assert.equal((await refresh(issuer, undefined, { cookie: second })).status, 200);
});

test("a client with the body transport gets no cookies", async (t) => {
  const issuer = await issuerFor(t);
  const answer = await login(issuer, { transport: "body" });
  assert.deepEqual(answer.headers.getSetCookie(), []);
  const { refresh_token } = await answer.json();
  assert.match(refresh_token, /^hprt_[\w-]{102}$/);
  const renewed = await refresh(issuer, { refresh_token });
  assert.deepEqual(renewed.headers.getSetCookie(), []);
  const second = (await renewed.json()).refresh_token;
  assert.notEqual(second, refresh_token);
  assert.equal((await logout(issuer, { refresh_token: second })).status, 204);
  await assertError(await refresh(issuer, { refresh_token: second }), 400, "invalid_grant");
});

test("a refresh token keeps its transport", async (t) => {
  const issuer = await issuerFor(t);
  const cookie = cookieHeader(await login(issuer));
  const fromCookie = cookieValue(cookie, REFRESH);
  await assertError(await refresh(issuer, { refresh_token: fromCookie }), 400, "invalid_request");
  const { refresh_token } = await (await login(issuer, { transport: "body" })).json();
  await assertError(await refresh(issuer, undefined, { cookie: `${REFRESH}=${refresh_token}` }), 400, "invalid_request");
  await assertError(await refresh(issuer, { refresh_token }, { cookie }), 400, "invalid_request");
  await assertError(await refresh(issuer, {}), 400, "invalid_request");
  // None of this cost either session its token.
  assert.equal((await refresh(issuer, { refresh_token })).status, 200);
  assert.equal((await refresh(issuer, undefined, { cookie })).status, 200);
});

test("an old refresh token ends its session, in both transports", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--refresh-grace", "0"] });
  const renewed = async (body, headers) => {
    const answer = await refresh(issuer, body, headers);
    assert.equal(answer.status, 200);
    return body ? (await answer.json()).refresh_token : cookieHeader(answer);
  };
  const inBody = await (await login(issuer, { transport: "body" })).json();
  let token = inBody.refresh_token;
  for (let round = 0; round < 2; round += 1) token = await renewed({ refresh_token: token });
  const stolen = { cookie: `${REFRESH}=${inBody.refresh_token}` };
  await assertError(await refresh(issuer, undefined, stolen), 400, "invalid_grant");
  await assertError(await refresh(issuer, { refresh_token: token }), 400, "invalid_grant");

  const inCookie = cookieHeader(await login(issuer));
  let cookie = inCookie;
  for (let round = 0; round < 2; round += 1) cookie = await renewed(undefined, { cookie });
  await assertError(await refresh(issuer, { refresh_token: cookieValue(inCookie, REFRESH) }), 400, "invalid_grant");
  await assertError(await refresh(issuer, undefined, { cookie }), 400, "invalid_grant");
  assert.equal((await fetch(`${issuer.url}/me`, { headers: { cookie } })).status, 401);
  await issuer.stop();
  await logged(issuer, /(event="session_ended".*cause=token_reuse[^]*){2}/);
  assert.equal(issuer.log().match(/event="session_ended".*cause=token_reuse/g)?.length, 2);
});

test("a refresh token of another issuer is refused", async (t) => {
  const issuer = await issuerFor(t);
  for (const refresh_token of ["", "hprt_", `hprt_${"A".repeat(102)}`, "x".repeat(9000), "hprt_é"]) {
    await assertError(await refresh(issuer, { refresh_token }), 400, "invalid_grant");
  }
});

test("a refresh without a cookie and without a body is a 204", async (t) => {
  const issuer = await issuerFor(t);
  const access = cookieHeader(await login(issuer)).split("; ").find((cookie) => cookie.startsWith(COOKIES.access));
  for (const headers of [{}, { cookie: "theme=dark" }, { cookie: access }, { cookie: `${REFRESH}=` }]) {
    const answer = await refresh(issuer, undefined, headers);
    assert.deepEqual([answer.status, await answer.text(), answer.headers.getSetCookie()], [204, "", []]);
    assert.equal(answer.headers.get("cache-control"), "no-store");
  }
});

test("a header of another scheme is ignored, and the cookies are read", async (t) => {
  const issuer = await issuerFor(t);
  const cookie = cookieHeader(await login(issuer));
  const refreshCookie = `${REFRESH}=${cookieValue(cookie, REFRESH)}`;
  for (const authorization of ["Basic c3RhZ2luZzpzdGFnaW5n", "Digest username=a", "Negotiate", "Bearers a.b.c"]) {
    const ask = async (path, method = "GET", body) => {
      const content = body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
      return (await fetch(issuer.url + path, { method, ...content, headers: { authorization, cookie, ...content?.headers } })).status;
    };
    assert.equal(await ask("/me"), 200, authorization);
    assert.equal(await ask("/sessions"), 200, authorization);
    assert.equal(await ask("/sessions/00000000-0000-0000-0000-000000000000", "DELETE"), 404, authorization);
    const change = { current_password: "wrong password", new_password: "another password" };
    assert.equal(await ask("/password", "POST", change), 403, authorization);
    const renewed = await fetch(`${issuer.url}/me`, { headers: { authorization, cookie: refreshCookie } });
    assert.match(cookieHeader(renewed), /hallpass_access=ey/);
  }
  // A token's own scheme is judged alone.
  for (const authorization of ["Bearer", "Bearer nonsense", "DPoP nonsense", "bearer nonsense"]) {
    assert.equal((await fetch(`${issuer.url}/me`, { headers: { authorization, cookie } })).status, 401, authorization);
  }
});

test("a second session cookie does not prevent a sign-in", async (t) => {
  const issuer = await issuerFor(t);
  const cookie = cookieHeader(await login(issuer));
  assert.equal((await login(issuer, {}, { cookie: `${cookie}; ${cookie}` })).status, 200);
  await assertError(await refresh(issuer, undefined, { cookie }), 400, "invalid_grant");
});

test("a repeated cookie is refused", async (t) => {
  const issuer = await issuerFor(t);
  const cookie = cookieHeader(await login(issuer));
  await assertError(await refresh(issuer, undefined, { cookie: `${cookie}; ${cookie}` }), 400, "invalid_request");
});

test("a sign-out ends the session at once, with any of its tokens", async (t) => {
  const issuer = await issuerFor(t);
  for (const by of ["cookies", "access cookie alone", "bearer token"]) {
    const answer = await login(issuer);
    const { token } = await answer.json();
    const cookie = cookieHeader(answer);
    const headers = {
      cookies: { cookie },
      "access cookie alone": { cookie: cookie.split("; ")[0] },
      "bearer token": { authorization: `Bearer ${token}` },
    }[by];
    const out = await logout(issuer, undefined, headers);
    assert.equal(out.status, 204);
    const cleared = out.headers.getSetCookie();
    assert.equal(cleared.length, 2);
    for (const each of cleared) assert.match(each, /^hallpass_\w+=; .*Max-Age=0/);
    // The access token has not expired, but the issuer's own endpoints refuse it.
    const after = await fetch(`${issuer.url}/me`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(after.status, 401, by);
    assert.equal((await fetch(`${issuer.url}/me`, { headers: { cookie } })).status, 401, by);
    await assertError(await refresh(issuer, undefined, { cookie }), 400, "invalid_grant");
  }
});

test("a sign-out without a session, or a second one, succeeds", async (t) => {
  const issuer = await issuerFor(t);
  assert.equal((await logout(issuer)).status, 204);
  assert.equal((await logout(issuer, { refresh_token: "nonsense" })).status, 204);
  assert.equal((await logout(issuer, undefined, { authorization: "Bearer nonsense" })).status, 204);
  const cookie = cookieHeader(await login(issuer));
  assert.equal((await logout(issuer, undefined, { cookie })).status, 204);
  assert.equal((await logout(issuer, undefined, { cookie })).status, 204);
});

test("a sign-out accepts 16 refresh tokens and 16 access tokens, and refuses more", async (t) => {
  const issuer = await issuerFor(t);
  const pairs = [];
  for (let count = 0; count < 17; count += 1) pairs.push(await (await login(issuer, { transport: "body" })).json());
  const cookies = (name, tokens) => ({ cookie: tokens.map((token) => `${name}=${token}`).join("; ") });
  const living = async () => {
    const seen = await Promise.all(pairs.map(({ token }) => fetch(`${issuer.url}/me`, { headers: { authorization: `Bearer ${token}` } })));
    return seen.filter(({ status }) => status === 200).length;
  };
  const refreshTokens = pairs.map(({ refresh_token }) => refresh_token);
  for (const headers of [cookies(REFRESH, refreshTokens), cookies(REFRESH, Array(240).fill("hprt_x")), cookies(COOKIES.access, Array(17).fill("a.b.c"))]) {
    const refused = await logout(issuer, undefined, headers);
    assert.match((await refused.clone().json()).error_description, /at most 16 refresh tokens/);
    await assertError(refused, 400, "invalid_request");
  }
  assert.equal(await living(), 17);
  const [last, ...others] = refreshTokens;
  assert.equal((await logout(issuer, undefined, cookies(REFRESH, others))).status, 204);
  assert.equal(await living(), 1);
  assert.equal((await logout(issuer, { refresh_token: last }, cookies(REFRESH, Array(15).fill("hprt_x")))).status, 204);
  assert.equal(await living(), 0);
});

test("no additional data in a request prevents a sign-out", async (t) => {
  const issuer = await issuerFor(t);
  const hindrances = {
    "another scheme": ({ cookie }) => ({ cookie, authorization: "Basic dTpw" }),
    "two bearer tokens": ({ cookie }) => ({ cookie, authorization: "Bearer a, Bearer b" }),
    "each cookie twice": ({ cookie }) => ({ cookie: `${cookie}; ${cookie}` }),
    "a stale cookie first": ({ cookie }) => ({ cookie: `${REFRESH}=stale; ${cookie}` }),
    "a neighbour's cookie that is not ASCII": ({ cookie }) => ({ cookie: `theme=zo\u00eb; ${cookie}` }),
  };
  for (const [name, headersFor] of Object.entries(hindrances)) {
    const cookie = cookieHeader(await login(issuer));
    assert.equal((await logout(issuer, undefined, headersFor({ cookie }))).status, 204, name);
    await assertError(await refresh(issuer, undefined, { cookie }), 400, "invalid_grant");
  }
});

test("other cookies do not hide the issuer's", async (t) => {
  const issuer = await issuerFor(t);
  const cookie = `theme=zo\u00eb; ${cookieHeader(await login(issuer))}`;
  assert.equal((await fetch(`${issuer.url}/me`, { headers: { cookie } })).status, 200);
});

test("a sign-in with an active session ends the replaced session", async (t) => {
  const issuer = await issuerFor(t);
  const first = cookieHeader(await login(issuer));
  const second = cookieHeader(await login(issuer, {}, { cookie: first }));
  await assertError(await refresh(issuer, undefined, { cookie: first }), 400, "invalid_grant");
  assert.equal((await refresh(issuer, undefined, { cookie: second })).status, 200);
});

test("the cookies of the largest possible token fit into the browsers' limit", async (t) => {
  const store = ["--store", `sled:${temporaryFolder(t)}`];
  // Letters of four bytes each, as the names of earlier builds may have them too.
  const username = "\u{20000}".repeat(64);
  const password = "a password of several words";
  const roles = Array.from({ length: 16 }, (_, index) => ["--role", `${index + 10}${"x".repeat(59)}`]);
  const claim = ["--claim", `a="${"b".repeat(1016)}"`];
  const added = run(["user", "add", username, "--password-stdin", ...store, ...roles.flat(), ...claim], { input: `${password}\n` });
  assert.equal(added.status, 0, added.stderr);
  const args = (length) => {
    const issuer = `https://auth.example.com/${"p".repeat(length - 25)}`;
    return [...store, "--issuer", issuer, "--audience", "a".repeat(length)];
  };
  const issuer = await issuerFor(t, { args: args(160) });
  const answer = await login(issuer, { username, password });
  assert.equal(answer.status, 200);
  for (const cookie of answer.headers.getSetCookie()) {
    const [pair] = cookie.split(";");
    assert.ok(pair.length <= 4096, `${pair.length} bytes`);
  }
  assert.ok(answer.headers.getSetCookie()[0].length > 3900, "the largest token is no longer so large");
  for (const [option, value] of [["--issuer", `https://auth.example.com/${"p".repeat(136)}`], ["--audience", "a".repeat(161)], ["--audience", '"'.repeat(81)]]) {
    const { status, stderr } = run(["serve", option, value]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, new RegExp(`${option}.*at most 160 bytes`, "s"));
  }
});
