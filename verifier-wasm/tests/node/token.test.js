/** Reading a token without a key. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { decode, expiresIn, HallpassError, isExpired } from "hallpass";
import { freshKey } from "../../../tests/support/tokens.js";

const EXP = 1_790_000_000;
let token;

before(async () => {
  token = await (await freshKey("k1")).sign({ exp: EXP, username: "Zoë 🎫" });
});

test("decode reads header and claims, in any script", () => {
  const { header, claims } = decode(token);
  assert.deepEqual(header, { alg: "EdDSA", typ: "at+jwt", kid: "k1" });
  assert.equal(claims.username, "Zoë 🎫");
  assert.equal(claims.exp, EXP);
});

test("a token expires at its exp plus leeway", () => {
  const expired = (now, leeway) => isExpired(token, { now: () => now, leeway });
  assert.equal(expired(EXP - 1), false);
  assert.equal(expired(EXP), true);
  assert.equal(expired(EXP + 4, 5), false);
  assert.equal(expired(EXP + 5, 5), true);
});

test("expiresIn returns whole seconds, negative after expiry", () => {
  assert.equal(expiresIn(token, { now: () => EXP - 10.5 }), 11);
  assert.equal(expiresIn(token, { now: () => EXP + 3 }), -3);
});

test("the default clock is the machine's", async () => {
  const { sign } = await freshKey("k1");
  assert.equal(isExpired(await sign()), false);
  assert.ok(Math.abs(expiresIn(await sign()) - 300) <= 2);
  assert.equal(isExpired(await sign({ exp: 1 })), true);
});

test("a clock that does not return seconds is an error", () => {
  for (const time of [Date.now(), NaN, -1, Infinity, undefined, null, "", [], false, 1_790_000_000n, "1790000000"]) {
    const now = () => time;
    assert.throws(() => isExpired(token, { now }), { code: "ERR_TIME_INVALID" }, String(time));
    assert.throws(() => expiresIn(token, { now }), { code: "ERR_TIME_INVALID" }, String(time));
  }
});

test("an invalid leeway is an error", () => {
  for (const leeway of [NaN, -1, "5", 0.5]) {
    assert.throws(() => isExpired(token, { leeway }), { code: "ERR_OPTIONS_INVALID" }, String(leeway));
  }
});

test("each kind of malformed token has its own error code", () => {
  const refused = {
    "": "ERR_TOKEN_SEGMENTS",
    "a.b": "ERR_TOKEN_SEGMENTS",
    "a.b.c.d": "ERR_TOKEN_SEGMENTS",
    "e30=.e30.AQ": "ERR_BASE64_INVALID",
    "e30.e3!.AQ": "ERR_BASE64_INVALID",
    "e30.W10.AQ": "ERR_JSON_INVALID",
    "\ud800.\ud800.\ud800": "ERR_BASE64_INVALID",
    [`e30.${"A".repeat(9000)}.AQ`]: "ERR_TOKEN_TOO_LARGE",
  };
  for (const [text, code] of Object.entries(refused)) {
    assert.throws(() => decode(text), (error) => error instanceof HallpassError && error.code === code, text.slice(0, 20));
  }
});

test("a value that is not a text is refused, and the wasm instance survives", () => {
  for (const value of [undefined, null, 7, {}, ["a.b.c"], new String(token)]) {
    assert.throws(() => decode(value), { name: "HallpassError", code: "ERR_TOKEN_NOT_STRING" });
  }
  assert.equal(decode(token).claims.exp, EXP);
});

test("a token without an exp is an error, not valid forever", async () => {
  const endless = await (await freshKey("k1")).sign({ exp: undefined });
  assert.throws(() => isExpired(endless), { code: "ERR_CLAIM_INVALID", claim: "exp", reason: "is missing" });
});
