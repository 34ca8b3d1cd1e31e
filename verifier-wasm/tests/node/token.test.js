/** Reading a token without a key. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { claimsText, decode, expiresIn, HallpassError, isExpired } from "hallpass";
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

test("maxTokenBytes admits longer tokens, up to 64 KiB, and the next tokens are read as before", () => {
  for (const length of [8_193, 20_000, 65_536]) {
    const longest = longToken(length);
    const options = { maxTokenBytes: length, now: () => EXP - 60 };
    assert.equal(decode(longest, options).claims.exp, EXP);
    assert.deepEqual([isExpired(longest, options), expiresIn(longest, options)], [false, 60]);
    assert.equal(claimsText(longest, options).length, Buffer.from(longest.split(".")[1], "base64url").length);
    const tooLarge = { code: "ERR_TOKEN_TOO_LARGE", message: `the token is ${length} characters long; the maximum is 8192 (option \`maxTokenBytes\`)` };
    for (const read of [decode, isExpired, expiresIn, claimsText]) assert.throws(() => read(longest), tooLarge);
    assert.equal(decode(token).claims.exp, EXP);
  }
  for (const maxTokenBytes of [0, 65_537, 1.5, "9000", null]) {
    assert.throws(() => decode(token, { maxTokenBytes }), { code: "ERR_OPTIONS_INVALID", message: /maxTokenBytes.*1 to 65536/ });
  }
});

/** An unsigned token of exactly this length, filled with a claim. */
function longToken(length) {
  for (const header of ["{}", "{ }"].map((text) => Buffer.from(text).toString("base64url"))) {
    const bytes = Math.floor(((length - header.length - ".".length - ".AQ".length) * 3) / 4);
    const [claims, more] = [`{"exp":${EXP},"fill":"`, '"}'];
    const text = `${claims}${"x".repeat(bytes - claims.length - more.length)}${more}`;
    const filled = `${header}.${Buffer.from(text).toString("base64url")}.AQ`;
    if (filled.length === length) return filled;
  }
  return assert.fail(`no token has ${length} characters`);
}

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

/** A token with this text as claims. */
const tokenWith = (claims) => `e30.${Buffer.from(claims).toString("base64url")}.AQ`;

test("claimsText returns the claims as the issuer wrote them, with integers that a number cannot hold", () => {
  for (const text of ['{"id":9007199254740993}', '{ "exp" : 1.0e9 }\n', '{"name":"Zo\u00eb 🎫","raw":"~~~???>>>"}', "{}"]) {
    assert.equal(claimsText(tokenWith(text)), text);
  }
  assert.equal(decode(tokenWith('{"id":9007199254740993}')).claims.id, 9007199254740992);
});

test("claimsText refuses what decode refuses, with the same code", () => {
  for (const bad of ["", "a.b", "e30.e30.AQ.x", "e30.e31.AQ", `e30.${Buffer.from([0x7b, 0xff, 0x7d]).toString("base64url")}.AQ`, tokenWith("[]"), tokenWith("\ufeff{}"), tokenWith('{"a":1,"a":2}'), undefined]) {
    const codeOf = (read) => {
      try {
        return read(bad) && "accepted";
      } catch ({ code }) {
        return code;
      }
    };
    assert.match(codeOf(claimsText), /^ERR_/);
    assert.equal(codeOf(claimsText), codeOf(decode));
  }
});

test("the timer of expiresIn's example waits for a token of 30 days", async () => {
  const types = readFileSync(new URL("../../dist/token.d.ts", import.meta.url), "utf8");
  const delay = /setTimeout\(renew, (.*)\);/.exec(types)[1];
  const long = await (await freshKey("k1")).sign({ exp: Math.floor(Date.now() / 1000) + 30 * 86_400 });
  assert.equal(new Function("token", "expiresIn", `return ${delay}`)(long, expiresIn), 2 ** 31 - 1);
});
