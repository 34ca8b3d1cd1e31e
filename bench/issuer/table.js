/** The rounds of the issuer's bench as tables, one per number of clients. */

import { ratios, spread } from "../support/statistics.js";

/** One writer, 4 KiB and an `fdatasync` per write, to a growing or a preallocated file. */
const DISK = { growing: "the disk: fdatasync of a growing file", laid: "the disk: fdatasync in a laid-out file" };

/** `rounds` contains the load generator's results by contender. */
export function tablesOf(contenders, rounds, clients) {
  return clients.map((count, level) => {
    const of = (name) => rounds.map((round) => round[name].levels[level]);
    const rates = (name) => of(name).map(({ perSecond }) => perSecond);
    const ours = rates(contenders[0].name);
    const rows = contenders.map(({ name, missing, notes = [] }, index) =>
      missing === undefined ? { isBaseline: index === 0, notes, ...row(name, of(name), ours) } : { name, missing });
    const disk = Object.entries(DISK).map(([shape, name]) => row(name, rounds.map((round) => round[shape]), ours));
    return {
      id: `refresh-${count}`,
      title: `Durable refreshes, ${count} ${count === 1 ? "client" : "clients"}`,
      unit: "refreshes/s",
      clients: count,
      rounds: rounds.length,
      rows: [...rows, ...disk.map((each) => ({ ...each, isBare: true }))],
    };
  });
}

function row(name, measured, ours) {
  const rates = measured.map(({ perSecond }) => perSecond);
  const middle = (member) => spread(measured.map((level) => level[member])).value;
  return {
    name,
    ...spread(rates),
    p50: middle("p50"),
    p99: middle("p99"),
    ...(measured[0].answered !== undefined && {
      answered: measured.reduce((sum, { answered }) => sum + answered, 0),
      loadCpu: middle("loadCpu"),
    }),
    ratio: ratios(rates, ours, "higher"),
  };
}
