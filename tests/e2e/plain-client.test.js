/** A minimal client: it posts a password, reads `token`, and sends it as a bearer token. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createVerifier } from "hallpass";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { cookieHeader, logged, login, post, sleep, tampered } from "../support/client.js";
import { addUser, credentials, issuerFor, run, temporaryFolder } from "../support/issuer.js";

const me = (issuer, headers) => fetch(`${issuer.url}/me`, { headers });
const bearer = (token) => ({ authorization: `Bearer ${token}` });

test("a plain client signs in, and its token is valid until it expires", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--access-ttl", "2s"] });
  const answer = await login(issuer);
  assert.equal(answer.status, 200);
  const { token, access_token, token_type, expires_in, user, session, refresh_token } = await answer.json();
  assert.equal(token, access_token);
  assert.deepEqual([token_type, expires_in, user.username], ["Bearer", 2, credentials.username]);
  assert.equal(refresh_token, undefined, "a refresh token that travels as a cookie stays out of the body");

  const known = await me(issuer, bearer(token));
  assert.equal(known.status, 200);
  assert.deepEqual(await known.json(), { user, session });
  assert.equal(known.headers.get("cache-control"), "no-store");
  assert.match(known.headers.get("vary"), /Origin, Cookie, Authorization/);

  const nobody = await me(issuer, {});
  assert.equal(nobody.status, 401);
  assert.equal(nobody.headers.get("www-authenticate"), "Bearer");

  const forged = await me(issuer, bearer(tampered(token)));
  assert.equal(forged.status, 401);
  assert.equal(forged.headers.get("www-authenticate"), 'Bearer error="invalid_token"');

  await sleep(2100);
  assert.equal((await me(issuer, bearer(token))).status, 401);

  // Both cookies with an expired access token: renewed and answered in one request.
  const renewed = await me(issuer, { cookie: cookieHeader(answer) });
  assert.equal(renewed.status, 200);
  assert.equal((await renewed.json()).session.id, session.id);
  const cookies = cookieHeader(renewed);
  assert.notEqual(cookies, cookieHeader(answer));
  assert.equal((await me(issuer, { cookie: cookies })).status, 200);
});

test("with a bearer token, the cookies are ignored", async (t) => {
  const issuer = await issuerFor(t);
  const answer = await login(issuer);
  const { token } = await answer.json();
  const headers = { ...bearer(tampered(token)), cookie: cookieHeader(answer) };
  assert.equal((await me(issuer, headers)).status, 401);
  assert.equal((await me(issuer, { authorization: "Basic dTpw" })).status, 401);
});

test("a tampered access cookie is refused, not renewed", async (t) => {
  const issuer = await issuerFor(t);
  const cookies = cookieHeader(await login(issuer));
  const [access, refresh] = cookies.split("; ");
  const answer = await me(issuer, { cookie: `${tampered(access)}; ${refresh}` });
  assert.equal(answer.status, 401);
  assert.deepEqual(answer.headers.getSetCookie(), []);
  // A missing one is renewed.
  assert.equal((await me(issuer, { cookie: refresh })).status, 200);
});

for (const [issuerUrl, prefix, secure] of [["https://auth.example.com", "__Host-", ["Secure"]], ["http://localhost:8080", "", []]]) {
  test(`scripts cannot read the cookies of ${issuerUrl}, and it reads the names that it sets`, async (t) => {
    const issuer = await issuerFor(t, { args: ["--dev", "--issuer", issuerUrl] });
    const answer = await login(issuer);
    const cookies = answer.headers.getSetCookie();
    const names = ["access", "refresh", "device"].map((name) => `${prefix}hallpass_${name}`);
    assert.equal(cookies.length, names.length);
    for (const [index, name] of names.entries()) {
      const [pair, ...attributes] = cookies[index].split("; ");
      assert.ok(pair.startsWith(`${name}=`), pair);
      assert.deepEqual(attributes.sort(), ["HttpOnly", `Max-Age=${index === 2 ? 34560000 : 2592000}`, "Path=/", "SameSite=Lax", ...secure]);
    }
    const cookie = cookieHeader(answer);
    assert.equal((await me(issuer, { cookie })).status, 200);
    const renamed = prefix === "" ? cookie.replaceAll("hallpass_", "__Host-hallpass_") : cookie.replaceAll("__Host-", "");
    assert.equal((await me(issuer, { cookie: renamed })).status, 401);
    assert.equal(/WARN.*plain http/.test(issuer.log()), prefix === "", issuer.log());
  });
}

test("a wrong password and an unknown user get the same response", async (t) => {
  const issuer = await issuerFor(t);
  const answers = [];
  for (const wrong of [{ password: "wrong password" }, { username: "nobody" }]) {
    const answer = await login(issuer, wrong);
    const { request_id, ...body } = await answer.json();
    assert.ok(request_id);
    const headers = Object.fromEntries(answer.headers);
    for (const name of ["date", "x-request-id"]) delete headers[name];
    answers.push({ status: answer.status, body, headers });
  }
  assert.equal(answers[0].status, 401);
  assert.equal(answers[0].body.error, "invalid_credentials");
  assert.deepEqual(answers[0], answers[1]);
});

test("the token verifies with jose against the published key set", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--audience", "shop"] });
  const { token, user, session } = await (await login(issuer)).json();
  const keySet = new URL(`${issuer.url}/.well-known/jwks.json`);
  const { payload, protectedHeader } = await jwtVerify(token, createRemoteJWKSet(keySet), {
    issuer: `http://localhost:${issuer.port}`,
    audience: "shop",
    typ: "at+jwt",
    algorithms: ["EdDSA"],
  });
  assert.equal(payload.sub, user.id);
  assert.equal(payload.sid, session.id);
  assert.equal(payload.client_id, "hallpass");
  assert.equal(payload.username, credentials.username);
  assert.equal(payload.exp - payload.iat, 300);
  assert.ok(payload.jti);
  const answer = await fetch(keySet);
  assert.match(answer.headers.get("cache-control"), /^public, max-age=(29\d|300)$/);
  const [key] = (await answer.json()).keys;
  assert.equal(key.kid, protectedHeader.kid);
  assert.equal(key.d, undefined);
});

test("with ES256 the token verifies with jose and with the package against the published key", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--signing-alg", "ES256"] });
  const { token } = await (await login(issuer)).json();
  const expected = { issuer: `http://localhost:${issuer.port}`, audience: "api" };
  const keySet = `${issuer.url}/.well-known/jwks.json`;
  const { protectedHeader } = await jwtVerify(token, createRemoteJWKSet(new URL(keySet)), { ...expected, algorithms: ["ES256"] });
  const { keys } = await (await fetch(keySet)).json();
  // The key that signs, and the one that is next.
  const kind = { kty: "EC", crv: "P-256", alg: "ES256", use: "sig" };
  assert.deepEqual(keys.map(({ x, y, ...key }) => key), [{ ...kind, kid: protectedHeader.kid }, { ...kind, kid: keys[1].kid }]);
  const verifier = createVerifier({ ...expected, jwks: keySet });
  assert.equal((await verifier.verify(token)).username, credentials.username);
  assert.equal(verifier.verifySync(token).username, credentials.username);
  assert.equal((await me(issuer, bearer(token))).status, 200);
  await issuer.stop();
});

test("with Ed25519, the name of RFC 9864, the token verifies with the package, and a change from EdDSA signs nobody out", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const args = ["--store", `sled:${folder}`, "--issuer", "https://auth.example", "--audience", "api"];
  const before = await issuerFor(t, { args });
  const first = await (await login(before)).json();
  await before.stop();

  const after = await issuerFor(t, { args: [...args, "--signing-alg", "Ed25519"] });
  assert.equal((await me(after, bearer(first.token))).status, 200);
  const { keys } = await (await fetch(`${after.url}/.well-known/jwks.json`)).json();
  assert.deepEqual([...new Set(keys.map(({ alg }) => alg))].sort(), ["Ed25519", "EdDSA"]);
  const verifier = createVerifier({ issuer: "https://auth.example", audience: "api", jwks: { keys } });
  const second = await (await login(after)).json();
  for (const { token } of [first, second]) assert.equal(verifier.verifySync(token).username, credentials.username);
});

test("with HS256 the token verifies with the shared secret, and no key is published", async (t) => {
  const secret = "a shared secret of at least 32 bytes";
  const issuer = await issuerFor(t, {
    args: ["--dev", "--signing-alg", "HS256"],
    env: { HALLPASS_HS256_SECRET: secret },
  });
  const { token } = await (await login(issuer)).json();
  const { payload, protectedHeader } = await jwtVerify(token, new TextEncoder().encode(secret), {
    issuer: `http://localhost:${issuer.port}`,
    audience: "api",
    algorithms: ["HS256"],
  });
  assert.equal(payload.username, credentials.username);
  assert.deepEqual(protectedHeader, { alg: "HS256", typ: "at+jwt" });
  assert.deepEqual(await (await fetch(`${issuer.url}/.well-known/jwks.json`)).json(), { keys: [] });
  assert.equal((await me(issuer, bearer(token))).status, 200);
  const verifier = createVerifier({
    issuer: `http://localhost:${issuer.port}`,
    audience: "api",
    secret: new TextEncoder().encode(secret),
  });
  assert.equal(verifier.verifySync(token).username, credentials.username);
  await issuer.stop();
  await logged(issuer, /session_began/);
  assert.ok(!issuer.log().includes(secret));
});

test("a role of a user is in their token", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const added = run(
    ["user", "add", "boss", "--password-stdin", "--role", "admin", "--role", "audit", "--store", `sled:${folder}`],
    { input: "bossPassword\n" },
  );
  assert.equal(added.status, 0, added.stderr);
  const issuer = await issuerFor(t, { args: ["--store", `sled:${folder}`] });
  const roles = async (more) => {
    const { token } = await (await login(issuer, more)).json();
    return JSON.parse(Buffer.from(token.split(".")[1], "base64url")).roles;
  };
  assert.deepEqual(await roles({ username: "boss", password: "bossPassword" }), ["admin", "audit"]);
  assert.equal(await roles({}), undefined);
});

test("a health check needs no credentials", async (t) => {
  const issuer = await issuerFor(t);
  const answer = await fetch(`${issuer.url}/healthz`);
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { status: "ok" });
  assert.equal((await fetch(`${issuer.url}/healthz`, { method: "HEAD" })).status, 200);
  assert.equal((await post(`${issuer.url}/healthz`)).status, 405);
});
