/** The time in whole seconds since 1970 (RFC 7519 §2, NumericDate), and the leeway between clocks. */

import { HallpassError } from "./error.js";

/**
 * A source of the time, in seconds since 1970.
 *
 * @example () => Date.now() / 1000
 */
export type Clock = () => number;

/** The last second of the year 9999. A time in milliseconds is far beyond it. */
const LAST_SECOND = 253_402_300_799;

/** The clock of the machine. */
export const systemClock: Clock = () => Date.now() / 1000;

/** Reads a clock and checks its value: compared with `NaN`, no token would ever expire. */
export function readClock(now: Clock = systemClock): number {
  if (typeof now !== "function") throw new HallpassError("ERR_OPTIONS_INVALID", "`now` must be a function");
  // `Math.floor(null)` is 0, a time at which no token has expired.
  const time: unknown = now();
  const seconds = typeof time === "number" ? Math.floor(time) : NaN;
  if (seconds >= 0 && seconds <= LAST_SECOND) return seconds;
  throw new HallpassError("ERR_TIME_INVALID", "`now` must return seconds since 1970, up to the year 9999");
}

/** Reads the option `leeway`. */
export function readLeeway(leeway: unknown = 0): number {
  if (typeof leeway === "number" && Number.isSafeInteger(leeway) && leeway >= 0) return leeway;
  throw new HallpassError("ERR_OPTIONS_INVALID", "`leeway` must be whole seconds, 0 or more");
}
