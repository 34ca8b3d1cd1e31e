/** The login throttle: password guessing is slowed down, and no user is locked out. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { test } from "node:test";
import { COOKIES, cookieHeader, cookieValue, logged, login, post, sleep } from "../support/client.js";
import { addUser, credentials, issuerFor, startIssuer, temporaryFolder } from "../support/issuer.js";

const DEVICE = COOKIES.device;

/** Wrong passwords of an account before its first delay. */
const FREE = 5;

/** Failures of an address before its first delay. */
const FREE_AT_ADDRESS = 60;

/** Signs in from another loopback address; returns `{ status, retryAfter, error, cookies }`. */
async function loginFrom(localAddress, issuer, more = {}, headers = {}) {
  const outgoing = request(`${issuer.url}/login`, {
    method: "POST",
    localAddress,
    headers: { "content-type": "application/json", ...headers },
  });
  outgoing.end(JSON.stringify({ ...credentials, ...more }));
  const [incoming] = await once(outgoing, "response");
  let text = "";
  for await (const chunk of incoming.setEncoding("utf8")) text += chunk;
  const retryAfter = Number(incoming.headers["retry-after"]);
  return { status: incoming.statusCode, retryAfter, error: JSON.parse(text).error, cookies: incoming.headers["set-cookie"] };
}

const wrong = { password: "wrongPassword" };

/** The device cookie of a response, as a request header. */
const deviceCookie = (response) => `${DEVICE}=${cookieValue(cookieHeader(response), DEVICE)}`;

/** Fails at the account until it is delayed. */
async function exhaust(issuer, more = wrong) {
  for (let failures = 0; failures < FREE; failures++) assert.equal((await login(issuer, more)).status, 401);
}

/** Fails at the account until its delay is so long that a busy machine sends the next requests within it: the seconds. */
async function exhaustForSeconds(issuer, more) {
  for (;;) {
    const response = await login(issuer, more);
    const seconds = Number(response.headers.get("retry-after"));
    if (response.status === 429 && seconds >= 3) return seconds;
    await sleep(seconds * 1000);
  }
}

test("after five failures an account is delayed, with right and wrong passwords and for unknown names alike", async (t) => {
  const issuer = await issuerFor(t);
  const answers = [];
  for (const username of ["nobody", credentials.username]) {
    await exhaust(issuer, { ...wrong, username });
    await exhaustForSeconds(issuer, { ...wrong, username });
    for (const more of [{ ...wrong, username }, { username }]) {
      const answer = await login(issuer, more);
      const { request_id, ...body } = await answer.json();
      assert.ok(request_id);
      assert.match(answer.headers.get("retry-after"), /^[1-4]$/);
      answers.push([answer.status, answer.headers.get("cache-control"), body]);
    }
  }
  const [first] = answers;
  assert.deepEqual(first.slice(0, 2), [429, "no-store"]);
  assert.equal(first[2].error, "too_many_attempts");
  for (const answer of answers) assert.deepEqual(answer, first);
  await sleep(4000);
  assert.equal((await login(issuer)).status, 200);
  // The success took back what it cost, and nothing else: an attacker must not see that the owner signed in.
  assert.equal((await login(issuer, wrong)).status, 401);
  assert.equal((await login(issuer)).status, 429);
  await issuer.stop();
  await logged(issuer, /event="attempts_delayed"/);
  assert.equal(issuer.log().match(/event="attempts_delayed"/g).length, 1, "once an episode, and for users alone");
  assert.doesNotMatch(issuer.log(), /nobody|wrongPassword/);
});

/** The status of a sign-in, repeated while a busy machine has no hashing capacity: the test is about limits, not speed. */
async function statusOnceThereIsRoom(signIn) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { status } = await signIn();
    if (status !== 503) return status;
    await sleep(200);
  }
  return 503;
}

test("an attack on an account from many addresses does not lock out an owner with a known device", async (t) => {
  const issuer = await issuerFor(t);
  const cookie = deviceCookie(await login(issuer));
  const { device_token } = await (await login(issuer, { transport: "body" })).json();
  let hammering = true;
  const statuses = [];
  const attackers = Array.from({ length: 12 }, async (_, number) => {
    while (hammering) statuses.push((await loginFrom(`127.0.0.${number + 2}`, issuer, wrong)).status);
  });
  while (statuses.length < 200) await sleep(5);
  for (let round = 0; round < 3; round++) {
    assert.equal(await statusOnceThereIsRoom(() => login(issuer, {}, { cookie })), 200);
    assert.equal(await statusOnceThereIsRoom(() => login(issuer, { transport: "body", device_token })), 200);
  }
  hammering = false;
  await Promise.all(attackers);
  const tried = statuses.filter((status) => status === 401).length;
  // On a machine that has much else to do, some find the queue full.
  assert.deepEqual([...new Set(statuses)].filter((status) => status !== 503).sort(), [401, 429]);
  // Five at once, and six more within a minute: the owner's sign-ins give them none.
  assert.ok(tried >= FREE && tried <= FREE + 6, `${tried} of ${statuses.length} were tried`);
});

test("a device is known by a cookie that outlives the session, or by a token in the body", async (t) => {
  const issuer = await issuerFor(t);
  const answer = await login(issuer);
  const [set] = answer.headers.getSetCookie().filter((each) => each.startsWith(`${DEVICE}=`));
  assert.match(set, /^hallpass_device=hpdt_[\w-]{80}; HttpOnly; SameSite=Lax; Path=\/; Max-Age=34560000$/);
  assert.equal((await answer.json()).device_token, undefined);
  const out = await post(`${issuer.url}/logout`, undefined, { cookie: cookieHeader(answer) });
  assert.ok(!cookieHeader(out).includes(DEVICE), "signing out leaves it");
  const inBody = await login(issuer, { transport: "body" });
  assert.deepEqual(inBody.headers.getSetCookie(), []);
  const { device_token, refresh_token } = await inBody.json();
  assert.match(device_token, /^hpdt_[\w-]{80}$/);
  const refreshed = await (await post(`${issuer.url}/refresh`, { refresh_token })).json();
  assert.equal(refreshed.device_token, undefined, "a renewal gives none");

  await exhaust(issuer);
  for (const odd of [`${DEVICE}=garbage`, `${DEVICE}=`, `${DEVICE}=a; ${DEVICE}=b`]) {
    assert.equal((await login(issuer, {}, { cookie: odd })).status, 429, odd);
  }
  assert.equal((await login(issuer, { transport: "body", device_token: "hpdt_garbage" })).status, 429);
  assert.equal((await login(issuer, { username: "nobody", transport: "body", device_token })).status, 401);
  assert.equal((await login(issuer, {}, { cookie: deviceCookie(answer) })).status, 200);
  await issuer.stop();
  await logged(issuer, /event="session_began".* device="?new"? /);
  await logged(issuer, /event="session_began".* device="?known"? /);
  assert.doesNotMatch(issuer.log(), /hpdt_/);
});

test("a known device has its own limit of failures", async (t) => {
  const issuer = await issuerFor(t);
  const cookie = deviceCookie(await login(issuer));
  for (let failures = 0; failures < 10; failures++) {
    assert.equal((await login(issuer, wrong, { cookie })).status, 401);
  }
  assert.equal((await login(issuer, {}, { cookie })).status, 429);
  assert.equal((await login(issuer)).status, 200, "strangers have theirs still");
});

test("a restart keeps known devices and resets the delays of all names", async (t) => {
  const folder = temporaryFolder(t);
  addUser(folder);
  const args = ["--store", `sled:${folder}`];
  const first = await startIssuer({ args });
  const cookie = deviceCookie(await login(first));
  for (const username of [credentials.username, "nobody"]) await exhaust(first, { ...wrong, username });
  await first.stop();

  const second = await issuerFor(t, { args });
  for (const username of [credentials.username, "nobody"]) {
    await exhaust(second, { ...wrong, username });
    const refused = await login(second, { username });
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [429, "1"]);
  }
  assert.equal((await login(second, {}, { cookie })).status, 200);
});

test("a new password makes all devices unknown, except the one that set it", async (t) => {
  const issuer = await issuerFor(t);
  const first = await login(issuer);
  const second = await (await login(issuer, { transport: "body" })).json();
  const third = await (await login(issuer, { transport: "body" })).json();
  const passwords = [credentials.password, "anotherPassword", "thirdPassword"];
  const change = (at, more, headers) =>
    post(`${issuer.url}/password`, { current_password: passwords[at], new_password: passwords[at + 1], ...more }, headers);

  const byCookie = await change(0, {}, { cookie: cookieHeader(first) });
  assert.equal(byCookie.status, 204);
  const known = deviceCookie(byCookie);
  const signedIn = await (await login(issuer, { password: passwords[1], transport: "body" })).json();
  const inBody = { authorization: `Bearer ${signedIn.token}` };
  const without = await change(1, { current_password: "wrongPassword", device_token: signedIn.device_token }, inBody);
  assert.deepEqual([without.status, (await without.json()).device_token], [403, undefined]);

  await exhaust(issuer);
  // On a slow machine, the account's wait may be over before the first attempt, which then doubles it.
  const isKnown = async (more, headers) => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      if ((await login(issuer, { ...wrong, ...more }, headers)).status === 429) return false;
    }
    return true;
  };
  assert.equal(await isKnown({}, { cookie: known }), true);
  assert.equal(await isKnown({}, { cookie: deviceCookie(first) }), false);
  for (const { device_token } of [second, third]) assert.equal(await isKnown({ transport: "body", device_token }), false);

  const byBody = await change(1, { device_token: signedIn.device_token }, inBody);
  assert.equal(byBody.status, 200);
  const { device_token } = await byBody.json();
  assert.equal(await isKnown({ transport: "body", device_token }), true);
  assert.equal(await isKnown({ transport: "body", device_token: signedIn.device_token }), false);
  assert.equal(await isKnown({}, { cookie: known }), false);
});

test("an address over its limit has one line in the audit log, and each refusal is counted", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--admin-listen", "127.0.0.1:0"] });
  const fail = () => login(issuer, { ...wrong, username: randomUUID() });
  for (let failures = 1; failures < FREE_AT_ADDRESS; failures++) await fail();
  // A right password delays nothing.
  for (let attempt = 0; attempt < 10; attempt++) assert.equal((await login(issuer)).status, 200);
  for (let attempt = 0; attempt < 20; attempt++) await fail();
  const metrics = await fetch((await logged(issuer, /metrics on (http:\S+)/))[1]).then((answer) => answer.text());
  assert.match(metrics, /hallpass_attempts_refused_total\{limit="address"\} [1-9]/);
  await issuer.stop();
  await logged(issuer, /event="address_delayed"/);
  assert.equal(issuer.log().match(/event="address_delayed"/g).length, 1);
});

test("a session cannot be used to guess the password", async (t) => {
  const issuer = await issuerFor(t);
  const { token } = await (await login(issuer, { transport: "body" })).json();
  const change = (current_password) =>
    post(`${issuer.url}/password`, { current_password, new_password: "anotherPassword" }, { authorization: `Bearer ${token}` });
  for (let failures = 0; failures < 10; failures++) assert.equal((await change("wrongPassword")).status, 403);
  const refused = await change(credentials.password);
  assert.deepEqual([refused.status, (await refused.json()).error], [429, "too_many_attempts"]);
  await sleep(1000 * Number(refused.headers.get("retry-after")));
  assert.equal((await change(credentials.password)).status, 204);
});

/**
 * Fails at a hundred names concurrently, with X-Forwarded-For by `forwarded(number)`, and then again with each of
 * `others`: how many of the hundred were hashed, how many were admitted but found hashing overloaded, and the statuses of the
 * others. All at once, since the first wait of an address is a second: a request that arrives late may find it over.
 */
async function spray(issuer, forwarded, others = []) {
  const attempt = async (header) => {
    const headers = { "x-forwarded-for": header };
    const { status } = await loginFrom("127.0.0.1", issuer, { ...wrong, username: randomUUID() }, headers);
    return status;
  };
  const clients = Array.from({ length: 100 }, (_, number) => forwarded(number));
  const statuses = await Promise.all([...clients, ...others].map(attempt));
  const count = (wanted) => statuses.slice(0, 100).filter((status) => status === wanted).length;
  return [{ hashed: count(401), overloaded: count(503) }, statuses.slice(100)];
}

/**
 * Holds that an address had what it has free, and after that at most the few for which the burst was slow. An attempt that is
 * admitted and then refused by an overloaded machine is taken back, so that it may be followed by another one.
 */
function assertLimited({ hashed, overloaded }) {
  const told = `${hashed} were hashed, ${overloaded} refused as overloaded`;
  assert.ok(hashed + overloaded >= FREE_AT_ADDRESS && hashed < FREE_AT_ADDRESS + 6, told);
}

test("behind a trusted proxy each client has its own limit, and its own X-Forwarded-For is ignored", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev", "--trusted-proxy", "127.0.0.1,10.0.0.0/8"] });
  const same = ["203.0.113.9", "198.51.100.77, 203.0.113.9", "203.0.113.9:5678, 10.1.2.3", "garbage, 203.0.113.9"];
  const others = ["203.0.113.10", "203.0.113.9, 203.0.113.11", "2001:db8::1"];
  const [tried, ofOthers] = await spray(issuer, (number) => same[number % same.length], others);
  assertLimited(tried);
  assert.deepEqual(ofOthers, [401, 401, 401]);
  assert.equal((await login(issuer, {}, { "x-forwarded-for": "203.0.113.10" })).status, 200);
  await issuer.stop();
  await logged(issuer, /event="session_began".* address=203\.0\.113\.10/);
  assert.doesNotMatch(issuer.log(), /--trusted-proxy/);
});

test("with a number of hops, the X-Forwarded-For of a client in a trusted network is ignored", async (t) => {
  const trusted = ["--dev", "--trusted-proxy", "127.0.0.1,10.0.0.0/8", "--trusted-proxy-hops"];
  for (const [hops, forwarded, expected] of [
    ["1", "203.0.113.9, 10.5.5.5", "10.5.5.5"],
    ["2", "203.0.113.9, 10.5.5.5, 10.0.0.2", "10.5.5.5"],
    ["2", "203.0.113.9, 10.0.0.2", "203.0.113.9"],
    ["16", "203.0.113.9, 10.5.5.5", "203.0.113.9"],
  ]) {
    const issuer = await issuerFor(t, { args: [...trusted, hops] });
    assert.equal((await login(issuer, {}, { "x-forwarded-for": forwarded })).status, 200);
    await issuer.stop();
    await logged(issuer, new RegExp(`event="session_began".* address=${expected.replaceAll(".", "\\.")}`));
  }
});

test("an IPv6 /64 network is one client", async (t) => {
  const issuer = await issuerFor(t, { args: ["--dev"], env: { HALLPASS_TRUSTED_PROXY: "127.0.0.1" } });
  const [tried, ofOthers] = await spray(issuer, (number) => `2001:db8::${number}:1`, ["2001:db8:0:1::1", "[2001:db8:0:2::1]:443"]);
  assertLimited(tried);
  assert.deepEqual(ofOthers, [401, 401]);
});

test("without a trusted proxy X-Forwarded-For is ignored with one warning, and a known device is admitted", async (t) => {
  const issuer = await issuerFor(t);
  const cookie = deviceCookie(await login(issuer));
  const [[tried], known] = await Promise.all([
    spray(issuer, (number) => `203.0.113.${number}`),
    Promise.all([1, 2, 3].map(() => login(issuer, {}, { cookie }))),
  ]);
  assertLimited(tried);
  assert.deepEqual(known.map(({ status }) => status), [200, 200, 200]);
  await issuer.stop();
  await logged(issuer, /set --trusted-proxy/);
  assert.equal(issuer.log().match(/set --trusted-proxy/g).length, 1);
});

test("a client that closes the connection before the response has used an attempt of its address", async (t) => {
  const issuer = await issuerFor(t);
  for (let attempt = 0; attempt < 70; attempt++) {
    const outgoing = request(`${issuer.url}/login`, {
      method: "POST",
      localAddress: "127.0.0.9",
      headers: { "content-type": "application/json" },
    });
    outgoing.on("error", () => {});
    outgoing.end(JSON.stringify({ username: `name${attempt}`, ...wrong }));
    await sleep(8);
    outgoing.destroy();
  }
  assert.equal((await loginFrom("127.0.0.9", issuer, { username: "another", ...wrong })).status, 429);
  assert.equal((await loginFrom("127.0.0.8", issuer, { username: "another", ...wrong })).status, 401);
});
