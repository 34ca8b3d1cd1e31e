/** A try that failed, and how long the page waits before the next: longer each time, and as long as the issuer asks. */

import type { Moment } from "./answer.js";
import type { SessionError } from "./error.js";
import { age } from "./lifetime.js";
import type { Surroundings } from "./surroundings.js";

/** Milliseconds to the first repetition; each time twice as many, up to the second number. */
const PAUSES = [1_000, 30_000] as const;

/**
 * Milliseconds that the issuer, or a proxy before it, may make a page wait at most. A header that asks for more may be a
 * mistake, or a date by another clock than this one; a page must recover from both by itself, and one request in five
 * minutes harms no issuer.
 */
const MAX_DELAY = 300_000;

/** Failures in a row, the last of them, and the wait after it. */
export interface Failure {
  readonly count: number;
  readonly error: SessionError;
  readonly at: Moment;
  /** In milliseconds. */
  readonly wait: number;
}

/** One more failure. All pages add up to a tenth by chance to what the issuer asks for: not all come back at once. */
export function failed(former: Failure | undefined, error: SessionError, page: Surroundings): Failure {
  const count = (former?.count ?? 0) + 1;
  const pause = Math.min(PAUSES[0] * 2 ** (count - 1), PAUSES[1]) * (0.5 + page.random() / 2);
  const asked = Math.min((error.retryAfter ?? 0) * 1000, MAX_DELAY) * (1 + page.random() / 10);
  return later(former, { count, error, at: page.now(), wait: Math.max(pause, asked) });
}

/** The failure of another tab, which was told to wait for so many milliseconds from now. */
export function failedElsewhere(former: Failure | undefined, error: SessionError, wait: number, now: Moment): Failure {
  return later(former, { count: former?.count ?? 0, error, at: now, wait: Math.min(wait, MAX_DELAY * 1.1) });
}

/** Of two waits the one that ends later holds. */
function later(former: Failure | undefined, next: Failure): Failure {
  return former && waitLeft(former, next.at) > next.wait ? { ...former, count: next.count } : next;
}

/** Something has changed, the network is there again say: the next try may come at once, unless the issuer said otherwise. */
export function cutShort(failure: Failure | undefined): Failure | undefined {
  return failure && failure.error.retryAfter === undefined ? { ...failure, wait: 0 } : failure;
}

/** Milliseconds until the next try. */
export function waitLeft(failure: Failure | undefined, now: Moment): number {
  return failure === undefined ? 0 : Math.max(0, failure.wait - age(failure.at, now));
}
