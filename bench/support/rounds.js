/** Times contenders side by side: in rounds, A B C … A B C, so that whatever disturbs the machine disturbs all. */

import { ratios, spread } from "./statistics.js";

/** How long a run is: the whole one, and the short one that only shows that the bench works. */
export const FULL = { rounds: 15, slice: 120, warmUp: 500, distinctTokens: 2048 };
export const QUICK = { rounds: 3, slice: 10, warmUp: 20, distinctTokens: 64 };

/** The most calls between two looks at the clock; each needs a text of its own in memory. */
const MAX_CALLS = 4096;

/** The calls of a wide contender that are under way at once. */
export const WIDTH = 16;

/**
 * Times every contender and returns a row for each. A contender has a `name`, a `run(input)` and `inputs(count)`, which
 * makes that many inputs anew: no call gets a string that a call before it has seen, since a server never does, and
 * engines keep hashes with their strings. `mode` is `sync`, `async` (one call after the other) or `wide` (16 under way
 * at once, on Node's thread pool). A contender that is `missing` gets a row that says why. The first that is not is the
 * one that ratios are reckoned to.
 */
export async function race(contenders, plan) {
  const present = contenders.filter(({ missing }) => missing === undefined);
  const lanes = new Map();
  for (const contender of present) lanes.set(contender, await warmUp(contender, plan));
  for (let round = 0; round < plan.rounds; round += 1) {
    // Each round begins with another one, so that none is always the one after the slowest.
    for (let place = 0; place < present.length; place += 1) {
      const contender = present[(place + round) % present.length];
      const lane = lanes.get(contender);
      const { wall, cpu } = await slice(contender, lane.calls, plan.slice);
      lane.wall.push(wall);
      lane.cpu.push(cpu);
    }
  }
  const baseline = lanes.get(present.find(({ baseline }) => baseline));
  return contenders.map((contender) => row(contender, lanes.get(contender), baseline));
}

/** Runs a contender until it is compiled and as fast as it will be, and learns how many calls fit a slice. */
async function warmUp(contender, plan) {
  let calls = 8;
  let nanoseconds = 1e9;
  let spent = 0;
  while (spent < plan.warmUp) {
    const { wall } = await slice(contender, calls, 0);
    nanoseconds = wall;
    spent += (wall * calls) / 1e6;
    calls = Math.min(MAX_CALLS, calls * 2, Math.max(8, Math.ceil((plan.slice * 1e6) / nanoseconds / 2)));
  }
  return { calls, wall: [], cpu: [] };
}

/** Nanoseconds a call, by the clock and by the processor time of all threads, over `milliseconds` of calls. */
async function slice(contender, calls, milliseconds) {
  globalThis.gc?.();
  let [wall, cpu, done] = [0, 0, 0];
  do {
    const inputs = contender.inputs(calls);
    const cpuBefore = process.cpuUsage();
    const before = process.hrtime.bigint();
    await BY_MODE[contender.mode](contender.run, inputs);
    wall += Number(process.hrtime.bigint() - before);
    const { user, system } = process.cpuUsage(cpuBefore);
    cpu += (user + system) * 1e3;
    done += calls;
  } while (wall < milliseconds * 1e6);
  return { wall: wall / done, cpu: cpu / done };
}

const BY_MODE = {
  sync(run, inputs) {
    for (const input of inputs) run(input);
  },
  async async(run, inputs) {
    for (const input of inputs) await run(input);
  },
  async wide(run, inputs) {
    for (let at = 0; at < inputs.length; at += WIDTH) await Promise.all(inputs.slice(at, at + WIDTH).map(run));
  },
};

function row({ name, mode, notes = [], missing, baseline: isBaseline = false }, lane, baseline) {
  if (missing !== undefined) return { name, mode, missing };
  const microseconds = (numbers) => numbers.map((number) => number / 1e3);
  return {
    name,
    mode,
    notes,
    isBaseline,
    ...spread(microseconds(lane.wall)),
    cpu: spread(microseconds(lane.cpu)).value,
    ...(baseline && { ratio: ratios(lane.wall, baseline.wall), cpuRatio: ratios(lane.cpu, baseline.cpu).value }),
  };
}
