/** How much time has passed, by two clocks, since each of them lies at times. */

/** A moment, in milliseconds, by both clocks. */
export interface Moment {
  /** Since 1970, by the machine's clock, which may be set back or forth. */
  readonly wall: number;
  /** Since the program began, by a clock that is never set, but that stands still on some machines while they sleep. */
  readonly steady: number;
}

/** The moment that was so many milliseconds ago. */
export function moment(millisecondsAgo = 0): Moment {
  return { wall: Date.now() - millisecondsAgo, steady: performance.now() - millisecondsAgo };
}

/**
 * The milliseconds that have passed, by the clock that says more: a clock that is set back, or that slept, keeps no old key
 * alive. In workerd both stand still while a request computes, and go on from one request to the next.
 */
export function millisecondsSince({ wall, steady }: Moment): number {
  return Math.max(0, Date.now() - wall, performance.now() - steady);
}
