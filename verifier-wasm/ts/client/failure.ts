/** A failed request, and the wait before the next: it doubles each time, and respects `Retry-After`. */

import type { Moment } from "./answer.js";
import type { SessionError } from "./error.js";
import { age } from "./lifetime.js";
import type { Environment } from "./environment.js";

/** Milliseconds before the first retry; each further pause is twice as long. */
const MIN_PAUSE = 1_000;

/** Milliseconds of the longest pause. */
const MAX_PAUSE = 30_000;

/**
 * Maximum milliseconds of `Retry-After` that a page respects. A longer value may be a mistake, or a date by another clock. A
 * page must recover from both, and one request in five minutes does not overload an issuer.
 */
const MAX_DELAY = 300_000;

/** The number of failures in a row, the last error, and the wait after it. */
export interface Failure {
  readonly count: number;
  readonly error: SessionError;
  readonly at: Moment;
  /** In milliseconds. */
  readonly wait: number;
}

/** Adds a failure. Each page adds up to 10 % of jitter to `Retry-After`, so that pages do not all retry at once. */
export function nextFailure(previous: Failure | undefined, error: SessionError, page: Environment): Failure {
  const count = (previous?.count ?? 0) + 1;
  const pause = Math.min(MIN_PAUSE * 2 ** (count - 1), MAX_PAUSE) * (0.5 + page.random() / 2);
  const requested = Math.min((error.retryAfter ?? 0) * 1000, MAX_DELAY) * (1 + page.random() / 10);
  return laterEnd(previous, { count, error, at: page.now(), wait: Math.max(pause, requested) });
}

/** A failure that another tab has reported, with a wait in milliseconds from `now`. */
export function failureOfOtherTab(previous: Failure | undefined, error: SessionError, wait: number, now: Moment): Failure {
  return laterEnd(previous, { count: previous?.count ?? 0, error, at: now, wait: Math.min(wait, MAX_DELAY * 1.1) });
}

/** Keeps the wait that ends later. */
function laterEnd(previous: Failure | undefined, next: Failure): Failure {
  return previous && waitLeft(previous, next.at) > next.wait ? { ...previous, count: next.count } : next;
}

/** Ends the wait, for example when the network is back, unless the issuer sent `Retry-After`. */
export function withoutWait(failure: Failure | undefined): Failure | undefined {
  return failure && failure.error.retryAfter === undefined ? { ...failure, wait: 0 } : failure;
}

/** Milliseconds until the next request. */
export function waitLeft(failure: Failure | undefined, now: Moment): number {
  return failure === undefined ? 0 : Math.max(0, failure.wait - age(failure.at, now));
}
