/** Histories in sequence, with one issuer whose time continues. */

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

  /** Runs the history of a seed, of one of these kinds of tabs: `{ seed, steps, counts, violations }`. */
  async run(seed, PageSession, kinds) {
    const history = await runHistory({ seed, kinds, issuer: this.#issuer, epoch: this.#epoch, PageSession });
    this.#epoch += Math.ceil(history.lasted / 1000) * 1000 + HOUR;
    // The issuer's log comes by another way than its answers: an alarm may be told of one history late.
    history.violations.push(...this.#alarms());
    return history;
  }

  /** Ends the issuer: the alarms that were not told yet. */
  async end() {
    await this.#issuer.stop();
    return this.#alarms();
  }

  #alarms() {
    const thefts = this.#issuer.thefts().slice(this.#thefts);
    this.#thefts += thefts.length;
    return thefts.map((session) => `the issuer takes the holder of the session ${session} for a thief`);
  }
}
