/** How the bench compares and stores figures: ratios per round, and no silent loss. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { knownTables } from "../logins/known.js";
import { closedTables, floodTables, rawRate } from "../logins/tables.js";
import { assertCountsAgree, assertServesAll } from "../logins/validity.js";
import { highlightsOf } from "../report/highlights.js";
import { pageWith } from "../report/page.js";
import { plot } from "../report/plot.js";
import { printPart } from "../report/print.js";
import { recordWith } from "../report/record.js";
import { tablesOf } from "../report/tables.js";
import { race } from "../support/rounds.js";
import { ratios } from "../support/statistics.js";
import { badTokens, freshKey, goodToken } from "../support/tokens.js";
import { assertJudgesTokens } from "../support/validity.js";

const results = (...names) => {
  const rows = names.map((name) => ({ name, value: 1 }));
  return { part: "issuer", tables: [{ id: "t", rows }] };
};

test("a ratio is computed per round, and is above 1 where ours is better", () => {
  assert.equal(ratios([20, 60, 30], [10, 30, 10]).value, 2);
  assert.equal(ratios([10, 10, 10], [20, 30, 20], "higher").value, 2);
});

test("a run with fewer rows replaces the stored one only with the option", () => {
  const record = { issuer: results("hallpass", "peer"), other: results() };
  const less = results("hallpass");
  less.tables[0].rows.push({ name: "peer", missing: "not run" });
  assert.deepEqual(recordWith(record, less, {}), { record, lost: ["t: peer"] });
  assert.deepEqual(recordWith(record, less, { replace: true }).record, { ...record, issuer: less });
  const more = results("hallpass", "peer", "third");
  assert.deepEqual(recordWith(record, more, {}), { record: { ...record, issuer: more }, lost: [] });
});

test("a contender that accepts an invalid token or refuses the valid one ends the run", async () => {
  const key = freshKey("EdDSA");
  const good = goodToken(key);
  const bad = badTokens(key);
  const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  const judge = (run, unchecked) => assertJudgesTokens({ name: "it", run, unchecked }, good, bad);
  const refuse = () => { throw new Error("no"); };
  await assert.rejects(judge(claims), /accepts a token with a wrong signature/);
  await assert.rejects(judge(refuse), /no/);
  await assert.rejects(judge((token) => (token === good ? {} : refuse())), /does not return the claims/);
  const onlyGood = (token) => (token === good ? claims(token) : refuse());
  await assert.rejects(judge(onlyGood, ["typ"]), /checks typ: its note is wrong/);
  await judge(onlyGood);
});

test("a contender that throws during the measurement ends the run", async () => {
  let calls = 0;
  const run = () => { if ((calls += 1) > 100) throw new Error("an error path is not measured"); };
  const contender = { name: "it", mode: "sync", baseline: true, run, inputs: (count) => Array(count).fill("") };
  await assert.rejects(race([contender], { rounds: 1, slice: 1, warmUp: 1 }), /error path/);
});

test("a page keeps its lines outside the markers, and a lost marker is an error", () => {
  const [begin, end] = ["<!-- The lines from here on are written by `cargo xtask bench`. -->",
    "<!-- end of what `cargo xtask bench` writes -->"];
  const text = pageWith(`a\n${begin}\nold\n${end}\nb\n`, "new");
  assert.equal(text, `a\n${begin}\n\nnew\n\n${end}\nb\n`);
  assert.equal(pageWith(text, "new"), text);
  assert.throws(() => pageWith("a\n", "new"), /markers/);
});

test("the README and docs/figures.md hold the figures of results.json", () => {
  const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
  const record = JSON.parse(read("../results.json"));
  for (const [path, lines] of [["../../README.md", highlightsOf(record)], ["../../docs/figures.md", tablesOf(record)]]) {
    assert.equal(pageWith(read(path), lines), read(path), path);
  }
  assert.equal(highlightsOf(record).match(/^- .+ \*\*.+\*\*/gm).length, 3);
  assert.equal(highlightsOf({}), "");
});

const CONTENDERS = [{ name: "hallpass" }, { name: "peer" }, { name: "absent", missing: "not run" }];
const answers = (count, p99) => ({ count, perSecond: count / 10, p50: p99 / 2, p99, most: p99 });
const part = (accepted, p99, rest = {}) => ({
  sent: answers(1000, 1), accepted: answers(accepted, p99), waited: answers(accepted, p99), refused: answers(0, 0),
  timedOut: 0, wrong: {}, ...rest,
});
const trickle = (growth) => ({ before: part(1000, 2), during: part(1000, 2 * growth) });
const flooded = (accepted, growth, rest) => ({
  flood: part(accepted, 500, rest), refresh: trickle(growth), me: trickle(growth), loadCpu: 0.1,
  memory: { before: 100, peak: 150, after: 110 }, counts: { logins: accepted },
});

test("a share of the cores' rate uses the rate of the same turn", () => {
  const turn = (raw, perSecond) => ({
    raw: { perSecond: raw, p50: 1, p99: 2 }, levels: [{ perSecond, p50: 1, p99: 2, answered: 7, loadCpu: 0 }],
  });
  const rounds = [{ hallpass: turn(100, 95), peer: turn(50, 40) }, { hallpass: turn(40, 38), peer: turn(100, 80) }];
  const [{ id, rows: [ours, peer, absent, raw] }] = closedTables(CONTENDERS, rounds, [2], 2);
  assert.deepEqual([id, ours.share, peer.share, ours.answered], ["logins-2", 0.95, 0.8, 14]);
  assert.deepEqual([absent.missing, raw.value, rawRate(rounds)], ["not run", 75, 75]);
});

test("the tables of logins show the share of requests without an answer", () => {
  const floods = {
    hallpass: flooded(200, 1.5, { refused: answers(800, 3) }),
    peer: flooded(100, 50, { timedOut: 850, wrong: { "status 500": 50 } }),
  };
  const plan = { rate: 100, quiet: 1, flood: 10_000, giveUp: 20_000, trickle: 50, runsFirst: true };
  const known = {
    accounts: 4, connections: 5, unknownClients: 20, known: { served: 200, refused: 3 },
    unknown: { served: 100, refused: 7, gaveUp: 0, longest: 1900 },
  };
  const tables = [
    ...floodTables(CONTENDERS, floods, plan),
    ...knownTables("hallpass", [known], { measure: 5000, giveUp: 20_000, deadline: 2000 }),
  ];
  assert.ok(tables[0].notes.some((note) => note.includes("SCHED_FIFO")));
  const logins = {
    part: "logins", date: "2026-11-24T00:00:00Z", machine: { cpu: "C", cores: 2, load: 0 }, tools: {}, versions: {}, tables,
  };
  printPart(logins);
  const lines = tablesOf({ logins }).split("\n");
  assert.ok(lines.includes("| | hallpass | peer |"));
  assert.ok(lines.includes("| … refused, p99 | 80.0/s, 3.00 ms | none |"));
  const byKnown = "a flood by known devices, 4 accounts × 5 connections for 5 s: unknown devices, share, longest wait (deadline)";
  assert.ok(lines.includes(`| ${byKnown} | 20.0/s, 33 %, 1,900 ms (2,000) | – |`));
  assert.ok(lines.includes("| … the client gave up, or got no valid answer | 0 % | 90 % |"));
  assert.ok(lines.includes("| … a refresh, p99 before → during | 2.00 → 3.00 ms (1.5×) | 2.00 → 100 ms (50.0×) |"));
});

test("a flood with a request that Hallpass does not answer validly ends the run", () => {
  assertServesAll(flooded(200, 1, { refused: answers(800, 3) }));
  assert.throws(() => assertServesAll(flooded(200, 1, { refused: answers(799, 3), timedOut: 1 })), /of the flood/);
  const slow = { ...flooded(1000, 1), me: { before: part(1000, 1), during: part(999, 1, { wrong: { "status 401": 1 } }) } };
  assert.throws(() => assertServesAll(slow), /of me, during the flood.+status 401/);
});

test("a server's count may exceed the clients' only by the requests that they gave up", () => {
  const clients = { logins: 10, refreshes: 5, timedOut: 2 };
  assertCountsAgree("it", { logins: 12 }, clients);
  assert.throws(() => assertCountsAgree("it", { logins: 13 }, clients), /counts 13 logins/);
  assert.throws(() => assertCountsAgree("it", { logins: 10, refreshes: 4 }, clients), /counts 4 refreshes/);
});

test("an empty record is drawn", () => {
  assert.match(plot({}), /^<svg/);
});
