/** When a renewal that failed is tried again: ever more rarely, and not before the issuer said so. */

import type { SessionError } from "./error.js";
import type { Surroundings } from "./surroundings.js";

/** Milliseconds to the first repetition; each time twice as many, up to the second number. */
const PAUSES = [1_000, 30_000] as const;

/** Milliseconds: for how long the issuer, or a proxy before it, may put off a page at most. */
const LONGEST = 300_000;

/** Failures in a row, and the pause after the last of them. */
export class Backoff {
  readonly #page: Surroundings;
  #failures = 0;
  #last: { error: SessionError; until: number } | undefined;

  constructor(page: Surroundings) {
    this.#page = page;
  }

  /** What the last try failed of; nothing after one that succeeded. */
  get error(): SessionError | undefined {
    return this.#last?.error;
  }

  /** Milliseconds until it may be tried again. */
  get left(): number {
    return Math.max(0, (this.#last?.until ?? 0) - this.#page.monotonic());
  }

  failed(error: SessionError): void {
    const [first, last] = PAUSES;
    const pause = Math.min(first * 2 ** this.#failures, last) * (0.5 + this.#page.random() / 2);
    this.#failures += 1;
    this.#last = { error, until: this.#page.monotonic() + Math.max(pause, Math.min((error.retryAfter ?? 0) * 1000, LONGEST)) };
  }

  succeeded(): void {
    this.#failures = 0;
    this.#last = undefined;
  }

  /** Something has changed, the network is there again say: it may be tried at once, unless the issuer said otherwise. */
  cutShort(): void {
    if (this.#last !== undefined && this.#last.error.retryAfter === undefined) this.#last.until = 0;
  }
}
