/** Histories one after the other, against one issuer whose time goes on. */

import { runHistory } from "./history.js";
import { startIssuerWithClock } from "./issuer.js";

const START = Date.parse("2030-01-01T00:00:00Z");
const HOUR = 3_600_000;

export class Runs {
  #issuer;
  #epoch = START;
  #thefts = 0;

  static async start(test) {
    const runs = new Runs();
    runs.#issuer = await startIssuerWithClock(test, { start: START / 1000 });
    return runs;
  }

  /** Runs the history of a seed: `{ seed, steps, counts, violations }`. */
  async run(seed, PageSession) {
    const history = await runHistory({ seed, issuer: this.#issuer, epoch: this.#epoch, PageSession });
    this.#epoch += Math.ceil(history.lasted / 1000) * 1000 + HOUR;
    // The issuer's log comes by another way than its answers: an alarm may be told of one history late.
    const thefts = this.#issuer.thefts().slice(this.#thefts);
    this.#thefts += thefts.length;
    for (const session of thefts) history.violations.push(`the issuer takes the holder of the session ${session} for a thief`);
    return history;
  }
}
