/** Times beginnings: each contender in fresh processes, in rounds, beside one that does nothing. */

import { ratios, spread } from "../../support/statistics.js";

/**
 * Rows of milliseconds above the bare runtime's own. `begin(name)` starts the contender afresh and returns the
 * milliseconds until its first answer. The first round is not counted: it fills the disk's cache for all alike. Ratios
 * are of what is `judged`: the time above the runtime's own, or all of it, where the difference drowns in the rest.
 */
export async function coldRace(names, rounds, judged, begin) {
  const times = Object.fromEntries(["bare", ...names].map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const name of Object.keys(times)) {
      const milliseconds = await begin(name);
      if (round >= 0) times[name].push(milliseconds);
    }
  }
  const above = (name) => times[name].map((time, round) => time - times.bare[round]);
  const judge = { above, total: (name) => times[name] }[judged];
  const rows = names.map((name) => ({
    name,
    ...spread(above(name)),
    total: spread(times[name]).value,
    ratio: ratios(judge(name), judge("hallpass")),
    isBaseline: name === "hallpass",
  }));
  return [...rows, { name: "the bare runtime", total: spread(times.bare).value, isBare: true }];
}
