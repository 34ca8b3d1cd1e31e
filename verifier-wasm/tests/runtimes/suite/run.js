/** Runs the shared vectors and the behaviour suite over the package, in whatever runtime, and tells the outcome as data. */

import { behaviours } from "./behaviour.js";
import { disagreements } from "./vectors.js";

/** `hallpass` is what importing the package gave, `given` what `given.js` made. The outcome can be told as JSON. */
export async function runSuites(hallpass, { vectors, ...given }) {
  const outcome = { accepted: [0, 0], refused: [0, 0], withTables: [0, vectors.length], behaviour: [0, 0], faults: [] };
  for (const vector of vectors) {
    const kind = vector.expected === "accepted" ? outcome.accepted : outcome.refused;
    const faults = await disagreements({ vectors: [vector], withTables: false }, hallpass);
    count(kind, faults, outcome);
  }
  const faults = await disagreements({ vectors, withTables: true }, hallpass);
  outcome.withTables[0] = vectors.length - new Set(faults.map((fault) => fault.split(": ")[0])).size;
  outcome.faults.push(...faults);
  for (const [name, behaves] of Object.entries(behaviours)) {
    count(outcome.behaviour, await faultsOf(name, () => behaves({ hallpass, ...given })), outcome);
  }
  return outcome;
}

/** One more was run, and it was right where there are no faults. */
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
