/** How the bench judges and keeps figures: ratios round by round, and no loss in silence. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { plot } from "../bench/report/plot.js";
import { readmeWith } from "../bench/report/readme.js";
import { recordWith } from "../bench/report/record.js";
import { race } from "../bench/support/rounds.js";
import { ratios } from "../bench/support/statistics.js";
import { badTokens, freshKey, goodToken } from "../bench/support/tokens.js";
import { assertJudgesTokens } from "../bench/support/validity.js";

const results = (...names) => {
  const rows = names.map((name) => ({ name, value: 1 }));
  return { part: "issuer", tables: [{ id: "t", rows }] };
};

test("a ratio is judged round by round, and is above 1 where ours is the better", () => {
  assert.equal(ratios([20, 60, 30], [10, 30, 10]).value, 2);
  assert.equal(ratios([10, 10, 10], [20, 30, 20], "higher").value, 2);
});

test("figures that say less than those that are kept do not take their place, unless told to", () => {
  const record = { issuer: results("hallpass", "peer"), other: results() };
  const less = results("hallpass");
  less.tables[0].rows.push({ name: "peer", missing: "not run" });
  assert.deepEqual(recordWith(record, less, {}), { record, lost: ["t: peer"] });
  assert.deepEqual(recordWith(record, less, { replace: true }).record, { ...record, issuer: less });
  const more = results("hallpass", "peer", "third");
  assert.deepEqual(recordWith(record, more, {}), { record: { ...record, issuer: more }, lost: [] });
});

test("a contender that accepts a bad token, or refuses the good one, ends the run", async () => {
  const key = freshKey("EdDSA");
  const [good, bad] = [goodToken(key), badTokens(key)];
  const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  const judge = (run, unchecked) => assertJudgesTokens({ name: "it", run, unchecked }, good, bad);
  const refuse = () => { throw new Error("no"); };
  await assert.rejects(judge(claims), /accepts a token with a wrong signature/);
  await assert.rejects(judge(refuse), /no/);
  await assert.rejects(judge((token) => (token === good ? {} : refuse())), /does not return the claims/);
  const onlyGood = (token) => (token === good ? claims(token) : refuse());
  await assert.rejects(judge(onlyGood, ["typ"]), /does check typ/);
  await judge(onlyGood);
});

test("whoever throws while the time is taken ends the run", async () => {
  let calls = 0;
  const run = () => { if ((calls += 1) > 100) throw new Error("an error path is not measured"); };
  const contender = { name: "it", mode: "sync", baseline: true, run, inputs: (count) => Array(count).fill("") };
  await assert.rejects(race([contender], { rounds: 1, slice: 1, warmUp: 1 }), /error path/);
});

test("the README keeps what is not the bench's, and a lost marker is an error", () => {
  const [begin, end] = ["<!-- The lines from here on are written by `cargo xtask bench`. -->",
    "<!-- end of what `cargo xtask bench` writes -->"];
  const text = readmeWith(`a\n${begin}\nold\n${end}\nb\n`, {});
  assert.match(text, /^a\n/);
  assert.match(text, /\nb\n$/);
  assert.doesNotMatch(text, /old/);
  assert.equal(readmeWith(text, {}), text);
  assert.throws(() => readmeWith("a\n", {}), /markers/);
});

test("a record without any part is drawn all the same", () => {
  assert.match(plot({}), /^<svg/);
});
