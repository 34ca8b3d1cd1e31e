/** Measures contenders in rounds, A B C … A B C, so that a disturbance affects all. */

import { ratios, spread } from "./statistics.js";

/** The lengths of a full run and of a short one that only tests the bench. */
export const FULL = { rounds: 15, slice: 120, warmUp: 500, distinctTokens: 2048 };
export const QUICK = { rounds: 3, slice: 10, warmUp: 20, distinctTokens: 64 };

/** The maximum number of calls between two clock reads; each needs its own string in memory. */
const MAX_CALLS = 4096;

/** The concurrent calls of a wide contender. */
export const WIDTH = 16;

/**
 * Measures every contender and returns a row for each. A contender has a `name`, a `run(input)` and `inputs(count)`,
 * which creates new inputs: each call gets a new string, as on a server, because engines store hashes with their
 * strings. `mode` is `sync`, `async` (calls in sequence) or `wide` (16 concurrent calls, on Node's thread pool). A
 * `missing` contender gets a row with the reason. The first present contender is the baseline of the ratios.
 */
export async function race(contenders, plan) {
  const present = contenders.filter(({ missing }) => missing === undefined);
  const lanes = new Map();
  for (const contender of present) lanes.set(contender, await warmUp(contender, plan));
  for (let round = 0; round < plan.rounds; round += 1) {
    // Each round starts with another contender, so that none always follows the slowest.
    for (let turn = 0; turn < present.length; turn += 1) {
      const contender = present[(turn + round) % present.length];
      const lane = lanes.get(contender);
      const { wall, cpu } = await slice(contender, lane.calls, plan.slice);
      lane.wall.push(wall);
      lane.cpu.push(cpu);
    }
  }
  const baseline = lanes.get(present.find(({ baseline }) => baseline));
  return contenders.map((contender) => row(contender, lanes.get(contender), baseline));
}

/** Runs a contender until it is compiled and optimized, and returns the number of calls per slice. */
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

/** Nanoseconds per call, of wall-clock time and of all threads' processor time, over `milliseconds` of calls. */
async function slice(contender, calls, milliseconds) {
  globalThis.gc?.();
  let wall = 0;
  let cpu = 0;
  let done = 0;
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
