/** How long to leave a server alone that has failed. */

import { millisecondsSince, moment, type Moment } from "./elapsed.js";

/** Milliseconds to the second attempt, at most: a server that is restarted is found again soon. */
const FIRST = 1_000;

/** Milliseconds between attempts, at most, however often it has failed. */
const MAX_DELAY = 60_000;

/** Counts failures in a row. Each doubles the wait; half of it is drawn, so that verifiers do not come back all at once. */
export class BackOff {
  #failures = 0;
  #wait = 0;
  #failedAt: Moment | undefined;
  #failure: unknown;

  /** The last failure, as long as no success followed it. */
  get failure(): unknown {
    return this.#failure;
  }

  fail(failure: unknown): void {
    const longest = Math.min(FIRST * 2 ** this.#failures, MAX_DELAY);
    this.#failures += 1;
    this.#wait = longest * (0.5 + Math.random() / 2);
    this.#failedAt = moment();
    this.#failure = failure;
  }

  succeed(): void {
    this.#failures = 0;
    this.#failedAt = undefined;
    this.#failure = undefined;
  }

  isWaiting(): boolean {
    return this.#failedAt !== undefined && millisecondsSince(this.#failedAt) < this.#wait;
  }

  /** Whether it failed within the last so many milliseconds, and has not succeeded since. */
  hasFailedWithin(milliseconds: number): boolean {
    return this.#failedAt !== undefined && millisecondsSince(this.#failedAt) <= milliseconds;
  }
}
