/** The wait before the next request to a server that failed. */

import { millisecondsSince, moment, type Moment } from "./elapsed.js";

/** Maximum milliseconds before the second attempt: a restarted server is back soon. */
const FIRST_DELAY = 1_000;

/** Maximum milliseconds between attempts, after any number of failures. */
const MAX_DELAY = 60_000;

/** Counts failures in a row. Each doubles the wait; half of the wait is random, so that verifiers do not all retry at once. */
export class BackOff {
  #failures = 0;
  #wait = 0;
  #failedAt: Moment | undefined;
  #failure: unknown;

  /** The last failure, if no success has followed it. */
  get failure(): unknown {
    return this.#failure;
  }

  fail(failure: unknown): void {
    const maxWait = Math.min(FIRST_DELAY * 2 ** this.#failures, MAX_DELAY);
    this.#failures += 1;
    this.#wait = maxWait * (0.5 + Math.random() / 2);
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

  /** Whether the last attempt failed, at most so many milliseconds ago. */
  hasFailedWithin(milliseconds: number): boolean {
    return this.#failedAt !== undefined && millisecondsSince(this.#failedAt) <= milliseconds;
  }
}
