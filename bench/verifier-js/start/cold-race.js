/** Measures starts: each contender in new processes, in rounds, and a bare runtime. */

import { ratios, spread } from "../../support/statistics.js";

/**
 * Rows of milliseconds above the bare runtime's time. `begin(name)` starts a new process and returns the milliseconds
 * until its first answer. The first round is not counted, because it fills the disk cache. Ratios are of the `judged`
 * time: above the bare runtime's, or the total if the difference is too small.
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
