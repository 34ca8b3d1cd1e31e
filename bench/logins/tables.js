/** The rounds of logins, and the floods, as tables. */

import { ratios, spread } from "../support/statistics.js";

/** `rounds` contains, by contender, the load generator's results, and the cores' rate of hashes before and after. */
export function closedTables(contenders, rounds, clients, cores) {
  return clients.map((count, level) => {
    const ours = rounds.map((round) => round[contenders[0].name].levels[level].perSecond);
    const rows = contenders.map(({ name, missing, notes = [] }, index) => {
      if (missing !== undefined) return { name, missing };
      return { isBaseline: index === 0, notes, ...closedRow(name, rounds.map((round) => round[name]), level, ours) };
    });
    return {
      id: `logins-${count}`,
      title: `Logins, ${count} clients`,
      unit: "logins/s",
      clients: count,
      rounds: rounds.length,
      rows: [...rows, rawRow(rounds, cores)],
    };
  });
}

function closedRow(name, measured, level, ours) {
  const levels = measured.map(({ levels }) => levels[level]);
  const rates = levels.map(({ perSecond }) => perSecond);
  const middle = (member) => spread(levels.map((each) => each[member])).value;
  return {
    name,
    ...spread(rates),
    share: spread(measured.map(({ raw }, round) => rates[round] / raw.perSecond)).value,
    p50: middle("p50"),
    p99: middle("p99"),
    answered: levels.reduce((sum, { answered }) => sum + answered, 0),
    loadCpu: middle("loadCpu"),
    ratio: ratios(rates, ours, "higher"),
  };
}

/** Each contender's turn is between two measurements of the cores. */
function rawRow(rounds, cores) {
  const all = rounds.flatMap((round) => Object.values(round).map(({ raw }) => raw));
  const middle = (member) => spread(all.map((raw) => raw[member])).value;
  const rates = spread(all.map(({ perSecond }) => perSecond));
  return { name: `Argon2 alone, ${cores} threads`, isBare: true, ...rates, p50: middle("p50"), p99: middle("p99") };
}

/** The hashes per second of all cores. */
export function rawRate(rounds) {
  return rawRow(rounds).value;
}

/** The floods by contender: one table of the flood, and one per trickle of signed-in users. */
export function floodTables(contenders, floods, { rate, quiet, flood, giveUp, trickle, runsFirst }) {
  const seconds = flood / 1000;
  const ours = floods[contenders[0].name];
  const table = (id, title, unit, rowOf) => ({
    id,
    title,
    unit,
    rounds: 1,
    rows: contenders.map(({ name, missing, notes = [] }, index) =>
      missing === undefined ? { name, isBaseline: index === 0, notes, ...rowOf(floods[name]) } : { name, missing }),
  });
  const trickleTable = (what, title) => table(`flood-${what}`, `${title}, ${trickle}/s, before the flood and in it`,
    "ms in a flood", (result) => trickleRow(result[what], ours[what]));
  const first = table("flood", `A flood of ${Math.round(rate)} logins a second for ${seconds} s`, "accepted/s",
    (result) => floodRow(result, ours));
  first.notes = notesOf(contenders, floods, { giveUp, quiet, runsFirst });
  return [first, trickleTable("refresh", "Refreshes"), trickleTable("me", "GET /me")];
}

function floodRow({ flood, memory, loadCpu }, ours) {
  const { sent, accepted, refused, timedOut, wrong } = flood;
  return {
    value: accepted.perSecond,
    p50: accepted.p50,
    p99: accepted.p99,
    most: accepted.most,
    refused: { perSecond: refused.perSecond, count: refused.count, p50: refused.p50, p99: refused.p99 },
    timedOut,
    wrong,
    sent: { count: sent.count, perSecond: sent.perSecond, late: { p50: sent.p50, p99: sent.p99 } },
    memory,
    loadCpu,
    ratio: ratios([accepted.perSecond], [ours.flood.accepted.perSecond], "higher"),
  };
}

function trickleRow({ before, during }, ours) {
  const of = ({ sent, accepted, waited: { p50, p99, most } }) =>
    ({ p50, p99, most, sent: sent.count, unanswered: sent.count - accepted.count });
  return {
    value: during.waited.p99,
    before: of(before),
    during: of(during),
    growth: during.waited.p99 / before.waited.p99,
    ratio: ratios([during.waited.p99], [ours.during.waited.p99]),
  };
}

function notesOf(contenders, floods, { giveUp, quiet, runsFirst }) {
  const present = contenders.filter(({ missing }) => missing === undefined);
  const counted = present.map(({ name }) => {
    const { counts, flood: { wrong } } = floods[name];
    const faults = Object.entries(wrong).map(([what, count]) => `, ${count.toLocaleString("en")} × ${what}`).join("");
    return `${name}: ${counts.logins.toLocaleString("en")} logins in total, counted by server and clients${faults}`;
  });
  return [
    `after ${quiet / 1000} quiet seconds; a client gives up after ${giveUp / 1000} s`,
    "each login is of another user, over its own connection, from its own address",
    runsFirst
      ? "the clients share the server's cores, with priority (SCHED_FIFO)"
      : "the clients share the server's cores, without priority (SCHED_FIFO is not permitted)",
    ...counted,
  ];
}
