/** The rounds of the issuer's bench as tables, one for each number of clients. */

import { ratios, spread } from "../support/statistics.js";

/** `rounds` hold, by contender, what the load generator said. */
export function tablesOf(contenders, rounds, clients) {
  return clients.map((count, level) => {
    const of = (name) => rounds.map((round) => round[name].levels[level]);
    const rates = (name) => of(name).map(({ perSecond }) => perSecond);
    const ours = rates(contenders[0].name);
    const rows = contenders.map(({ name, missing, notes = [] }, index) =>
      missing === undefined ? { isBaseline: index === 0, notes, ...row(name, of(name), ours) } : { name, missing });
    const disk = row("the disk: 4 KiB and fdatasync, one writer", rounds.map(({ disk }) => disk), ours);
    return {
      id: `refresh-${count}`,
      title: `Durable refreshes, ${count} ${count === 1 ? "client" : "clients"}`,
      unit: "refreshes/s",
      clients: count,
      rounds: rounds.length,
      rows: [...rows, { ...disk, isBare: true }],
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
