/** Runs the shared vectors and the behavior suite with the package, in any runtime, and returns the outcome as JSON. */

import { behaviors } from "./behavior.js";
import { disagreements } from "./vectors.js";

/** `hallpass` is the imported package, with `isSync` where the runtime checks every signature without a promise; `given` the fixtures of `given.js`. */
export async function runSuites(hallpass, { vectors, ...given }) {
  const outcome = { accepted: [0, 0], refused: [0, 0], withTables: [0, vectors.length], behavior: [0, 0], faults: [] };
  for (const vector of vectors) {
    const kind = vector.expected === "accepted" ? outcome.accepted : outcome.refused;
    const faults = await disagreements({ vectors: [vector], withTables: false }, hallpass);
    count(kind, faults, outcome);
  }
  const faults = await disagreements({ vectors, withTables: true }, hallpass);
  outcome.withTables[0] = vectors.length - new Set(faults.map((fault) => fault.split(": ")[0])).size;
  outcome.faults.push(...faults);
  for (const [name, behaves] of Object.entries(behaviors)) {
    count(outcome.behavior, await faultsOf(name, () => behaves({ hallpass, ...given })), outcome);
  }
  return outcome;
}

/** Counts a run, which is correct if it has no faults. */
function count(kind, faults, outcome) {
  kind[0] += faults.length === 0 ? 1 : 0;
  kind[1] += 1;
  outcome.faults.push(...faults);
}

async function faultsOf(name, act) {
  try {
    await act();
    return [];
  } catch (error) {
    return [`${name}: ${error}`];
  }
}
