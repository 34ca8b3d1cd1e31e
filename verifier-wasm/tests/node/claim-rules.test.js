/** Rules of claims: an issuer's template, the token's client, and claims with fixed values. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createVerifier } from "hallpass";
import { AUDIENCE, freshKey, ISSUER } from "../../../tests/support/tokens.js";

const key = await freshKey("k1");
const base = { issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] } };

async function outcome(options, claims) {
  const token = await key.sign(claims);
  try {
    createVerifier({ ...base, ...options }).verifySync(token);
    return "accepted";
  } catch ({ code, claim, reason }) {
    assert.equal(code, "ERR_CLAIM_INVALID");
    return `${claim} ${reason}`;
  }
}

test("a template binds iss to the claim that it names", async () => {
  const issuer = "https://a.example/{tid}/{region}";
  const accepted = { iss: "https://a.example/t-1/eu", tid: "t-1", region: "eu" };
  assert.equal(await outcome({ issuer }, accepted), "accepted");
  for (const changes of [{ tid: "t-2" }, { region: "us" }, { iss: "https://a.example/t-1/eu/" }, { iss: undefined }, { iss: 7 }]) {
    assert.match(await outcome({ issuer }, { ...accepted, ...changes }), /^iss (must be "https:\/\/a\.example\/|must be a string|is missing)/);
  }
  for (const tid of ["", "a/b", "..\\x", "a?b", "a#b", "%2e", ".", "..", "{tid}", "é", "a b", 7, null, undefined, ["t-1"], {}]) {
    const claims = { ...accepted, tid, iss: `https://a.example/${tid}/eu` };
    assert.match(await outcome({ issuer }, claims), /^tid (is missing|must be a text of letters)/);
  }
  assert.match(await outcome({ issuer: "https://a.example/{constructor}" }, { iss: "https://a.example/x" }), /^constructor is missing/);
  const { issuers } = createVerifier({ ...base, issuer });
  assert.deepEqual(issuers, [issuer]);
});

test("the message names the expected and the token's value of public claims only, cut and without control characters", async () => {
  const messageOf = async (options, claims) => {
    try {
      createVerifier({ ...base, ...options }).verifySync(await key.sign(claims));
    } catch ({ message }) {
      return message;
    }
  };
  const template = { issuer: "https://a.example/{tid}" };
  assert.equal(await messageOf(template, { tid: "t-1", iss: "https://a.example/t-2" }),
    'the claim `iss` must be "https://a.example/t-1", found "https://a.example/t-2"');
  assert.equal(await messageOf(template, { tid: "t-1", iss: `a\n\u202eb${"😀".repeat(200)}` }),
    `the claim \`iss\` must be "https://a.example/t-1", found "a\ufffd\ufffdb${"😀".repeat(96)}…"`);
  assert.equal(await messageOf({ authorizedParties: "app" }, { azp: 'x", found "y\\' }), 'the claim `azp` must be "app", found "x\\", found \\"y\\\\"');
  assert.equal(await messageOf({ authorizedParties: "app" }, { azp: "other" }), 'the claim `azp` must be "app", found "other"');
  assert.equal(await messageOf({ clientId: "app" }, { client_id: 7 }), 'the claim `client_id` must be "app", found no string');
  assert.equal(await messageOf({ claimValues: { email: "a@a.example" } }, { email: "b@b.example" }), 'the claim `email` must be "a@a.example"');
  assert.equal(await messageOf({ issuer: "https://b.example" }, {}),
    `the claim \`iss\` is not the expected issuer: expected "https://b.example", found "${ISSUER}"`);
  assert.equal(await messageOf({ audience: ["x", "y"] }, { aud: ["a", "b"] }),
    'the claim `aud` does not contain the expected audience: expected "x", "y", found "a", "b"');
});

test("a template that a token could turn into another host, and one of several issuers, is refused", () => {
  const refuses = (options, message) => assert.throws(() => createVerifier({ ...base, ...options }), { code: "ERR_OPTIONS_INVALID", message });
  for (const issuer of ["https://{tid}.a.example/", "https://{tid}/", "{iss}", "https://a.example/{", "https://a.example/}{tid}", "https://a.example/{a-b}", "https://a.example{tid}/x"]) {
    refuses({ issuer }, /template in `issuer`/);
  }
  const { jwks } = base;
  const issuers = [{ issuer: "https://a.example/{tid}", jwks }, { issuer: "https://b.example", jwks }];
  assert.throws(() => createVerifier({ audience: null, issuers }), { message: /none of several `issuers` may be a template/ });
  refuses({ issuer: "https://a.example/{tid}", jwks: undefined, discovery: true }, /with `discovery`/);
});

test("clientId is compared with client_id, or with azp if there is none", async () => {
  const options = { audience: null, clientId: ["one", "two"] };
  assert.equal(await outcome(options, { client_id: "two" }), "accepted");
  assert.equal(await outcome(options, { client_id: undefined, azp: "one" }), "accepted");
  assert.equal(await outcome(options, { client_id: "other", azp: "one" }), 'client_id must be "one" or "two"');
  assert.equal(await outcome(options, { client_id: ["one"] }), 'client_id must be "one" or "two"');
  assert.equal(await outcome(options, { client_id: undefined }), "azp is missing");
});

test("authorizedParties is compared with azp, which is required then", async () => {
  const options = { authorizedParties: "https://app.example" };
  assert.equal(await outcome(options, { azp: "https://app.example" }), "accepted");
  assert.equal(await outcome(options, { azp: "https://app.example.evil" }), 'azp must be "https://app.example"');
  assert.equal(await outcome(options, {}), "azp is missing");
});

test("claimValues requires exact values; true allows any but null", async () => {
  const options = { claimValues: { use: "access", kind: ["a", "b"], sid: true } };
  const good = { use: "access", kind: "b" };
  assert.equal(await outcome(options, good), "accepted");
  assert.equal(await outcome(options, { ...good, use: "ACCESS" }), 'use must be "access"');
  assert.equal(await outcome(options, { ...good, use: ["access"] }), 'use must be "access"');
  assert.equal(await outcome(options, { ...good, kind: 1 }), 'kind must be "a" or "b"');
  assert.equal(await outcome(options, { ...good, sid: null }), "sid is missing");
  assert.equal(await outcome({ claimValues: { toString: true } }, {}), "toString is missing");
});

test("a token that fails a rule is not cached, and a schema sees only tokens that pass", async () => {
  let seen = 0;
  const schema = { "~standard": { version: 1, vendor: "mine", validate: (value) => ((seen += 1), { value }) } };
  const verifier = createVerifier({ ...base, cache: true, schema, claimValues: { use: "access" } });
  const [good, bad] = await Promise.all([key.sign({ use: "access" }), key.sign({ use: "id" })]);
  for (let round = 0; round < 2; round += 1) {
    verifier.verifySync(good);
    assert.throws(() => verifier.verifySync(bad), { claim: "use" });
  }
  assert.equal(seen, 1);
});

test("invalid rules are refused by their name", () => {
  const wrong = { clientId: ["", [], 7, null], authorizedParties: [[7], null], claimValues: [null, "x", { a: 1 }, { a: false }, { a: [] }, { a: null }] };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      assert.throws(() => createVerifier({ ...base, [name]: value }), (error) => error.code === "ERR_OPTIONS_INVALID" && error.message.includes(`\`${name}`), `${name}: ${JSON.stringify(value)}`);
    }
  }
});
