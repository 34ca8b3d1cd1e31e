/** Elapsed time by two clocks, because either one may be wrong. */

/** A moment, in milliseconds, by both clocks. */
export interface Moment {
  /** Since 1970, by the machine's clock, which may be set. */
  readonly wall: number;
  /** Since the program started, by a clock that is never set, but stops on some machines while they sleep. */
  readonly monotonic: number;
}

/** The moment `millisecondsAgo` before now. */
export function moment(millisecondsAgo = 0): Moment {
  return { wall: Date.now() - millisecondsAgo, monotonic: performance.now() - millisecondsAgo };
}

/**
 * The elapsed milliseconds, by the clock that shows more: a clock that was set back, or that stopped during sleep, must not
 * prolong the life of a key. In workerd, both clocks stop while a request computes, and advance between requests.
 */
export function millisecondsSince({ wall, monotonic }: Moment): number {
  return Math.max(0, Date.now() - wall, performance.now() - monotonic);
}
