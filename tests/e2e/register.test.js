/** `POST /register`: self-registration, and the rules of new passwords. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { issuerFor } from "../support/issuer.js";
import { logged, login, post, sleep } from "../support/client.js";

const open = { args: ["--dev", "--allow-registration"] };

test("registration is disabled until it is allowed", async (t) => {
  const issuer = await issuerFor(t);
  const answer = await post(`${issuer.url}/register`, { username: "someone", password: "longEnough" });
  assert.deepEqual([answer.status, (await answer.json()).error], [403, "registration_disabled"]);
});

test("a registration does not sign the user in", async (t) => {
  const issuer = await issuerFor(t, open);
  const answer = await post(`${issuer.url}/register`, { username: "Zoe\u0308", password: "cafe\u0301 au lait" });
  assert.equal(answer.status, 201);
  assert.deepEqual(answer.headers.getSetCookie(), []);
  const { user } = await answer.json();
  assert.equal(user.username, "Zo\u00eb");
  const signedIn = await login(issuer, { username: "Zo\u00eb", password: "caf\u00e9 au lait" });
  assert.equal(signedIn.status, 200);
  assert.deepEqual((await signedIn.json()).user, user);
  await logged(issuer, /event="user_registered"/);
});

test("a name is registered once, in all spellings", async (t) => {
  const issuer = await issuerFor(t, open);
  const register = (username) => post(`${issuer.url}/register`, { username, password: "longEnough" });
  const both = await Promise.all([register("Zo\u00eb"), register("Zoe\u0308")]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [201, 409]);
  const taken = await register("exampleUser");
  assert.deepEqual([taken.status, (await taken.json()).error], [409, "username_taken"]);
});

test("a weak password is refused with the rule", async (t) => {
  const issuer = await issuerFor(t, open);
  const { token } = await (await login(issuer, { transport: "body" })).json();
  const ways = [
    (password) => post(`${issuer.url}/register`, { username: "exampleuser@example.org", password }),
    (new_password) =>
      post(
        `${issuer.url}/password`,
        { current_password: "examplePassword", new_password },
        { authorization: `Bearer ${token}` },
      ),
  ];
  for (const way of ways) {
    for (const [password, rule] of [
      ["", /must not be empty/],
      ["sevenöö", /at least 8 characters/],
      ["PassWord1", /one of the most common/],
      ["exampleUser", /must not be the username/],
      ["x".repeat(1025), /at most 1024 bytes/],
    ]) {
      const answer = await way(password);
      const { error, error_description } = await answer.json();
      assert.deepEqual([answer.status, error], [422, "weak_password"], password);
      assert.match(error_description, rule);
    }
  }
  assert.equal((await ways[0]("🦀".repeat(32))).status, 201);
});

test("a page of another origin cannot register a user", async (t) => {
  const issuer = await issuerFor(t, open);
  const body = { username: "someone", password: "longEnough" };
  const answer = await post(`${issuer.url}/register`, body, { origin: "https://evil.example" });
  assert.equal((await answer.json()).error, "csrf_rejected");
});

test("failures for a name before its registration do not block its user", async (t) => {
  const issuer = await issuerFor(t, open);
  const newcomer = { username: "newcomer", password: "longEnough" };
  for (let attempt = 0; attempt < 5; attempt++) {
    assert.equal((await login(issuer, { ...newcomer, password: "a guess" })).status, 401);
  }
  const refused = await login(issuer, newcomer);
  assert.equal(refused.status, 429);
  assert.equal((await post(`${issuer.url}/register`, newcomer)).status, 201);
  // The delay stays, which is the same for any name.
  await sleep(1000 * Number(refused.headers.get("retry-after")));
  assert.equal((await login(issuer, newcomer)).status, 200);
});
